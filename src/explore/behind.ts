// How far apart the memberships are by which members decide, at a moment in which that counts: while somebody stands for election.
// A change that a member knows to be committed and has not applied is one by which others decide already.

import type { EtcdMember } from "../member/etcd-member.ts";
import { entryAt, isConfChangeEntry, type Raft, Role } from "../raft/raft.ts";
import type { ScenarioRun } from "../run/execute.ts";
import { processOf, type World } from "../world/world.ts";

/** The most changes by which any member was behind in an election, as of now. */
export interface Behind {
  changes: number;
}

/** Watches a run of etcd members; the figure rises while it goes. */
export function watchBehind(run: ScenarioRun): Behind {
  const behind: Behind = { changes: 0 };
  if (run.checker === null) return behind;
  const offices: number[] = [];
  run.run.observers.push({
    stepped(world, touched) {
      const raft = touched === 0 ? null : raftOf(world, touched);
      if (raft === null) return false;
      const office = raft.term * 4 + raft.role;
      if (offices[touched] === office) return false;
      offices[touched] = office;
      if (raft.role === Role.Follower) return false;
      for (const id of world.ids) behind.changes = Math.max(behind.changes, changesUnapplied(raftOf(world, id)));
      return false;
    },
  });
  return behind;
}

function raftOf(world: World, id: number): Raft | null {
  const { state } = processOf(world, id);
  return state === null ? null : (state as EtcdMember).raft;
}

function changesUnapplied(raft: Raft | null): number {
  if (raft === null) return 0;
  const { log } = raft;
  let changes = 0;
  for (let index = Math.max(log.applied, log.snapshotIndex) + 1; index <= log.committed; index++) {
    if (isConfChangeEntry(entryAt(log, index))) changes++;
  }
  return changes;
}
