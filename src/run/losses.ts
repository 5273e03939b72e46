// Data loss as a figure: acknowledged writes that are gone when a run is over. It counts where `expect: data-loss` asks for it.

import type { EtcdChecker } from "../checker/etcd-checker.ts";
import { holds } from "../checker/raft-checks.ts";
import { type ChunkedList, endOf, itemAt } from "../kernel/chunked.ts";
import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import { chainAt } from "../raft/raft.ts";
import { type Judge, observeLoss } from "../scenario/judge.ts";
import { processOf, type World } from "../world/world.ts";
import type { Acknowledged } from "./collector.ts";

/** Tells the judge of each write of `acknowledged` that the member best fit to lead does not have. */
export function judgeLosses(
  world: World,
  checker: EtcdChecker,
  acknowledged: readonly Acknowledged[],
  judge: Judge,
): void {
  let best = 0;
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.state === null) continue;
    if (best === 0 || isAhead(process.state as EtcdMember, processOf(world, best).state as EtcdMember)) best = id;
  }
  const { ghost } = checker;
  for (const { client, operation, atMicros } of acknowledged) {
    for (const { operations, upTo } of checker.past) {
      if (indexOf(operations[client], operation) > upTo) observeLoss(judge, atMicros, world.atMicros);
    }
  }
  for (let at = acknowledged.length - 1; at >= 0; at--) {
    const { client, operation, atMicros } = acknowledged[at] as Acknowledged;
    const index = indexOf(ghost.operations[client], operation);
    if (index === 0) continue;
    const chain = itemAt(ghost.appliedChain, index);
    if (chain === undefined) return;
    if (best === 0) {
      if (world.ids.some((id) => holds(ghost, id, index, chain))) return;
    } else if (holdsApplied(world, best, index, chain)) return;
    observeLoss(judge, atMicros, world.atMicros);
  }
}

/** The index in the log at which an operation was applied; 0: at none. */
function indexOf(list: ChunkedList<number> | undefined, operation: number): number {
  return list === undefined || operation >= endOf(list) ? 0 : (itemAt(list, operation) ?? 0);
}

function isAhead(a: EtcdMember, b: EtcdMember): boolean {
  const x = a.raft.log;
  const y = b.raft.log;
  const termA = x.last === 0 ? 0 : a.raft.term;
  const termB = y.last === 0 ? 0 : b.raft.term;
  return x.committed > y.committed || (x.committed === y.committed && termA > termB);
}

function holdsApplied(world: World, id: number, index: number, chain: number): boolean {
  const process = processOf(world, id);
  const { raft } = process.state as EtcdMember;
  if (index <= raft.log.snapshotIndex) return (process.disk.backend as Backend).appliedIndex >= index;
  return index <= raft.log.last && chainAt(raft.log, index) === chain;
}
