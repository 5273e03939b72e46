// A history in every form that it can be handed on in: data for other tools (Porcupine's viewer, Jepsen's EDN and log, our own
// history/1) and pictures of it (text, SVG, HTML). Pure: a history in, text out.

import { bestOrder, type Judgement } from "../checker/linearizability/check.ts";
import { type Evidence, findEvidence } from "../checker/linearizability/evidence.ts";
import { absenceIn, jepsenEdn, jepsenLog, jsonLines } from "../checker/linearizability/export/jepsen.ts";
import { type Layout, layOut } from "../checker/linearizability/export/layout.ts";
import { type PorcupineExtras, porcupineData } from "../checker/linearizability/export/porcupine.ts";
import { htmlPage, svgPicture } from "../checker/linearizability/export/svg.ts";
import { textPicture } from "../checker/linearizability/export/text.ts";
import type { ReadHistory } from "../checker/linearizability/format/read.ts";
import { type Operation, partsOf } from "../checker/linearizability/history.ts";
import type { CallModel } from "../checker/linearizability/model/register.ts";
import type { Value } from "../checker/linearizability/value.ts";

/** The case against a part of a history. */
export interface CaseAgainst {
  readonly model: CallModel;
  readonly operations: readonly Operation[];
  readonly part: string;
  readonly evidence: Evidence;
}

/** Operations a picture shows at most; more can be had as data. */
const SHOWN_MAX = 400;

/** The case against the part of `read` that `judgement` found no order for. */
export function caseAgainst(read: ReadHistory, judgement: Judgement): CaseAgainst {
  const name = judgement.part ?? "";
  const part = partsOf(read.model, read.history.operations).find((one) => one.name === name)!;
  const operations = part.indexes.map((i) => read.history.operations[i]!);
  const { refutation, brokeAt } = judgement.partJudgement ?? { refutation: undefined, brokeAt: -1 };
  const evidence = findEvidence(read.model, operations, name, refutation, brokeAt);
  return { model: read.model, operations, part: name, evidence };
}

/** The picture of a case: the operations that contradict each other. */
export function layoutOfCase(against: CaseAgainst, labelMax: number, laneOf?: LaneOf): Layout {
  const { evidence, model, operations } = against;
  const shown = [...evidence.core, ...evidence.maybe];
  if (!shown.includes(evidence.operation)) shown.push(evidence.operation);
  return layOut(
    model,
    operations,
    { operations: shown, impossible: evidence.operation, core: evidence.core, order: evidence.longest },
    labelMax,
    laneOf,
  );
}

/** The name of the client that a process is. */
export type LaneOf = (process: number) => string;

/** What a history does not say of itself. */
export interface FormExtras extends PorcupineExtras {
  readonly laneOf?: LaneOf;
}

/**
 * The history in the form `form` (`porcupine`, `edn`, `jepsen-log`, `jsonl`, `text`, `svg`, `html`); undefined where that form cannot hold it. `accuse` builds the case
 * against it, where there is one, and is asked only for pictures.
 */
export function historyText(
  read: ReadHistory,
  form: string,
  accuse: () => CaseAgainst | undefined,
  extras: FormExtras = {},
): string | undefined {
  const { model, history, dialect } = read;
  switch (form) {
    case "porcupine":
      return `${JSON.stringify(porcupineData(model, history, undefined, extras))}\n`;
    case "edn":
      return ednText(read);
    case "jepsen-log":
      return jepsenLog(history);
    case "jsonl":
      return jsonLines(history, model.name, initialOf(read), dialect.failCas);
    default:
      return picture(read, form, accuse(), extras.laneOf);
  }
}

/** EDN behind a comment that says how to judge it, since the format has no place for that. */
function ednText(read: ReadHistory): string {
  const { model, history } = read;
  const absent = absenceIn(history);
  const initial = initialOf(read);
  const first = absent === undefined ? initial : withWord(initial, absent);
  const refused = history.operations.some(({ input, output }) => input.f === "cas" && output === false);
  const flags = `--model ${model.name} --initial '${JSON.stringify(first)}'${refused ? " --fail-cas observed" : ""}`;
  return `; lockstep check ${flags}\n${jepsenEdn(history, absent)}`;
}

