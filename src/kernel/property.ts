// The catalogue of properties: what a run is judged by. Ids are the field's names and part of the contract; codes are what
// `lockstep explain-code` takes. What each one watches, and how, stands beside its check in `checker/`.

/** Where a property belongs; `client` properties are checked only where a scenario asks for them. */
export type PropertyGroup = "raft" | "support" | "kv" | "watch" | "lease" | "liveness" | "client";

/** One property. */
export interface Property {
  readonly id: string;
  readonly code: string;
  readonly group: PropertyGroup;
  /** One line, what must hold. */
  readonly rule: string;
}

function property(id: string, code: string, group: PropertyGroup, rule: string): Property {
  return { id, code, group, rule };
}

/** All properties, in the order in which they are listed to people. */
export const PROPERTIES: readonly Property[] = [
  property("election-safety", "LS1001", "raft", "at most one leader per term"),
  property("leader-append-only", "LS1002", "raft", "a leader never changes or deletes entries of its own log"),
  property(
    "log-matching",
    "LS1003",
    "raft",
    "two logs with an entry of the same index and term agree on all before it",
  ),
  property(
    "leader-completeness",
    "LS1004",
    "raft",
    "an entry committed in one term is in the log of every leader of a later term",
  ),
  property("state-machine-safety", "LS1005", "raft", "no two members apply different entries at the same index"),
  property("vote-once", "LS1101", "support", "a member votes for one candidate per term, restarts included"),
  property("term-monotonic", "LS1102", "support", "the term of a member never decreases, restarts included"),
  property(
    "acked-prefix-kept",
    "LS1103",
    "support",
    "a follower keeps what it acknowledged to the leader of its term, and what is committed",
  ),
  property("commit-support", "LS1104", "support", "what a leader commits is on the disks of a quorum"),
  property("commit-within-log", "LS1105", "support", "applied index ≤ commit index ≤ last index"),
  property(
    "applied-monotonic",
    "LS1106",
    "support",
    "within one boot the applied index rises by one, or by a snapshot",
  ),
  property("config-agreement", "LS1107", "support", "equal applied index means equal configuration"),
  property("config-safety", "LS1108", "support", "configurations that can decide at one time have quorums that meet"),
  property(
    "recovery-complete",
    "LS1109",
    "support",
    "after a restart all that was on disk is there, or the member stays down",
  ),
  property("bounded-resources", "LS1110", "support", "logs, queues and repeated snapshots stay below a bound"),
  property(
    "linearizability",
    "LS1201",
    "kv",
    "operations take effect at one moment between call and return, in one order",
  ),
  property("txn-atomicity", "LS1202", "kv", "a transaction happens whole or not at all, in one revision"),
  property("durability", "LS1203", "kv", "what was acknowledged survives every tolerated fault"),
  property("revision-monotonic", "LS1204", "kv", "the revision of a member never decreases"),
  property("revision-agreement", "LS1205", "kv", "equal applied index means equal revision"),
  property("client-monotonic", "LS1206", "kv", "a client never sees a revision lower than one it has seen"),
  property("exactly-once", "LS1207", "kv", "a request takes effect at most once"),
  property("no-aborted-read", "LS1208", "kv", "a request that failed for certain has no effect"),
  property("watch-ordered", "LS1301", "watch", "events arrive in the order of their revisions"),
  property("watch-unique", "LS1302", "watch", "no event arrives twice"),
  property("watch-reliable", "LS1303", "watch", "no event is left out"),
  property("watch-atomic", "LS1304", "watch", "all events of one revision arrive together"),
  property(
    "watch-resumable",
    "LS1305",
    "watch",
    "a watch from a revision gets all from there on, or is told it is compacted",
  ),
  property("watch-bookmarkable", "LS1306", "watch", "a progress notice means that all before it was delivered"),
  property("lease-min-lifetime", "LS1401", "lease", "a lease is not expired before its time to live has passed"),
  property("lease-revoke-atomic", "LS1402", "lease", "the keys of a revoked lease go in one revision"),
  property("lease-eventual-expiry", "LS1403", "lease", "a lease that nobody renews expires, with a stable leader"),
  property("lease-exclusion", "LS1404", "lease", "while a leader serves reads under its lease no other leader commits"),
  property("lock-ownership", "LS1405", "lease", "a lock that was granted exists at the revision of the grant"),
  property(
    "leader-availability",
    "LS1501",
    "liveness",
    "with the faults over, a leader that can commit appears in time",
  ),
  property("leader-stability", "LS1502", "liveness", "with the faults over, leaders do not keep changing"),
  property(
    "availability",
    "LS1503",
    "liveness",
    "with the faults over, a client that tries all members gets a write through",
  ),
  property("replica-convergence", "LS1504", "liveness", "with the faults over, every reachable member catches up"),
  property("config-change-completes", "LS1505", "liveness", "a proposed change of membership ends"),
  property("mutual-exclusion", "LS1601", "client", "two clients never hold one lock at a time"),
  property("fencing-monotonic", "LS1602", "client", "a protected resource accepts tokens in order only"),
];

/** Ids that `no-split-brain` stands for. */
export const NO_SPLIT_BRAIN: readonly string[] = ["election-safety", "commit-support", "state-machine-safety"];

/** The property with this id, or undefined. */
export function propertyOf(id: string): Property | undefined {
  return PROPERTIES.find((p) => p.id === id);
}
