// The long texts of the properties: why each matters, how it is broken, and where it is written. What must hold, in one line, is
// in `kernel/property.ts`; how it is checked stands beside the check.

/** The long text of one property. */
export interface PropertyText {
  /** What would go wrong for somebody who relies on it. */
  readonly why: string;
  /** A small story in which it is broken. */
  readonly example: string;
  /** Where it is written: paper, section, file. */
  readonly source: string;
}

const PAPER = "Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm (extended version)";
const THESIS = "Ongaro, Consensus: Bridging Theory and Practice";

/** By the id of the property. */
export const PROPERTY_TEXTS: Readonly<Record<string, PropertyText>> = {
  "election-safety": {
    why: "Two leaders of one term may commit different entries at one index, and each has a majority's word for it. All other promises rest on this one. Two leaders of different terms are no breach: the older one can commit nothing any more.",
    example:
      "n1 votes for n2 and answers before the vote is on disk. It loses power, comes back without the vote, and votes for n3 in the same term. Both have two votes of three.",
    source: `${PAPER}, Figure 3 and §5.2`,
  },
  "leader-append-only": {
    why: "Followers are brought in line with the leader's log. A leader that rewrites its own log drags everybody along, and what was committed is gone without a trace.",
    example:
      "A leader receives a late append of an older leader, does not see that its term is over, and cuts its log there.",
    source: `${PAPER}, Figure 3 and §5.3`,
  },
  "log-matching": {
    why: "Followers accept entries by looking at one entry before them. That is enough only if equal index and term mean equal logs up to there.",
    example:
      "A follower appends entries without asking whether the one before them is the one it has. From there on it holds a mixture of two logs.",
    source: `${PAPER}, Figure 3 and §5.3`,
  },
  "leader-completeness": {
    why: "A leader never asks whether something older was committed; it takes its own log for the truth. If a committed entry is missing there, a write that was answered is undone.",
    example:
      "Figure 8 of the paper: an entry of an old term stands on a majority and is called committed by counting copies. A member with a newer entry in that place is elected and overwrites it.",
    source: `${PAPER}, Figure 3, §5.4.1 and §5.4.2 (Figure 8)`,
  },
  "state-machine-safety": {
    why: "Members that apply different commands have different databases from then on. Reads depend on whom one asks, and nothing ever repairs it.",
    example: "A follower applies up to the leader's commit index although its own log differs from the leader's there.",
    source: `${PAPER}, Figure 3 and §5.4.3`,
  },
  "vote-once": {
    why: "A majority decides only if each of its members says one thing. A second vote in one term makes two majorities possible.",
    example: "A restarted member has forgotten its vote because term and vote were written after the answer was sent.",
    source: `${PAPER}, Figure 2 (votedFor is persistent) and §5.2`,
  },
  "term-monotonic": {
    why: "Terms tell old from new. A member that goes back takes old leaders and old votes for current ones.",
    example: "n1 answers in term 3, loses power before term 3 is on disk, and comes back in term 2.",
    source: `${PAPER}, Figure 2 and §5.1`,
  },
  "acked-prefix-kept": {
    why: "The leader counts an acknowledgement as a copy for ever. If the follower drops the entry again, a commit rests on a copy that does not exist.",
    example:
      "An append arrives a second time, late. The follower cuts its log where that append ends, entries it had acknowledged included.",
    source: `${PAPER}, §5.3; etcd-io/raft log.go maybeAppend`,
  },
  "commit-support": {
    why: "Committed means: on the disks of a majority, whatever fails next. Fewer copies, or copies in memory, are no such thing.",
    example:
      "A follower acknowledges before its disk has synced. The leader commits; power fails everywhere; one copy is left.",
    source: `${PAPER}, §5.3 and §5.4.2; ${THESIS}, §10.2.1`,
  },
  "commit-within-log": {
    why: "What is applied must be committed, and what is committed must be there. A member beyond that applies entries that nobody agreed on.",
    example:
      "A heartbeat carries the leader's commit index to a follower whose log is shorter, and the follower takes it as it is.",
    source: `${PAPER}, Figure 2; etcd-io/raft raft.go handleHeartbeat`,
  },
  "applied-monotonic": {
    why: "A database is the sum of all entries in order. One applied twice or left out makes it another database.",
    example:
      "A snapshot that is older than what was applied is installed, and the entries in between are applied again.",
    source: `${PAPER}, §7; etcd server/etcdserver apply loop`,
  },
  "config-agreement": {
    why: "Members must count the same voters. With different ideas of who is in, each side can find a majority of its own.",
    example: "A change of membership is skipped when entries are replayed after a restart.",
    source: `${PAPER}, §6; ${THESIS}, §4.1`,
  },
  "config-safety": {
    why: "While the membership changes, old and new majorities must share a member. Otherwise both decide, each by itself.",
    example:
      "A leader begins a second change before the first is committed; two changes of one member each are a change of two.",
    source: `${THESIS}, §4.1 and §4.3`,
  },
  "recovery-complete": {
    why: "A member that comes back without something it had promised breaks promises it does not know of. Staying down is safe, forgetting is not.",
    example:
      "A damaged record in the middle of the write-ahead log is taken for its end, and everything behind it is thrown away in silence.",
    source: `${PAPER}, §5.1 and Figure 2; etcd server/storage/wal`,
  },
  "bounded-resources": {
    why: "A log, queue or stream of snapshots that only grows ends in a member without memory or disk, and then in a cluster without a quorum.",
    example: "A leader sends a snapshot that is always too old when it arrives, and sends the next one.",
    source: "etcd-io/raft MaxUncommittedEntriesSize, MaxInflightMsgs",
  },
  linearizability: {
    why: "Whoever reads after a write has been answered must see it, whichever member he asks. Locks, leader election and configuration built on etcd assume just that.",
    example:
      "A leader that was replaced without knowing it answers a read from its own data, after the new leader has answered a write.",
    source: "Herlihy and Wing, Linearizability: A Correctness Condition for Concurrent Objects; Raft §8",
  },
  "txn-atomicity": {
    why: "A transaction is the means by which clients compare and set. Half of one, or a comparison that was not true when it happened, lets two of them win.",
    example: "The reads of a transaction are answered from two different revisions.",
    source: "etcd api: Txn",
  },
  durability: {
    why: "An answer is a promise. A client that was told ok acts on it, and cannot find out that it was taken back.",
    example:
      "The leader answers when a majority has the entry in memory. Power fails everywhere, and the entry was never there.",
    source: `${PAPER}, §5.3; etcd write-ahead log`,
  },
  "revision-monotonic": {
    why: "Clients remember revisions and compare them. One that goes back makes old data look new.",
    example: "A member restarts from a database that is older than what it had answered from.",
    source: "etcd: revisions of the key-value store",
  },
  "revision-agreement": {
    why: "A revision is an address: the same number must mean the same state on every member, or watches and reads of one revision differ by member.",
    example: "One member counts a refused transaction as a revision and another does not.",
    source: "etcd: applied index and revision (consistent index)",
  },
  "client-monotonic": {
    why: "A client that sees the present and then the past may undo what it has just seen done.",
    example: "A client reads from one member, fails over to one that lags behind, and is answered by that.",
    source: "Session guarantees (Terry et al.); etcd server/etcdserver read index",
  },
  "exactly-once": {
    why: "A write that happens twice overwrites what others wrote in between, and a counter counts twice.",
    example:
      "The leader dies between committing and answering. The client, having heard nothing, asks again, and both take effect.",
    source: `${PAPER}, §8; ${THESIS}, §6.3`,
  },
  "no-aborted-read": {
    why: "A client that is told no looks for another way. If the no was wrong, both ways are taken.",
    example: "A timeout is reported as a refusal, and the entry is committed a moment later.",
    source: "Adya, Generalized Isolation Level Definitions (G1a)",
  },
  "watch-ordered": {
    why: "Watchers rebuild state from events. In another order it is another state.",
    example: "Two events of different revisions are sent on one stream by two senders.",
    source: "etcd documentation, Watch guarantees: ordered",
  },
  "watch-unique": {
    why: "An event that arrives twice is taken for two changes.",
    example: "After a reconnect the stream begins at the last revision that was seen instead of the one behind it.",
    source: "etcd documentation, Watch guarantees: unique",
  },
  "watch-reliable": {
    why: "A missing event leaves a cache wrong for ever: nobody will say it again.",
    example: "Events before a compaction are dropped while a slow watcher still waits for them, and it is not told.",
    source: "etcd documentation, Watch guarantees: reliable",
  },
  "watch-atomic": {
    why: "Half of a transaction is a state that never was.",
    example: "The events of one revision are split over two responses, and the watcher acts between them.",
    source: "etcd documentation, Watch guarantees: atomic",
  },
  "watch-resumable": {
    why: "Watchers come back after every failure. They need all that happened since, or the word that it is not to be had.",
    example: "A watch from a compacted revision silently begins at the present.",
    source: "etcd documentation, Watch guarantees: resumable",
  },
  "watch-bookmarkable": {
    why: "A progress notice says: you have seen all up to here. Taken too early, it makes a gap official.",
    example: "The notice overtakes events that are still in the queue of the same watcher.",
    source: "etcd documentation, Watch guarantees: bookmarkable",
  },
  "lease-min-lifetime": {
    why: "Whoever holds a lease relies on its time. Taken away early, two hold what one was to hold.",
    example: "A lease's remaining time is counted by a wall clock that jumps ahead.",
    source: "etcd documentation, Lease; server/lease/lessor.go",
  },
  "lease-revoke-atomic": {
    why: "Keys of one lease belong together: a lock whose half is gone is held by nobody and free for nobody.",
    example: "Keys of an expired lease are deleted one by one, and a read sees some of them.",
    source: "etcd server/lease: revoke in one transaction",
  },
  "lease-eventual-expiry": {
    why: "A lock of a client that is gone must come free, or nobody ever gets it again.",
    example: "Every change of leader gives all leases their full time again, and leaders change often enough.",
    source: "etcd server/lease/lessor.go Promote, checkpoints",
  },
  "lease-exclusion": {
    why: "A leader that answers reads by its lease asks nobody. That is right only while nobody else can commit.",
    example:
      "The leader's clock runs slow, its lease outlives the others' patience, and another is elected and writes.",
    source: `${THESIS}, §6.4.1`,
  },
  "lock-ownership": {
    why: "A lock that was granted must be there. Otherwise its holder works in the belief of a right he does not have.",
    example: "The lease expires between the creation of the key and the answer that the lock is held.",
    source: "etcd server/etcdserver/api/v3lock",
  },
  "leader-availability": {
    why: "Without a leader nothing is written and nothing read that must be current. Raft promises one when enough members can talk for long enough.",
    example:
      "All election timeouts are equal: everybody stands at the same moment, votes for itself, and nobody wins, for ever.",
    source: `${PAPER}, §5.2 and §5.6`,
  },
  "leader-stability": {
    why: "Each change of leader costs about an election timeout without service. A cluster that changes leaders without a reason is down most of the time.",
    example: "A member that hears only some of the others deposes the leader again and again by a higher term.",
    source: `${THESIS}, §9.6 (PreVote); §6.2 (CheckQuorum)`,
  },
  availability: {
    why: "A cluster with a leader that answers nobody is as good as none.",
    example: "Leadership is handed to a member that never takes over, and the old leader goes on refusing proposals.",
    source: `${PAPER}, §5.6; etcd-io/raft leader transfer`,
  },
  "replica-convergence": {
    why: "A member that never catches up is no copy. The cluster bears fewer failures than it seems to.",
    example: "A follower that lags behind the leader's log is sent snapshots that are refused every time.",
    source: `${PAPER}, §5.3 and §7`,
  },
  "config-change-completes": {
    why: "A change that hangs blocks all later ones: a broken member cannot be replaced.",
    example: "A joint configuration is never left, because the leader that entered it stepped down.",
    source: `${PAPER}, §6; ${THESIS}, §4.3`,
  },
  "mutual-exclusion": {
    why: "That is what a lock is for. etcd's locks promise it only together with a check at what is protected.",
    example: "The holder stands still longer than its lease lasts, another takes the lock, and then the first goes on.",
    source: "Kleppmann, How to do distributed locking; etcd documentation, Lock",
  },
  "fencing-monotonic": {
    why: "A resource that takes only rising tokens is safe from holders of the past, whatever their clocks say.",
    example: "A store accepts a write with the token of a lock that was granted before the last one.",
    source: "Kleppmann, How to do distributed locking",
  },
};

