/**
 * What is wrong with a scenario, as data: a code, a sentence, the place, what was probably meant.
 *
 * All problems of a file are reported at once, in the order of the file. `report` and the terminal turn them into
 * text; `formatProblem` is that text without colour.
 */

/** A step into the document: a key or a place in a list. */
export type Path = readonly (string | number)[];

export interface Problem {
  /** `LS2xxx`, see `SCENARIO_CODES`. */
  readonly code: string;
  /** What is wrong: a clause without a full stop. */
  readonly message: string;
  readonly path: Path;
  /** Both counted from 1; 0 where the scenario did not come from a text. */
  readonly line: number;
  readonly column: number;
  /** How many characters the caret should underline, 1 or more. */
  readonly length: number;
  /** What was probably meant, as it could be typed; null where there is no telling. */
  readonly hint: string | null;
}

/** Every code, with what it says in general. The long text is what `explain-code` prints. */
export const SCENARIO_CODES: readonly { readonly code: string; readonly title: string; readonly text: string }[] = [
  {
    code: "LS2001",
    title: "not YAML",
    text: "The file does not parse as YAML 1.2. Indentation is by spaces; a text that holds `: ` or starts with a sign needs quotes.",
  },
  {
    code: "LS2002",
    title: "not a scenario file",
    text: "The file is empty, binary, larger than 4 MiB, or holds something other than one map.",
  },
  {
    code: "LS2003",
    title: "key given twice",
    text: "A map has the same key twice. YAML would keep one of them in silence, which is why it is refused.",
  },
  {
    code: "LS2004",
    title: "unknown key",
    text: "This place of the file has no such key. The hint is the nearest one it has.",
  },
  {
    code: "LS2005",
    title: "missing or of the wrong kind",
    text: "Something needed is missing, or a number stands where a text is needed, or the other way round.",
  },
  { code: "LS2006", title: "unknown word", text: "One word out of a fixed list is needed here." },
  {
    code: "LS2007",
    title: "wrong quantity",
    text: "Durations, shares, sizes and rates are texts with units: 250ms, 30%, 64KiB, 50/s. Fractions are exact, and finer ones than a microsecond or a millionth are refused.",
  },
  {
    code: "LS2008",
    title: "no such selector",
    text: "A selector says whom a fault is aimed at: n1, [n1, n2], leader, leader+1, followers, any(2), majority, minority, minority-third, rest, all, zone:a, host:h1, role:learner, cut.0, cut.rest.",
  },
  {
    code: "LS2009",
    title: "no such member, client, zone or host",
    text: "The name is that of nobody in the cluster. A member that `member: {add}` or `restore` brings in may be named.",
  },
  { code: "LS2010", title: "impossible size", text: "A cluster has 1 to 99 members, a workload 1 to 4000 clients." },
  {
    code: "LS2011",
    title: "overlapping groups",
    text: "A member stands in two groups of one partition, or the groups leave nobody to be cut from.",
  },
  {
    code: "LS2012",
    title: "outside the run",
    text: "A time lies at or after the end of the run, or a window ends before it begins.",
  },
  {
    code: "LS2013",
    title: "refers to nothing",
    text: "An id of a fault, a partition or a backup that the file does not define, or defines only later.",
  },
  {
    code: "LS2014",
    title: "exactly one",
    text: "Of several keys exactly one is meant: one time and one action for each fault, one verb for each expectation.",
  },
  {
    code: "LS2015",
    title: "no predicate",
    text: "Predicates are tests joined by and, or, not: leader(n3), term > 5, leaders >= 2, commit(n1) >= 10, leader-change, violated(vote-once).",
  },
  {
    code: "LS2016",
    title: "no seed",
    text: "A seed is a number below 2^64, decimal or 0x, or a word of a-z, 0-9 and -. A range is 1..20, smaller number first.",
  },
  {
    code: "LS2017",
    title: "no such property or planted bug",
    text: "`lockstep explain-code` lists the properties, `lockstep bugs list` the planted bugs.",
  },
  {
    code: "LS2018",
    title: "variant or study",
    text: "A variant must change something. Statistics need `over: {seeds}`, a measure that exists and a comparison in its unit.",
  },
  {
    code: "LS2019",
    title: "workload that does nothing",
    text: "A workload must end after it begins, and have an operation and somebody to ask.",
  },
  {
    code: "LS2020",
    title: "contradiction",
    text: "Two settings exclude each other, such as a minimum above a maximum or an election timeout below two heartbeats.",
  },
  { code: "LS2021", title: "name given twice", text: "Ids of faults, names of members and of workloads are unique." },
  {
    code: "LS2022",
    title: "nothing to end",
    text: "`for` and `heal` end what lasts. This action happens once and is over.",
  },
  {
    code: "LS2023",
    title: "not simulated yet",
    text: "The file is right, but this version cannot run what it asks for here. The format of scenarios is ahead of the simulator in places.",
  },
];

