// Every loop and every queue has a bound; they are all named here, with the reason for the number.

/** Members that may be in a cluster at one time. Raft with more voters than this is outside anyone's use of etcd. */
export const MEMBERS_MAX = 99;

/** Highest member id ever given out in a run: members that leave and others that join take fresh numbers. */
export const MEMBER_ID_MAX = 127;

/** Clients of all workloads together. Their ids decide ranks of events, see `rank.ts`. */
export const CLIENTS_MAX = 4000;

/** Steps of one run unless the scenario says otherwise. Beyond it the verdict is `undecided`. */
export const STEPS_MAX_DEFAULT = 50_000_000;

/** Events that may wait in the queue at once: memory of the queue is bounded by it. */
export const QUEUE_MAX = 4_000_000;

/** Beyond this many waiting events a run is called a storm (messages that beget more messages) and ends undecided. */
export const WAITING_MAX = 250_000;

/** Virtual time of one run: 10,000 hours. Keeps sums of micros far below 2^53. */
export const MICROS_MAX = 36_000_000_000_000;

/** Digest checkpoints are taken after this many events. Part of the artifact format. */
export const CHECKPOINT_EVENTS = 1024;