/** An example of each code of scenario files: what is refused, and what was meant. */
export const CODE_EXAMPLES: Readonly<Record<string, readonly [refused: string, meant: string]>> = {
  LS2001: ["title: leader: gone", 'title: "leader: gone"'],
  LS2002: ["- { at: 3s, crash: n1 }", "name: x\nfaults:\n  - { at: 3s, crash: n1 }"],
  LS2003: ["seed: 1\nseed: 2", "seed: 2"],
  LS2004: ["faults:\n  - { at: 3s, delai: { add: 5ms } }", "faults:\n  - { at: 3s, delay: { add: 5ms } }"],
  LS2005: ["name: 7", "name: seven"],
  LS2006: ["protocol: ectd", "protocol: etcd"],
  LS2007: ["duration: 30", "duration: 30s"],
  LS2008: ["faults:\n  - { at: 3s, crash: any(9) }", "faults:\n  - { at: 3s, crash: any(2) }"],
  LS2009: [
    "cluster: { members: 3 }\nfaults:\n  - { at: 3s, crash: n9 }",
    "cluster: { members: 3 }\nfaults:\n  - { at: 3s, crash: n3 }",
  ],
  LS2010: ["cluster: { members: 0 }", "cluster: { members: 3 }"],
  LS2011: ["partition: { groups: [[n1, n2], [n2, n3]] }", "partition: { groups: [[n1, n2], [n3]] }"],
  LS2012: ["duration: 10s\nfaults:\n  - { at: 11s, crash: n1 }", "duration: 20s\nfaults:\n  - { at: 11s, crash: n1 }"],
  LS2013: [
    "faults:\n  - { at: 5s, heal: { id: cut } }",
    "faults:\n  - { at: 3s, id: cut, partition: { isolate: n1 } }\n  - { at: 5s, heal: { id: cut } }",
  ],
  LS2014: ["faults:\n  - { at: 3s, when: leader(n1), crash: n1 }", "faults:\n  - { when: leader(n1), crash: n1 }"],
  LS2015: ["expect:\n  - sometimes: leadrs >= 2", "expect:\n  - sometimes: leaders >= 2"],
  LS2016: ["seed: -5", "seed: 5"],
  LS2017: ["mutate: [vote-not-persistd]", "mutate: [vote-not-persisted]"],
  LS2018: ["variants:\n  same: {}", "variants:\n  five: { cluster: { members: 5 } }"],
  LS2019: [
    "workload: { clients: 1, rate: 5/s, from: 9s, until: 2s }",
    "workload: { clients: 1, rate: 5/s, from: 2s, until: 9s }",
  ],
  LS2020: [
    "cluster: { raft: { heartbeat: 100ms, election: 150ms } }",
    "cluster: { raft: { heartbeat: 100ms, election: 1s } }",
  ],
  LS2021: [
    "faults:\n  - { at: 1s, id: a, crash: n1 }\n  - { at: 2s, id: a, restart: n1 }",
    "faults:\n  - { at: 1s, id: a, crash: n1 }\n  - { at: 2s, id: b, restart: n1 }",
  ],
  LS2022: ["faults:\n  - { at: 1s, transferLeader: n2, for: 3s }", "faults:\n  - { at: 1s, transferLeader: n2 }"],
  LS2023: [
    "topology: { kind: stacked, hosts: { h1: [n1, api1] } }",
    "topology: { kind: stacked, hosts: { h1: [n1] } }",
  ],
};