/** A first value, or a map of them, with `absent` in the place of null. */
function withWord(initial: unknown, absent: string): unknown {
  if (initial === null) return absent;
  if (typeof initial !== "object" || Array.isArray(initial)) return initial;
  return Object.fromEntries(Object.entries(initial as object).map(([key, value]) => [key, value ?? absent]));
}

/** The state of each part before the first operation, as a header of history/1 says it. */
function initialOf({ model, history }: ReadHistory): unknown {
  if (model.name === "set")
    return partsOf(model, history.operations)
      .filter((part) => model.init(part.name) === true)
      .map((part) => JSON.parse(part.name) as unknown);
  if (model.name === "kv-cas" || model.name === "kv") return initialByKey({ model, history });
  const state = model.init("");
  if (model.name === "etcd") {
    const present = (state as readonly Value[])[1] as readonly (readonly [string, Value])[];
    return present.length === 0 ? null : Object.fromEntries(present.map(([key, value]) => [key, value]));
  }
  if (model.name !== "multi-register") return state;
  return Object.fromEntries(state as readonly (readonly [string, Value])[]);
}

/** One value where all keys begin with it, else a value by key. */
function initialByKey({ model, history }: Pick<ReadHistory, "model" | "history">): unknown {
  const parts = partsOf(model, history.operations).map(({ name }): readonly [string, Value] => [
    name,
    model.init(name),
  ]);
  const [first] = parts;
  if (first === undefined || parts.every(([, value]) => value === first[1])) return first?.[1] ?? model.init("");
  return Object.fromEntries(parts);
}

function picture(
  read: ReadHistory,
  form: string,
  against: CaseAgainst | undefined,
  laneOf: LaneOf | undefined,
): string {
  const verdict = against === undefined ? "linearizable" : "not linearizable";
  const part = against === undefined ? (partsOf(read.model, read.history.operations)[0]?.name ?? "") : against.part;
  const title = `${read.model.name}${part === "" ? "" : ` ${part}`}: ${verdict}`;
  const states = against?.evidence.statesBefore ?? [];
  const said =
    against === undefined
      ? []
      : [
          against.evidence.sentence,
          ...(states.length > 0 && states.length <= 12 ? [`Possible just before: ${states.join(" | ")}`] : []),
        ];
  if (form === "text") {
    const layouts = against === undefined ? wholeInPieces(read, laneOf) : [layoutOfCase(against, 28, laneOf)];
    return `${[title, ...said, ...layouts.flatMap((layout) => ["", ...textPicture(layout)])].join("\n")}\n`;
  }
  const layout = against === undefined ? wholeLayout(read, laneOf) : layoutOfCase(against, 28, laneOf);
  return form === "svg" ? `${svgPicture(layout, [title, ...said].join(". "))}\n` : htmlPage(layout, title, said);
}

/** The first part, as much of it as a picture shows, with its order. */
function firstPart({ model, history }: ReadHistory): {
  readonly operations: Operation[];
  readonly order: readonly number[];
} {
  const part = partsOf(model, history.operations)[0];
  const operations = (part?.indexes ?? []).slice(0, SHOWN_MAX).map((i) => history.operations[i]!);
  return { operations, order: bestOrder(model, operations, part?.name ?? "", 20_000) };
}

function wholeLayout(read: ReadHistory, laneOf: LaneOf | undefined): Layout {
  const { operations, order } = firstPart(read);
  const all = { operations: operations.map((_, i) => i), impossible: -1, core: [], order };
  return layOut(read.model, operations, all, 28, laneOf);
}

/** Operations in one piece of a picture for a terminal. */
const PIECE = 8;

/** The same a few operations at a time, so that a terminal can show it. */
function wholeInPieces(read: ReadHistory, laneOf: LaneOf | undefined): readonly Layout[] {
  const { operations, order } = firstPart(read);
  const layouts: Layout[] = [];
  for (let from = 0; from < operations.length; from += PIECE) {
    const piece = operations.slice(from, from + PIECE).map((_, i) => from + i);
    layouts.push(layOut(read.model, operations, { operations: piece, impossible: -1, core: [], order }, 18, laneOf));
  }
  return layouts;
}