/** The problem as text: `file:line:column  code message – did you mean "hint"?`, three lines of source, a caret. */
export function formatProblem(problem: Problem, file: string, source: string): string {
  const place = problem.line === 0 ? `${file}:${printPath(problem.path)}` : `${file}:${problem.line}:${problem.column}`;
  const hint = printHint(problem.hint);
  const head = `${place}  ${problem.code} ${problem.message}${hint}`;
  if (problem.line === 0) return head;
  const excerpt = sourceLines(source, problem);
  return [head, ...excerpt].join("\n");
}

/** The hint as the end of a sentence; nothing where there is none. Several words in a row are a choice. */
export function printHint(hint: string | null): string {
  if (hint === null) return "";
  if (/^[^\s,]+(, [^\s,]+)+$/.test(hint)) return ` – there are ${hint}`;
  return ` – did you mean ${hint.includes('"') ? hint : `"${hint}"`}?`;
}

/** Whether the line can be shown: a binary file says nothing to anybody. */
function isText(line: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return !/[\0-\x08\x0E-\x1F\uFFFD]/.test(line.slice(0, LINE_MAX));
}

/** The line of the problem with one line before and after it, numbered, and a line with the caret under its place. */
export function sourceLines(source: string, problem: Problem): string[] {
  const lines = source.split(/\r\n|\r|\n/);
  if (!isText(lines[problem.line - 1] ?? "")) return [];
  const width = String(problem.line + 1).length;
  const shown: string[] = [];
  for (let line = Math.max(1, problem.line - 1); line <= Math.min(lines.length, problem.line + 1); line += 1) {
    const text = clip(lines[line - 1] ?? "");
    if (text.trim() === "" && line !== problem.line) continue;
    shown.push(`  ${String(line).padStart(width)} | ${text}`);
    if (line !== problem.line) continue;
    const before = (lines[line - 1] ?? "").slice(0, problem.column - 1);
    if (before.length > LINE_MAX) continue;
    const room = Math.max(1, Math.min(problem.length, text.length - before.length));
    shown.push(`  ${" ".repeat(width)} | ${before.replace(/[^\t]/g, " ")}${"^".repeat(room)}`);
  }
  return shown;
}

/** Longer lines are cut in excerpts. */
const LINE_MAX = 200;

function clip(line: string): string {
  const plain = [...line.slice(0, LINE_MAX + 1)]
    .map((char) => (char < " " && char !== "\t" ? "\uFFFD" : char))
    .join("");
  return line.length > LINE_MAX ? `${plain.slice(0, LINE_MAX)}…` : plain;
}

/** The path in words of the file: `faults[1].delay.jitter`; `the file` for the top. */
export function printPath(path: Path): string {
  let text = "";
  for (const part of path) text += typeof part === "number" ? `[${part}]` : text === "" ? part : `.${part}`;
  return text === "" ? "the file" : text;
}
