// What the package is to a program: scenarios in, results and reports out. Pure: it runs in Node, in a worker, in a page.

export type { Violation } from "./checker/violation.ts";
export type { Action } from "./fault/action.ts";
export { MUTATION_IDS, type MutationId } from "./fault/mutation.ts";
export type { ChoiceSource } from "./kernel/choose.ts";
export { ENGINE_VERSION, PROGRAM_VERSION } from "./kernel/engine.ts";
export { PROPERTIES, type Property, type PropertyGroup } from "./kernel/property.ts";
export { formatMicros, HOUR, MILLISECOND, MINUTE, SECOND } from "./kernel/time.ts";
export type { ProcessContext, Protocol } from "./member/protocol.ts";
export { type QuorumRow, quorumOf, quorumRow, type SplitResult, splitOf } from "./report/quorum.ts";
export { type ReportedRun, replayCommand } from "./report/reported-run.ts";
export { runBlock } from "./report/run-block.ts";
export { type RunDocument, type RunsDocument, runDocument, runsDocument } from "./report/run-document.ts";
export { ASCII_SIGNS, type Layout, type Signs, UNICODE_SIGNS } from "./report/signs.ts";
export { type Line, lineText, type Role, type Span } from "./report/span.ts";
export { actionOn, type EventAhead, type MessageInFlight } from "./run/ahead.ts";
export {
  type Artifact,
  type ArtifactProblem,
  artifactOf,
  artifactText,
  compareWithRecord,
  type ReplayComparison,
  readArtifact,
} from "./run/artifact.ts";
export {
  executeScenario,
  expandScenario,
  type RunOptions,
  type ScenarioRun,
  startRun,
  unsupported,
} from "./run/execute.ts";
export type { ForkChanges } from "./run/fork.ts";
export type {
  FaultReport,
  LeaderReport,
  OperationCounts,
  RunResult,
  Verdict,
  ViolationReport,
} from "./run/result.ts";
export type { Patch } from "./run/settle.ts";
export {
  type Moment,
  openTimeline,
  recordRun,
  type TakenEvent,
  Timeline,
  type TimelineOptions,
} from "./run/timeline.ts";
export { type Change, changeText, diffWorlds } from "./run/world-diff.ts";
export { defineScenario, type ScenarioFile } from "./scenario/document.ts";
export { fileOfScenario, formatScenario, formatText } from "./scenario/format.ts";
export type { ExpectationResult } from "./scenario/judge.ts";
export { type ParseResult, parseScenario, parseScenarioValue } from "./scenario/parse.ts";
export { parseActions } from "./scenario/parse-actions.ts";
export { formatProblem, type Problem, SCENARIO_CODES } from "./scenario/problem.ts";
export { expandVariants, type Fault, type Scenario, type Workload } from "./scenario/scenario.ts";
export { parseSeed, parseSeedRange, type SeedProblem, type SeedRange, seedsOf } from "./scenario/seed.ts";
