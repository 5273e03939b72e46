// The common work W of the performance pages, on the etcd member's normal path: N members on instant disks, C clients that
// read and write five keys without a pause, and, with faults, loss, a partition every 10 s and a crash every 15 s.

import type { WorkloadPlan } from "../client/client.ts";
import { getBodies } from "../client/operation.ts";
import { INSTANT_DISK } from "../disk/disk.ts";
import type { Action } from "../fault/action.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { uniform } from "../kernel/distribution.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import { createEtcdConfig, type EtcdConfig } from "../member/etcd-config.ts";
import type { PlannedAction, WorldPlan } from "../world/world.ts";

/** Size of a work W. */
export interface WorkW {
  readonly members: number;
  readonly clients: number;
  readonly virtualSeconds: number;
  readonly seed: string;
  readonly faults: boolean;
  /** Every so many entries log and revisions are compacted; 0: never. */
  readonly compact: number;
}

const KEYS: readonly string[] = ["k0", "k1", "k2", "k3", "k4"];

/** The world of a work W. */
export function worldOfW(work: WorkW): WorldPlan {
  const ids = Array.from({ length: work.members }, (_, at) => at + 1);
  const workload: WorkloadPlan = {
    name: "w",
    firstClient: 1,
    clients: work.clients,
    thinkMicros: 0,
    operations: 0,
    perMicros: 0,
    kinds: ["put", "get"],
    kindSums: [1, 2],
    keys: KEYS,
    gets: getBodies(KEYS),
    keySums: null,
    prefix: "k",
    uniqueValues: true,
    valueBytes: 0,
    fromMicros: 0,
    untilMicros: work.virtualSeconds * SECOND + 1,
    timeoutMicros: 2 * SECOND,
    retry: "none",
    unknownFails: false,
    failover: true,
    endpoints: ids,
    everyMember: true,
    learns: false,
    etcd: true,
    program: null,
  };
  return {
    members: ids.map((id) => ({ id, role: "voter", zone: null, host: null, disk: INSTANT_DISK })),
    disk: INSTANT_DISK,
    latency: uniform(MILLISECOND, 10 * MILLISECOND),
    clientLatency: uniform(MILLISECOND, 10 * MILLISECOND),
    links: [],
    lossPpm: work.faults ? 50_000 : 0,
    duplicatePpm: 0,
    ordered: false,
    connections: false,
    workloads: [workload],
    timetable: work.faults ? timetableOfW(work) : [],
  };
}

/** The faults of W: a random two-way partition every 10 s for 5 s, and every 15 s a crash of 2 s. */
function timetableOfW(work: WorkW): PlannedAction[] {
  const n = work.members;
  const choices = new RandomChoices(work.seed);
  const masks = choices.open("fault", 1);
  const victims = choices.open("fault", 2);
  const timetable: PlannedAction[] = [];
  for (let at = 10; at <= work.virtualSeconds; at += 10) {
    const mask = 1 + masks.below(2 ** n - 2);
    const ids = Array.from({ length: n }, (_, i) => i + 1);
    const left = ids.filter((id) => (mask >> (id - 1)) & 1);
    const right = ids.filter((id) => !left.includes(id));
    const action: Action = {
      kind: "partition",
      shape: {
        kind: "groups",
        groups: [
          { kind: "members", ids: left },
          { kind: "members", ids: right },
        ],
      },
      oneWay: "no",
    };
    timetable.push({ id: `cut-${at}`, atMicros: at * SECOND, forMicros: 5 * SECOND, action });
  }
  for (let at = 15; at <= work.virtualSeconds; at += 15) {
    const action: Action = {
      kind: "crash",
      on: { kind: "members", ids: [1 + victims.below(n)] },
      unsynced: "lose",
    };
    timetable.push({ id: `crash-${at}`, atMicros: at * SECOND, forMicros: 2 * SECOND, action });
  }
  return timetable;
}

/** The members of a work W: etcd's defaults, reads confirmed one by one, no snapshots unless asked for. */
export function etcdOfW(work: WorkW): EtcdConfig {
  return createEtcdConfig(work.members, {
    service: "plain",
    snapshotEntries: work.compact,
    catchUpEntries: Math.floor(work.compact / 2),
    autoCompactRevisions: work.compact,
  });
}
