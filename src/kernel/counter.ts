// What a run counts while it goes: shown as coverage, asked for by predicates and expectations. Counters never fall.

/** Names of the counters, at their positions. */
export const COUNTERS = [
  "election",
  "leader-change",
  "two-leaders",
  "split-vote",
  "step-down",
  "transfer",
  "uncommitted-overwritten",
  "snapshot-taken",
  "snapshot-sent",
  "snapshot-installed",
  "compaction",
  "config-change",
  "crash",
  "restart",
  "message-lost",
  "fault-effective",
  "fault-ineffective",
  "operation-ok",
  "operation-failed",
  "operation-unknown",
  "write-ok",
  "read-ok",
  "stale-read",
  "retry",
  "watch-event",
  "lease-expired",
] as const;

/** Name of a counter. */
export type Counter = (typeof COUNTERS)[number];

/** Positions of the counters. */
export const CounterAt: Readonly<Record<Counter, number>> = Object.freeze(
  Object.fromEntries(COUNTERS.map((name, at) => [name, at])),
) as Readonly<Record<Counter, number>>;
