// Characters: worlds in which some faults, loads and options belong together, as they do where etcd is run. A swarm that draws
// everything by itself meets each of these now and then, and all of one of them hardly ever. None is about a bug: each is what
// somebody who tests etcd would set up.

import type { RaftSettings, WorkloadKind } from "../scenario/scenario.ts";
import type { StormKind, Tempo } from "./storm-state.ts";

export type Staying = "reads" | "writes" | "writes everywhere";

export type Pace = "busy" | "steady" | "quiet";

/** One character: what is left out stays as it is drawn. */
export interface Character {
  /** Said among what was drawn. */
  readonly name: string;
  /** What its storm is made of; one that stands twice comes twice as often. */
  readonly kinds: readonly StormKind[];
  readonly tempo?: Tempo;
  /** Programs that are there for certain; all others stay away. */
  readonly programs: readonly WorkloadKind[];
  readonly members?: number;
  readonly raft?: Partial<RaftSettings>;
  /** What part of the messages between members is lost all the time, in parts per million. */
  readonly lossPpm?: number;
  /** Messages take what they take in the scenario. */
  readonly network?: "plain";
  /** A snapshot every few entries, and next to nothing kept behind it. */
  readonly snapshots?: "dense";
  /** Syncs that take long next to messages, or no time to speak of. */
  readonly disks?: "slow" | "quick";
  /** Requests without end, a few a second, or one now and then. */
  readonly pace?: Pace;
  /** Records of more than a sector. */
  readonly values?: "large";
  /** What clients do that stay with their member: read all the time, or write without waiting for answers, to one or to all. */
  readonly staying?: Staying;
  /** Leases live long after their holder has gone, and members are told often what is left of them. */
  readonly leases?: "long";
  /** What stays to the end. */
  readonly standing?: "leader" | "relay" | "nothing";
}

/** All characters. */
export const CHARACTERS: readonly Character[] = [
  {
    name: "slow readers of watches",
    kinds: ["slow-watch", "slow-watch", "compact", "reconnect"],
    programs: ["watch", "informer"],
    pace: "busy",
  },
  {
    name: "watchers on the move",
    kinds: ["comeback", "comeback", "reconnect", "transfer"],
    programs: ["watch", "informer"],
    members: 3,
    snapshots: "dense",
    pace: "busy",
  },
  {
    name: "handovers under read leases",
    kinds: ["mute-handover", "mute-handover", "transfer", "late-rarity", "one-way"],
    programs: [],
    members: 3,
    raft: { checkQuorum: true, readOnly: "lease" },
    pace: "busy",
    staying: "reads",
  },
  {
    name: "power failures under large writes",
    kinds: ["crash", "crash", "power-cut", "slow-disk"],
    programs: [],
    disks: "slow",
    pace: "busy",
    values: "large",
  },
  {
    name: "quiet housekeeping",
    kinds: ["compact", "compact", "delete-all", "restore"],
    programs: [],
    pace: "quiet",
  },
  {
    name: "frozen leaders",
    kinds: ["stall", "pause", "client-pause"],
    programs: ["lease", "lock"],
    members: 3,
  },
  {
    name: "leaders that nobody hears",
    kinds: ["unheard-leader", "unheard-leader", "crash", "transfer", "cut-leader"],
    programs: [],
    disks: "slow",
    pace: "busy",
    staying: "reads",
  },
  {
    name: "long tails",
    kinds: ["cut-leader"],
    tempo: "long",
    programs: [],
    members: 3,
    raft: { preVote: false, checkQuorum: false, readOnly: "safe", maxInflight: 512, maxSizePerMsgBytes: 1_048_576 },
    network: "plain",
    snapshots: "dense",
    disks: "quick",
    pace: "steady",
    staying: "writes",
    standing: "nothing",
  },
  {
    name: "short reigns",
    kinds: ["short-reign", "short-reign", "cut-leader", "crash", "campaign", "campaign"],
    tempo: "short",
    programs: [],
    members: 3,
    raft: { heartbeatMicros: 20_000, electionMicros: 200_000 },
    pace: "quiet",
    staying: "writes everywhere",
    standing: "nothing",
  },
  {
    name: "rivals",
    kinds: ["rivals"],
    tempo: "long",
    programs: [],
    members: 3,
    raft: {
      heartbeatMicros: 20_000,
      electionMicros: 1_000_000,
      preVote: false,
      checkQuorum: false,
      maxSizePerMsgBytes: 1,
    },
    network: "plain",
    disks: "quick",
    pace: "steady",
    staying: "writes everywhere",
    standing: "nothing",
  },
  {
    name: "members that come and go",
    kinds: ["reconfigure", "reconfigure", "slow-apply", "slow-apply", "cut", "cut", "crash"],
    programs: [],
    raft: { heartbeatMicros: 20_000, electionMicros: 200_000 },
    pace: "busy",
    standing: "nothing",
  },
  {
    name: "answers to a question of long ago",
    kinds: ["late-answers"],
    tempo: "long",
    programs: [],
    members: 5,
    raft: { heartbeatMicros: 20_000, electionMicros: 200_000, checkQuorum: false, readOnly: "safe" },
    pace: "steady",
    staying: "reads",
    standing: "nothing",
  },
  {
    name: "leases without holders",
    kinds: ["transfer", "transfer", "crash"],
    tempo: "long",
    programs: ["lease"],
    leases: "long",
    disks: "quick",
    standing: "nothing",
  },
  {
    name: "rotting disks",
    kinds: ["bit-rot", "bit-rot", "slow-apply", "slow-apply", "comeback", "cut-leader"],
    programs: [],
    members: 3,
    snapshots: "dense",
    disks: "quick",
    pace: "busy",
  },
  {
    name: "a cluster that grows",
    kinds: ["lost-learner", "transfer"],
    programs: [],
    members: 3,
    standing: "leader",
  },
  {
    name: "hasty members on a bad network",
    kinds: ["pause", "crash"],
    programs: [],
    members: 5,
    raft: { heartbeatMicros: 20_000, electionMicros: 40_000, preVote: true, checkQuorum: true, readOnly: "safe" },
    lossPpm: 100_000,
    pace: "quiet",
    standing: "nothing",
  },
  {
    name: "rough operators",
    kinds: ["delete-all", "delete-all", "compact", "client-pause"],
    programs: ["lease", "lock"],
  },
  {
    name: "a change of guard",
    kinds: ["crash", "transfer", "cut"],
    programs: [],
    members: 3,
    raft: { preVote: true, checkQuorum: true, readOnly: "safe" },
    standing: "relay",
  },
];
