// Where lines go: two streams, each with its colours, the signs that can be shown, and the columns there are.

import { ASCII_SIGNS, type Layout, UNICODE_SIGNS } from "../report/signs.ts";
import type { Line, Role, Span } from "../report/span.ts";
import { type ColorLevel, type ColorWish, colorLevel } from "./color.ts";

/** Options that every command has. */
export interface CommonOptions {
  readonly color?: ColorWish;
  readonly ascii?: boolean;
  readonly width?: number;
  readonly quiet?: boolean;
  readonly verbose?: number;
}

/** The terminal of a command. */
export interface Terminal {
  readonly layout: Layout;
  /** 0 quiet, 1 as usual, 2 and 3 more. */
  readonly verbosity: number;
  readonly errIsTTY: boolean;
  readonly outLevel: ColorLevel;
  /** Lines of the result. */
  out(lines: readonly Line[]): void;
  /** What is said beside it. */
  err(lines: readonly Line[]): void;
  /** Text of the result as it is: JSON, files. */
  write(text: string): void;
}

type Painter = (text: string, role: Role) => string;

/** The terminal, by the options and the environment. */
export async function openTerminal(options: CommonOptions): Promise<Terminal> {
  const { env, stdout, stderr } = process;
  const wish = options.color ?? "auto";
  const outLevel = colorLevel(wish, env, stdout.isTTY === true);
  const errLevel = colorLevel(wish, env, stderr.isTTY === true);
  const paintOut = await painter(outLevel);
  const paintErr = await painter(errLevel);
  const columns = options.width ?? widthOf(stdout.isTTY === true ? stdout.columns : undefined, env.COLUMNS);
  const signs = options.ascii === true || !showsUnicode(env) ? ASCII_SIGNS : UNICODE_SIGNS;
  const shown = signs === ASCII_SIGNS ? (raw: string): string => inAscii(harmless(raw)) : harmless;
  const text = (lines: readonly Line[], paint: Painter): string => {
    let all = "";
    for (const line of lines) {
      let last = line.length - 1;
      while (last >= 0 && (line[last] as Span).text.trimEnd() === "") last--;
      for (let at = 0; at <= last; at++) {
        const { text: raw, role } = line[at] as Span;
        all += paint(shown(at === last ? raw.trimEnd() : raw), role);
      }
      all += "\n";
    }
    return all;
  };
  return {
    layout: { signs, width: Math.max(40, Math.min(columns, 200)) },
    verbosity: options.quiet === true ? 0 : 1 + (options.verbose ?? 0),
    errIsTTY: stderr.isTTY === true,
    outLevel,
    out: (lines) => void stdout.write(text(lines, paintOut)),
    err: (lines) => void stderr.write(text(lines, paintErr)),
    write: (raw) => void stdout.write(raw),
  };
}

/** Columns of the terminal, else of `COLUMNS`, else 80. */
function widthOf(columns: number | undefined, named: string | undefined): number {
  if (columns !== undefined && columns > 0) return columns;
  return named !== undefined && /^[1-9]\d{1,3}$/.test(named) ? Number(named) : 80;
}

/** Whether box drawing can be shown: a UTF-8 locale, or none that says otherwise, and not the Linux console. */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.TERM === "linux") return false;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return locale === "" || locale === "C" || locale === "POSIX" || /utf-?8/i.test(locale);
}

/** Text from files may hold what would steer a terminal; it is shown as a sign instead. */
function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are meant
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\uFFFD");
}

/** The text in ASCII: signs that sentences use are written out, others become a question mark. */
function inAscii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything beyond ASCII is meant
  return text.replace(/[^\u0000-\u007f]/gu, (sign) => ASCII_FOR[sign] ?? "?");
}

const ASCII_FOR: Readonly<Record<string, string>> = {
  "–": "-",
  "—": "-",
  "…": "...",
  "→": "->",
  "≤": "<=",
  "≥": ">=",
  "∥": "||",
  "·": "|",
  "’": "'",
  "“": '"',
  "”": '"',
  "∅": "none",
};

/** The colours of the roles. chalk is loaded only where there is colour. */
async function painter(level: ColorLevel): Promise<Painter> {
  if (level === 0) return (text) => text;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level });
  const paints: Readonly<Record<Role, (text: string) => string>> = {
    plain: (text) => text,
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    dim: chalk.dim,
    strong: chalk.bold,
    label: chalk.dim,
    command: chalk.cyan,
    leader: chalk.blue,
    fault: chalk.magenta,
  };
  return (text, role) => (text === "" ? "" : paints[role](text));
}
