// Starting a cluster anew from a backup: the last resort after a majority is lost for good. Everybody who runs is stopped first,
// the named members get fresh disks with the backup's state, and what was under way between the old members is void.

import { pointTo } from "../client/client.ts";
import { wipeDisk } from "../disk/disk.ts";
import type { RestoreAction } from "../fault/action.ts";
import { CounterAt } from "../kernel/counter.ts";
import type { RunContext } from "./context.ts";
import { EventKind } from "./event.ts";
import { startProcess, stopProcess, termOf } from "./life.ts";
import { createProcess, processOf, type TimetableState, type World } from "./world.ts";

/** Carries it out; false with a note when there is no such backup. */
export function restoreCluster(
  world: World,
  context: RunContext,
  state: TimetableState,
  action: RestoreAction,
): boolean {
  const [first] = action.members;
  const own = action.snapshot === null ? processOf(world, first as number) : null;
  const backup = own === null ? world.backups.get(action.snapshot ?? "") : own.disk.backend;
  state.targets = [...action.members];
  if (backup === undefined || backup === null || own?.disk.destroyed === true) {
    state.note = own === null ? `there is no backup "${action.snapshot}"` : `n${own.id} has no database`;
    return false;
  }
  const kept = own === null ? backup : context.protocol.backupOf(backup);
  const term = own === null ? 0 : termOf(own);
  for (const id of world.ids) {
    stopProcess(world, context, id, "keep");
    if (!action.members.includes(id)) processOf(world, id).removed = true;
  }
  const { queue } = context;
  for (const kind of [EventKind.Message, EventKind.DamagedMessage]) {
    for (const slot of queue.slotsOf(kind)) queue.cancel(slot);
  }
  world.restored++;
  const generation = action.newClusterId ? world.restored : 0;
  const { members, bumpRevision, markCompacted } = action;
  for (const id of members) {
    prepare(world, context, id);
    context.enter(id);
    context.protocol.restore(context, backup, { members, generation, bumpRevision, markCompacted, term });
    const { disk } = processOf(world, id);
    disk.durableEnd = disk.log.first + disk.log.length;
    disk.unsyncedBytes = 0;
    for (const file of disk.files) file.durable = true;
  }
  if (context.lifeObserver !== null) context.lifeObserver.restored(members, kept);
  for (const client of world.clients) {
    if (client !== null && context.workloadOf(client).everyMember) pointTo(client, members);
  }
  for (const id of members) startProcess(world, context, id);
  context.count(CounterAt["config-change"]);
  return true;
}

/** A member with an empty disk: a known one, or a new one of that name. */
function prepare(world: World, context: RunContext, id: number): void {
  while (world.processes.length <= id) world.processes.push(null);
  const known = world.processes[id];
  if (known === null || known === undefined) {
    world.processes[id] = createProcess(id, "voter", context.plan.disk);
    world.ids.push(id);
    world.ids.sort((a, b) => a - b);
    return;
  }
  known.status = "down";
  known.removed = false;
  known.role = "voter";
  known.reason = "";
  wipeDisk(known.disk);
  known.disk.destroyed = false;
}
