// What is under way at one point of a run, as lists: every event ahead, and the messages between members that have not arrived.
// For explanations, the lab and lessons; a list is made when somebody asks.

import type { MessageAction } from "../fault/action.ts";
import type { QueuedEvent } from "../kernel/queue.ts";
import { linkRank } from "../kernel/rank.ts";
import type { MessageFacts, Protocol } from "../member/protocol.ts";
import { CHARGED, EVENT_NAMES, EventKind } from "../world/event.ts";
import type { World } from "../world/world.ts";
import type { Run } from "./run.ts";

/** One event that is to happen. */
export interface EventAhead {
  readonly atMicros: number;
  /** One of `EventKind`, and its name. */
  readonly kind: number;
  readonly name: string;
  /** Whom it happens to and what else it is about, by kind: see `EventKind`. */
  readonly a: number;
  readonly b: number;
  /** The step that scheduled it; 0: the start of the run. */
  readonly cause: number;
  /** A slow process has it already and will get to it at `atMicros`. */
  readonly received: boolean;
  /** The message, request or answer; null for other kinds. Immutable. */
  readonly payload: unknown;
}

/** One message between members that was sent and has not arrived. */
export interface MessageInFlight {
  readonly from: number;
  readonly to: number;
  readonly type: string;
  readonly term: number;
  readonly index: number;
  /** The step that sent it; 0 where that is not known, as for messages that a fault holds back. */
  readonly sentInStep: number;
  /** When it arrives; null: a fault holds it back. */
  readonly arrivesAtMicros: number | null;
  /** It arrives damaged and will be thrown away. */
  readonly damaged: boolean;
  /** Immutable. */
  readonly message: unknown;
  /** Its place among the messages of the same link, in order of sending, counted from 1; 0 for one held back or damaged. */
  readonly nth: number;
}

/** Everything that is to happen, in the order in which it is due. */
export function eventsAhead(run: Run): EventAhead[] {
  return run.context.queue.save().events.map(({ atMicros, kind, a, b, cause, payload }) => {
    const plain = kind & (CHARGED - 1);
    const received = (kind & CHARGED) !== 0;
    return { atMicros, kind: plain, name: EVENT_NAMES[plain] ?? "", a, b, cause, received, payload };
  });
}

/** The messages between members that are under way: those that will arrive, soonest first, then those held back. */
export function messagesInFlight(run: Run): MessageInFlight[] {
  const { protocol } = run.setup;
  const flying = run.context.queue
    .save()
    .events.filter(({ kind }) => kind === EventKind.Message || kind === EventKind.DamagedMessage);
  const counted = nthOf(flying);
  const list = flying.map((event): MessageInFlight => {
    const facts: MessageFacts = { type: 0, term: 0, index: 0 };
    protocol.traceMessage(event.payload, facts);
    return {
      from: event.b,
      to: event.a,
      type: protocol.messageType(event.payload),
      term: facts.term,
      index: facts.index,
      sentInStep: event.cause,
      arrivesAtMicros: event.atMicros,
      damaged: event.kind === EventKind.DamagedMessage,
      message: event.payload,
      nth: counted.get(event) ?? 0,
    };
  });
  return [...list, ...messagesHeld(run.world, protocol)];
}

/** Numbers as the action `message` counts them: of one link, whatever their types, in order of sending. */
function nthOf(flying: readonly QueuedEvent[]): Map<QueuedEvent, number> {
  const counts = new Map<number, number>();
  const numbers = new Map<QueuedEvent, number>();
  const sent = flying.filter(({ kind }) => kind === EventKind.Message).sort((x, y) => x.cause - y.cause);
  for (const event of sent) {
    const link = linkRank(event.b, event.a);
    const nth = (counts.get(link) ?? 0) + 1;
    counts.set(link, nth);
    numbers.set(event, nth);
  }
  return numbers;
}

function messagesHeld(world: World, protocol: Protocol<unknown, unknown>): MessageInFlight[] {
  const list: MessageInFlight[] = [];
  for (const [from, row] of world.network.links.entries()) {
    for (const [to, link] of row.entries()) {
      if (link === undefined) continue;
      for (const { message } of link.held) {
        const facts: MessageFacts = { type: 0, term: 0, index: 0 };
        protocol.traceMessage(message, facts);
        const type = protocol.messageType(message);
        const { term, index } = facts;
        const still = { sentInStep: 0, arrivesAtMicros: null, damaged: false, nth: 0 };
        list.push({ from, to, type, term, index, message, ...still });
      }
    }
  }
  return list;
}

/** The action that does something to exactly this message, at the point at which it was listed. Not for one held back. */
export function actionOn(message: MessageInFlight, does: MessageAction["does"], addMicros: number = 0): MessageAction {
  const { from, to, nth } = message;
  if (nth === 0) throw new RangeError("a message that is held back or damaged is out of reach of the action `message`");
  return {
    kind: "message",
    does,
    from: { kind: "members", ids: [from] },
    to: { kind: "members", ids: [to] },
    types: [],
    nth,
    addMicros,
  };
}
