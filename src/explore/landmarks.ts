// Landmarks: states of the cluster reduced to a number, with everything taken out that runs have otherwise for no reason (names,
// absolute terms and indexes). A run that passes one for the first time went somewhere new.

import { mix } from "../kernel/hash.ts";
import type { EtcdMember } from "../member/etcd-member.ts";
import { lastTerm } from "../raft/log.ts";
import type { ScenarioRun } from "../run/execute.ts";
import { processOf, type World } from "../world/world.ts";

/** Landmarks of one run that are remembered. */
const LANDMARKS_MAX = 4096;

/** Watches a run of etcd members; the set fills while it goes. */
export function watchLandmarks(run: ScenarioRun): ReadonlySet<number> {
  const passed = new Set<number>();
  const offices: number[] = [];
  if (run.checker === null) return passed;
  run.run.observers.push({
    stepped(world, touched) {
      if (touched === 0 || passed.size >= LANDMARKS_MAX) return false;
      const { state } = processOf(world, touched);
      // Looked at when somebody's office, log end or membership changed in kind, not at each message.
      const office = state === null ? -1 : kindOf(state as EtcdMember);
      if (offices[touched] === office) return false;
      offices[touched] = office;
      passed.add(landmarkOf(world));
      return false;
    },
  });
  return passed;
}

function kindOf({ raft, persisting }: EtcdMember): number {
  const { log, tracker } = raft;
  return mix(
    mix(raft.term * 4 + raft.role, lastTerm(log)),
    tracker.membership.voters.length * 2 + (persisting ? 1 : 0),
  );
}

/** The state of the cluster without names: members in the order of what they are. */
export function landmarkOf(world: World): number {
  let topTerm = 0;
  let topIndex = 0;
  let topLogTerm = 0;
  for (const id of world.ids) {
    const { state } = processOf(world, id);
    if (state === null) continue;
    const { raft } = state as EtcdMember;
    topTerm = Math.max(topTerm, raft.term);
    topIndex = Math.max(topIndex, raft.log.last);
    topLogTerm = Math.max(topLogTerm, lastTerm(raft.log));
  }
  const kinds: number[] = [];
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.state === null) {
      kinds.push(process.removed ? 1 : 2);
      continue;
    }
    const { raft, persisting } = process.state as EtcdMember;
    const { log, tracker } = raft;
    let kind = 16 + raft.role;
    kind = kind * 4 + Math.min(3, topTerm - raft.term);
    kind = kind * 4 + Math.min(3, topLogTerm - lastTerm(log));
    kind = kind * 4 + steps(topIndex - log.last);
    kind = kind * 3 + Math.min(2, steps(log.last - log.committed));
    kind = kind * 2 + (persisting === null ? 0 : 1);
    kind = kind * 2 + (process.pauses > 0 ? 1 : 0);
    kind = kind * 2 + (tracker.membership.votersOutgoing.length > 0 ? 1 : 0);
    kind = kind * 2 + (log.snapshotIndex >= log.committed ? 1 : 0);
    kinds.push(kind);
  }
  kinds.sort((a, b) => a - b);
  let hash = world.cuts.length > 0 ? 7 : 3;
  for (const kind of kinds) hash = mix(hash, kind);
  return hash;
}

/** None, one, a few, many. */
function steps(count: number): number {
  return count <= 1 ? Math.max(0, count) : count < 8 ? 2 : 3;
}
