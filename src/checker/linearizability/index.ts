// The checker as others use it (`lockstep/checker`): models, every method, formats, evidence, pictures. Pure: runs in a
// browser as in Node. `docs/LINEARIZABILITY.md` tells how the pieces go together.

export type { CheckBudget, Judgement, Method, PartJudgement } from "./check.ts";
export { CHECK_BUDGET, judge, judgePart } from "./check.ts";
export type { SearchResult } from "./depth-first.ts";
export { searchDepthFirst } from "./depth-first.ts";
export type { Evidence } from "./evidence.ts";
export { findEvidence } from "./evidence.ts";
export { jepsenEdn, jepsenLog, jsonLines } from "./export/jepsen.ts";
export type { Bar, Layout, Shown } from "./export/layout.ts";
export { layOut } from "./export/layout.ts";
export type { PorcupineData } from "./export/porcupine.ts";
export { porcupineData } from "./export/porcupine.ts";
export { htmlPage, svgPicture } from "./export/svg.ts";
export { textPicture } from "./export/text.ts";
export type { Dialect, EventType, FailCas, HistoryEvent } from "./format/event.ts";
export { FormatError } from "./format/event.ts";
export type { ManifestEntry } from "./format/manifest.ts";
export { readManifest } from "./format/manifest.ts";
export type { Format, ReadHistory, Told } from "./format/read.ts";
export { bundleHistory, detectFormat, FORMATS, NOTHING_TOLD, readBundle, readHistory } from "./format/read.ts";
export type { Frontier, FrontierBudget, FrontierVerdict } from "./frontier.ts";
export {
  cloneFrontier,
  complete,
  createFrontier,
  describeFrontier,
  FRONTIER_BUDGET,
  failed,
  hashFrontier,
  invoke,
  unknown,
} from "./frontier.ts";
export type { History, Operation, Part } from "./history.ts";
export { endsInOrder, partsOf, prefixOf } from "./history.ts";
export { judgeByVersions } from "./list-versions.ts";
export type { CallModel } from "./model/register.ts";
export type { Foreseen, Model, Monitor, NondeterministicModel } from "./model.ts";
export { BLIND, deterministic, OBSERVES, OVERWRITES } from "./model.ts";
export type { Initial } from "./models.ts";
export { MODEL_NAMES, modelOf } from "./models.ts";
export type { Online, Violation } from "./online.ts";
export { createOnline, finish, observe } from "./online.ts";
export { judgeQueue } from "./queue-aspects.ts";
export { judgeByRevisions } from "./revisions.ts";
export { judgeStack } from "./stack-nesting.ts";
export type { Key, Value } from "./value.ts";
export { Call, callKey, sameValue, showValue, valueKey } from "./value.ts";
export type { Witness } from "./witness.ts";
export { applyNext, createWitness, verifyOrder } from "./witness.ts";
export type { Refutation, ZoneVerdict } from "./zones.ts";
export { judgeByZones } from "./zones.ts";
