// Pictures and exports of `lockstep check`: what is worth showing of a history, and in which form.

import { searchDepthFirst } from "../checker/linearizability/depth-first.ts";
import type { Evidence } from "../checker/linearizability/evidence.ts";
import { jepsenEdn, jepsenLog, jsonLines } from "../checker/linearizability/export/jepsen.ts";
import { type Layout, layOut } from "../checker/linearizability/export/layout.ts";
import { porcupineData } from "../checker/linearizability/export/porcupine.ts";
import { htmlPage, svgPicture } from "../checker/linearizability/export/svg.ts";
import { textPicture } from "../checker/linearizability/export/text.ts";
import type { ReadHistory } from "../checker/linearizability/format/read.ts";
import { type Operation, partsOf } from "../checker/linearizability/history.ts";
import type { CallModel } from "../checker/linearizability/model/register.ts";
import type { Value } from "../checker/linearizability/value.ts";
import { type Line, span } from "../report/span.ts";
import type { Terminal } from "./terminal.ts";

/** The case against a part of a history. */
export interface CaseAgainst {
  readonly model: CallModel;
  readonly operations: readonly Operation[];
  readonly part: string;
  readonly evidence: Evidence;
}

/** Operations a picture shows at most; more can be had as data. */
const SHOWN_MAX = 400;

function layoutOf(against: CaseAgainst, labelMax: number): Layout {
  const { evidence, model, operations } = against;
  const shown = [...evidence.core, ...evidence.maybe];
  if (!shown.includes(evidence.operation)) shown.push(evidence.operation);
  return layOut(
    model,
    operations,
    { operations: shown, impossible: evidence.operation, core: evidence.core, order: evidence.longest },
    labelMax,
  );
}

/** The shrunk history as lines of a terminal, as wide as it is. */
export function pictureLines(against: CaseAgainst, terminal: Terminal): readonly Line[] {
  const ascii = terminal.layout.signs.held === "ok";
  for (const labelMax of [28, 18, 12]) {
    const lines = textPicture(layoutOf(against, labelMax), ascii);
    const widest = Math.max(0, ...lines.map((line) => line.length));
    if (widest + 4 <= terminal.layout.width || labelMax === 12)
      return lines.map((line) => [span(`  ${line.slice(0, Math.max(terminal.layout.width - 2, 160))}`)]);
  }
  return [];
}

/** The history in the form `form`; undefined where that form cannot hold it. `accuse` builds the case, where there is one. */
export function exported(read: ReadHistory, form: string, accuse: () => CaseAgainst | undefined): string | undefined {
  const { model, history, dialect } = read;
  switch (form) {
    case "porcupine":
      return `${JSON.stringify(porcupineData(model, history))}\n`;
    case "edn":
      return jepsenEdn(history);
    case "jepsen-log":
      return jepsenLog(history);
    case "jsonl":
      return jsonLines(history, model.name, initialOf(read), dialect.failCas);
    default:
      return picture(read, form, accuse());
  }
}

/** The state of each part before the first operation, as a header of history/1 says it. */
function initialOf({ model, history }: ReadHistory): unknown {
  if (model.name === "set")
    return partsOf(model, history.operations)
      .filter((part) => model.init(part.name) === true)
      .map((part) => JSON.parse(part.name) as unknown);
  const state = model.init("");
  if (model.name !== "multi-register") return state;
  return Object.fromEntries(state as readonly (readonly [string, Value])[]);
}

function picture(read: ReadHistory, form: string, against: CaseAgainst | undefined): string {
  const title = against === undefined ? `${read.model.name}: linearizable` : `${read.model.name}: not linearizable`;
  const layout = against === undefined ? wholeLayout(read) : layoutOf(against, 28);
  const states = against?.evidence.statesBefore ?? [];
  const said =
    against === undefined
      ? []
      : [
          against.evidence.sentence,
          ...(states.length > 0 && states.length <= 12 ? [`Possible just before: ${states.join(" | ")}`] : []),
        ];
  if (form === "svg") return `${svgPicture(layout, [title, ...said].join(". "))}\n`;
  if (form === "html") return htmlPage(layout, title, said);
  return `${[...said, ...textPicture(layout)].join("\n")}\n`;
}

/** The first part with its order. */
function wholeLayout({ model, history }: ReadHistory): Layout {
  const part = partsOf(model, history.operations)[0];
  const operations = (part?.indexes ?? []).slice(0, SHOWN_MAX).map((i) => history.operations[i]!);
  const { order } = searchDepthFirst(model, operations, part?.name ?? "", 100_000);
  return layOut(model, operations, { operations: operations.map((_, i) => i), impossible: -1, core: [], order });
}
