// Every event of a run as NDJSON (`lockstep.trace/1`): a header, then one event a line, integers and names only, keys in order.
// The source for other tools: whatever a picture shows, these lines hold.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import { messageTypeName } from "../raft/raft.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EVENT_NAMES, EventKind } from "../world/event.ts";
import { RecordKind, type Trace, type TraceRecord } from "../world/trace.ts";

/** Name and version of the format. */
export const TRACE_SCHEMA = "lockstep.trace/1";

/** Lines that are joined before they are handed on. */
const LINES_PER_CHUNK = 4096;

const LOSSES: readonly string[] = ["cut", "loss", "drop", "down", "buffer", "damaged", "unknown"];
const ROLES: readonly string[] = ["follower", "candidate", "leader", "pre-candidate"];
const FAULTS: readonly string[] = ["", "fault-began", "fault-ended", "fault-without-effect"];

/** The lines in chunks, each ending with a newline. */
export function* traceChunks(trace: Trace, scenario: Scenario, result: RunResult): Generator<string> {
  const header = {
    schema: TRACE_SCHEMA,
    engine: ENGINE_VERSION,
    seed: result.seed,
    scenario: scenario.name,
    ...(scenario.variant === null ? {} : { variant: scenario.variant }),
    digest: result.digest,
    events: result.events,
  };
  let text = `${JSON.stringify(header)}\n`;
  const isEtcd = scenario.protocol === "etcd";
  const faults = scenario.faults.map((fault) => JSON.stringify(fault.id));
  for (let at = 0; at < trace.length; at++) {
    text += lineOf(trace.record(at), isEtcd, faults);
    if (at % LINES_PER_CHUNK !== LINES_PER_CHUNK - 1) continue;
    yield text;
    text = "";
  }
  yield text;
}

/**
 * Every line has `i`, `t`, `type`, `member` (null: of none) and `cause` (empty: of its own step). Written out by hand: this is where the time
 * goes, and every field is a number or a known name.
 */
function lineOf(record: TraceRecord, isEtcd: boolean, faults: readonly string[]): string {
  const { kind, a, b, step, atMicros, cause } = record;
  switch (kind) {
    case EventKind.Message:
    case EventKind.DamagedMessage:
      return `{"cause":[${cause}],"from":"n${b}","i":${step},"index":${record.index},"member":"n${a}","message":"${messageName(record, isEtcd)}"${after(record)},"t":${atMicros},"term":${record.term},"type":"${EVENT_NAMES[kind]}"}\n`;
    case RecordKind.Lost:
      return `{"cause":[],"from":"n${b}","i":${step},"index":${record.index},"member":"n${a}","message":"${messageName(record, isEtcd)}","reason":"${LOSSES[record.x] ?? "unknown"}","t":${atMicros},"term":${record.term},"type":"message-lost"}\n`;
    case RecordKind.Fault:
      return `{"cause":[],"fault":${faults[a] ?? '""'},"i":${step},"member":null,"t":${atMicros},"type":"${FAULTS[b] ?? ""}"}\n`;
    case RecordKind.Life:
      return `{"cause":[],"i":${step},"member":"n${a}","t":${atMicros},"type":"${record.x === 1 ? "process-started" : "process-gone"}"}\n`;
    case EventKind.Request:
      return `{"cause":[${cause}],"client":"c${b}","i":${step},"member":"n${a}","operation":${record.index}${after(record)},"t":${atMicros},"type":"${EVENT_NAMES[kind]}"}\n`;
    case EventKind.Response:
      return `{"cause":[${cause}],"client":"c${a}","code":${record.type},"from":"n${b}","i":${step},"member":null,"operation":${record.term},"revision":${record.index},"t":${atMicros},"type":"${EVENT_NAMES[kind]}"}\n`;
    case EventKind.ClientTimer:
      return `{"cause":[${cause}],"client":"c${a}","i":${step},"member":null,"t":${atMicros},"type":"${EVENT_NAMES[kind]}"}\n`;
    case EventKind.FaultBegins:
    case EventKind.FaultEnds:
    case EventKind.Operator:
      return `{"cause":[${cause}],"fault":${faults[a] ?? '""'},"i":${step},"member":null,"t":${atMicros},"type":"${EVENT_NAMES[kind]}"}\n`;
    default:
      return `{"cause":[${cause}],"i":${step},"member":"n${a}"${after(record)},"t":${atMicros},"type":"${EVENT_NAMES[kind]}"}\n`;
  }
}

/** What the member is after it. */
function after(record: TraceRecord): string {
  return `,"role":"${ROLES[record.role]}","roleTerm":${record.roleTerm}`;
}

function messageName(record: TraceRecord, isEtcd: boolean): string {
  return isEtcd ? messageTypeName(record.type) : `message-${record.type}`;
}
