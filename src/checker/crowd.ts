// Messages that beget messages. Flow control bounds what a member sends before it is answered, and an answer asks for no more than
// one message: what Raft's members tell each other never crowds a link. What they pass on for clients is as much as those ask for.

import type { EventQueue } from "../kernel/queue.ts";
import { type Message, MessageType, messageTypeName } from "../raft/message.ts";
import { EventKind } from "../world/event.ts";
import type { World } from "../world/world.ts";
import type { Findings } from "./violation.ts";

/** More messages than this under way on one link are a crowd; with fewer events waiting there is none. */
export const CROWD = 100_000;

/** Where the network sends no more than so many messages twice, in ppm, every exchange that ends does so soon all the same. */
export const TWICE_PPM_MAX = 200_000;

/** Passed on for clients: as many as they ask for. */
const PASSED_ON: readonly number[] = [MessageType.MsgProp, MessageType.MsgReadIndex, MessageType.MsgReadIndexResp];

/** Looks at all that waits: to be called now and then, and seldom. Where a fault sends messages twice nothing is judged. */
export function checkCrowd(out: Findings, queue: EventQueue, world: World): void {
  if (duplicates(world)) return;
  const counts = new Map<number, number>();
  for (const slot of queue.slotsOf(EventKind.Message)) {
    const { from, to, type } = queue.at(slot).payload as Message;
    if (PASSED_ON.includes(type)) continue;
    const link = from * 1024 + to;
    const count = (counts.get(link) ?? 0) + 1;
    counts.set(link, count);
    if (count <= CROWD) continue;
    const text = `more than ${CROWD} messages of n${from} to n${to} are under way, the last of them ${messageTypeName(type)}`;
    out.report("bounded-resources", [from, to], text);
    return;
  }
}

function duplicates(world: World): boolean {
  return world.network.links.some((row) => row.some((link) => link?.effects.some(({ kind }) => kind === "duplicate")));
}
