// The closed list of events: everything that can happen in a world. An event is five fields in the queue's slabs (kind, a, b,
// cause, payload); what they mean for each kind stands here.

/** Kinds of events as small integers; see the table in each comment for what `a`, `b` and the payload are. */
export const EventKind = {
  /** An action of the timetable begins. a: its position. */
  FaultBegins: 0,
  /** What an action did ends by itself. a: its position. */
  FaultEnds: 1,
  /** A message of one member reaches another. a: to, b: from, payload: the message. */
  Message: 2,
  /** A message reaches another member damaged: its checksum does not match. a: to, b: from, payload: the message. */
  DamagedMessage: 3,
  /** A timer of a member fires. a: member, b: boot · 256 + timer. */
  Timer: 4,
  /** The sync of a member's disk ends. a: member, b: boot. */
  DiskDone: 5,
  /** A request reaches a member. a: member, b: client, payload: ClientRequest. */
  Request: 6,
  /** An answer reaches a client. a: client, b: member, payload: ClientResponse. */
  Response: 7,
  /** A client's timer fires. a: client. */
  ClientTimer: 8,
  /** The operator looks after the changes of membership under way. a: position of the action in the timetable. */
  Operator: 9,
} as const;

/** One of the values of `EventKind`. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Set on the kind of an event that a slow process has already been charged for. */
export const CHARGED = 32;

/** Names of the kinds, by number; those of past facts. */
export const EVENT_NAMES: readonly string[] = Object.freeze([
  "fault-begins",
  "fault-ends",
  "message-delivered",
  "message-damaged",
  "timer-fired",
  "disk-synced",
  "request-delivered",
  "response-delivered",
  "client-timer-fired",
  "operator-acted",
]);
