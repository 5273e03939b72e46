// The work of `lockstep bench recovery`: one short run, made again and again with one crash in it, each time at another event.
// What is not synced is lost, kept or torn; all members fall, or the leader, or one of them. Afterwards every member must be up
// and have everything that was acknowledged, and writes must go through again.

import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import { startRun } from "../run/execute.ts";
import { parseScenarioValue } from "../scenario/parse.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { processOf } from "../world/world.ts";

/** What becomes of bytes that are not synced. */
export const FATES = ["lose", "keep", "tear"] as const;
export type Fate = (typeof FATES)[number];

/** Who falls, by turns: event after event. */
const WHO = ["all", "leader", "any(1)"] as const;

/** Virtual time of a run, when its clients stop, and for how long members are down. */
const SECONDS = 4;
const UNTIL_MILLIS = 3_600;
const DOWN_MILLIS = 150;

/** How one run with a crash ended. */
export interface Recovery {
  readonly event: number;
  readonly fate: Fate;
  readonly who: string;
  /** Somebody was down because of it. */
  readonly crashed: boolean;
  /** A property that was broken, or what else is wrong; empty: all is well. */
  readonly wrong: string;
  readonly events: number;
  readonly acknowledged: number;
  /** Writes that were invoked after the crash and acknowledged. */
  readonly acknowledgedAfter: number;
}

/** The run with a crash right after an event. `mutate`: bugs to be planted. */
function scenarioOf(event: number, fate: Fate, mutate: readonly string[]): Scenario {
  const on = WHO[event % WHO.length] as string;
  const { scenario, problems } = parseScenarioValue({
    apiVersion: "lockstep/v1",
    name: "recovery",
    duration: `${SECONDS}s`,
    cluster: {
      members: 3,
      raft: { heartbeat: "20ms", election: "200ms" },
      snapshot: { every: "20 entries", catchUp: "5 entries" },
      disk: { write: "50us", fsync: { dist: "uniform", min: "500us", max: "4ms" } },
    },
    network: { latency: { dist: "uniform", min: "500us", max: "2ms" }, clientLatency: "500us" },
    workload: {
      clients: 4,
      rate: "150/s",
      ops: { put: 4, txn: 1, delete: 1, get: 1, compact: 1 },
      timeout: "500ms",
      until: `${UNTIL_MILLIS}ms`,
    },
    faults: [{ at: { event }, for: `${DOWN_MILLIS}ms`, crash: { on, unsynced: fate } }],
    mutate,
    expect: [{ always: "no-split-brain" }, { dataLoss: "none" }],
  });
  if (scenario === null) throw new Error(problems.map((problem) => problem.message).join("; "));
  return scenario;
}

/** Makes the run; with bugs planted it shows whether they would be noticed. */
export function recoverFrom(event: number, fate: Fate, seed: string, mutate: readonly string[] = []): Recovery {
  const run = startRun(scenarioOf(event, fate, mutate), seed, { history: true });
  while (!run.advance(1 << 20)) {
    // Goes on until it is over.
  }
  const result = run.result();
  const { world } = run.run;
  const fault = result.faults[0];
  const from = fault?.firedAtMicros ?? 0;
  let acknowledged = 0;
  let acknowledgedAfter = 0;
  const after = new Set<string>();
  for (const { client, operation, type, kind, atMicros } of run.collector.history ?? []) {
    if (kind === "get") continue;
    const name = `${client}/${operation}`;
    if (type === "invoke" && atMicros > from) after.add(name);
    if (type !== "ok") continue;
    acknowledged++;
    if (after.has(name)) acknowledgedAfter++;
  }
  let wrong = result.violation === null ? "" : `${result.violation.property}: ${result.violation.text}`;
  const must = run.checker === null ? 0 : run.checker.ghost.acknowledged;
  for (const id of world.ids) {
    const { state, disk } = processOf(world, id);
    if (wrong !== "") break;
    if (state === null) wrong = `n${id} did not come back: ${processOf(world, id).reason}`;
    else if ((disk.backend as Backend).appliedIndex < must || (state as EtcdMember).raft.log.committed < must) {
      wrong = `n${id} came back without entry ${must}, which was acknowledged`;
    }
  }
  if (wrong === "" && acknowledgedAfter === 0) wrong = "no write was acknowledged after the crash";
  return {
    event,
    fate,
    who: WHO[event % WHO.length] as string,
    crashed: fault?.status !== "ineffective" && fault?.status !== "waiting",
    wrong,
    events: result.events,
    acknowledged,
    acknowledgedAfter,
  };
}
