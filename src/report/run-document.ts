// Runs as JSON, in the shape that other programs rely on. Fields may be added, never renamed or dropped.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import type { BeyondReport, FaultReport, OperationCounts, Verdict } from "../run/result.ts";
import type { StudyResult } from "../scenario/judge-study.ts";
import { memberName } from "./figures.ts";
import { type ReportedRun, replayCommand } from "./reported-run.ts";
import type { Totals } from "./totals.ts";

/** A violation as JSON. Members go by name. */
export interface ViolationDocument {
  readonly property: string;
  readonly step: number;
  readonly atMicros: number;
  readonly members: readonly string[];
  readonly text: string;
  readonly evidence: readonly string[];
  readonly also: readonly string[];
}

/** How a replay compared with its record. */
export interface ReplayDocument {
  readonly same: boolean;
  readonly recordedDigest: string;
  readonly recordedEngine: string;
  /** Events up to which both are known to agree. */
  readonly agreesUntil: number;
  /** All else that was recorded is as replayed: the artifact contradicts itself. */
  readonly contradicts?: true;
}

/** A stretch beyond the fault budget. */
export type BeyondDocument = Omit<BeyondReport, "members"> & { readonly members: readonly string[] };

/** One run as JSON. */
export interface RunDocument {
  readonly scenario: string;
  /** Canonical decimal, as text: seeds use all of 64 bits. */
  readonly seed: string;
  readonly variant?: string;
  readonly file?: string;
  readonly verdict: Verdict;
  readonly violation?: ViolationDocument;
  readonly events: number;
  readonly virtualMicros: number;
  readonly operations: OperationCounts;
  readonly digest: string;
  readonly coverage: Readonly<Record<string, number>>;
  readonly expectations: readonly {
    readonly name: string;
    readonly held: boolean;
    readonly expected: string;
    readonly seen: string;
    readonly atMicros: number;
  }[];
  /** Faults that did nothing: the run proves less than its file says. */
  readonly ineffective?: readonly {
    readonly id: string;
    readonly kind: string;
    readonly status: string;
    readonly note: string;
  }[];
  /** Stretches in which more was away than the cluster is meant to survive. */
  readonly beyondBudget?: readonly BeyondDocument[];
  readonly interrupted?: true;
  readonly note?: string;
  readonly artifact?: string;
  readonly replay?: string;
  /** `ls1_…`, which `replay` takes in place of a file; of runs that did not hold. */
  readonly token?: string;
  readonly replayed?: ReplayDocument;
}

/** A study as JSON. */
export interface StudyDocument {
  readonly scenario: string;
  readonly file: string;
  readonly held: boolean;
  readonly expectations: readonly StudyResult[];
}

/** All runs of a command as JSON. */
export interface RunsDocument {
  readonly engine: string;
  readonly runs: readonly RunDocument[];
  readonly studies?: readonly StudyDocument[];
  readonly passed: number;
  readonly failed: number;
  readonly undecided: number;
}

/** One run as JSON. */
export function runDocument(run: ReportedRun, replayed: ReplayDocument | null = null): RunDocument {
  const { result } = run;
  const { violation } = result;
  const idle = result.faults.filter((fault) => fault.status === "ineffective" || fault.status === "waiting");
  const replay = replayCommand(run);
  return {
    scenario: result.scenario,
    seed: result.seed,
    ...(result.variant === null ? {} : { variant: result.variant }),
    ...(run.file === null ? {} : { file: run.file }),
    verdict: result.verdict,
    ...(violation === null
      ? {}
      : {
          violation: {
            property: violation.property,
            step: violation.step,
            atMicros: violation.atMicros,
            members: violation.members.map(memberName),
            text: violation.text,
            evidence: violation.evidence,
            also: violation.also,
          },
        }),
    events: result.events,
    virtualMicros: result.virtualMicros,
    operations: result.operations,
    digest: result.digest,
    coverage: result.coverage,
    expectations: result.expectations,
    ...(idle.length === 0 ? {} : { ineffective: idle.map(idleDocument) }),
    ...(result.beyond.length === 0 ? {} : { beyondBudget: result.beyond.map(beyondDocument) }),
    ...(result.interrupted ? { interrupted: true as const } : {}),
    ...(result.note === "" ? {} : { note: result.note }),
    ...(run.artifact === null ? {} : { artifact: run.artifact }),
    ...(replay === null ? {} : { replay }),
    ...(run.token === undefined || result.verdict === "held" ? {} : { token: run.token }),
    ...(replayed === null ? {} : { replayed }),
  };
}

function beyondDocument(beyond: BeyondReport): BeyondDocument {
  return { ...beyond, members: beyond.members.map(memberName) };
}

function idleDocument(fault: FaultReport): { id: string; kind: string; status: string; note: string } {
  return { id: fault.id, kind: fault.kind, status: fault.status, note: fault.note };
}

/** The document of all runs. */
export function runsDocument(
  runs: readonly RunDocument[],
  totals: Totals,
  studies: readonly StudyDocument[] = [],
): RunsDocument {
  return {
    engine: ENGINE_VERSION,
    runs,
    ...(studies.length === 0 ? {} : { studies }),
    passed: totals.passed,
    failed: totals.failed,
    undecided: totals.undecided,
  };
}
