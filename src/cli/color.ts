// Whether there is colour, and how much: decided here once, for our own painter and for the help alike.
//
// `--color` stands above `NO_COLOR`, that above `FORCE_COLOR`, that above what the terminal is. chalk by itself would not
// heed `NO_COLOR`, which is why it is always given its level.

/** Colours: 0 none, 1 sixteen, 2 two hundred and fifty-six, 3 all. */
export type ColorLevel = 0 | 1 | 2 | 3;

/** What `--color` may say. */
export type ColorWish = "auto" | "always" | "never";

/** The level for a stream; `isTTY` is of that stream. */
export function colorLevel(
  wish: ColorWish,
  env: Readonly<Record<string, string | undefined>>,
  isTTY: boolean,
): ColorLevel {
  if (wish === "never") return 0;
  if (wish === "always") return Math.max(1, terminalLevel(env)) as ColorLevel;
  if ((env.NO_COLOR ?? "") !== "") return 0;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) {
    if (forced === "0" || forced === "false") return 0;
    if (forced === "1" || forced === "2" || forced === "3") return Number(forced) as ColorLevel;
    return Math.max(1, terminalLevel(env)) as ColorLevel;
  }
  return isTTY ? terminalLevel(env) : 0;
}

/** What the terminal says that it can. */
function terminalLevel(env: Readonly<Record<string, string | undefined>>): ColorLevel {
  const term = env.TERM ?? "";
  if (term === "dumb") return 0;
  const depth = env.COLORTERM ?? "";
  if (depth === "truecolor" || depth === "24bit") return 3;
  return term.includes("256") ? 2 : 1;
}
