// Read leases: while a leader answers reads on the strength of its lease, nobody else commits. Not to be confused with the leases
// that clients ask for.

import { type EtcdMember, ticksBy } from "../member/etcd-member.ts";
import { hasLease, Role } from "../raft/raft.ts";
import { localMicros, processOf, type World } from "../world/world.ts";
import type { Findings } from "./violation.ts";

/** A leader of that term committed something. To be called only where leases serve reads. */
export function checkReadLeases(out: Findings, world: World, leader: number, term: number): void {
  for (const id of world.ids) {
    if (id === leader) continue;
    const { state, pauses, clock } = processOf(world, id);
    if (state === null || pauses > 0) continue;
    const member = state as EtcdMember;
    const { raft } = member;
    // Who comes to itself looks at its clock before it answers.
    const ticks = Math.max(raft.ticks, ticksBy(member, localMicros(clock, world.atMicros)));
    if (raft.role !== Role.Leader || raft.term >= term || !hasLease(raft, ticks)) continue;
    out.report(
      "lease-exclusion",
      [id, leader].sort((a, b) => a - b),
      `n${leader} commits in term ${term} while n${id}, leader of term ${raft.term}, answers reads under its lease`,
    );
  }
}
