/**
 * A small cluster of bare Raft members for tests: one queue of messages, disks that survive crashes, no clock but ticks.
 *
 * Synchronous hosts: after every event a member's Ready is persisted, sent and applied at once.
 */

import {
  advance,
  applyConfChange,
  campaign,
  compactLog,
  confChangeOf,
  confStateOf,
  createRaft,
  createRaftConfig,
  type Entry,
  EntryType,
  hasReady,
  type Message,
  MessageType,
  NO_RAFT_MUTATIONS,
  type Payload,
  propose,
  type Raft,
  type RaftConfig,
  type RaftEnv,
  type RaftMutations,
  type ReadState,
  Role,
  ready,
  reportSnapshot,
  type Snapshot,
  Snapshot as SnapshotValue,
  type StepError,
  setSnapshot,
  step,
  tick,
} from "../../src/raft/raft.ts";

/** A payload with a number in it. */
export class Command implements Payload {
  readonly value: number;
  readonly size: number;
  readonly hash: number;

  constructor(value: number, size = 8) {
    this.value = value;
    this.size = size;
    this.hash = Math.imul(value + 1, 0x9e3779b1) | 0;
  }
}

export interface Disk {
  term: number;
  vote: number;
  commit: number;
  snapshot: Snapshot;
  entries: Entry[];
}

export interface Member {
  raft: Raft;
  readonly config: RaftConfig;
  readonly disk: Disk;
  /** Everything applied, by index. */
  applied: Entry[];
  reads: ReadState[];
  up: boolean;
}

export interface Cluster {
  readonly members: Member[];
  queue: Message[];
  /** Links that carry nothing, as `from>to`. */
  readonly cut: Set<string>;
  readonly env: RaftEnv;
  readonly violations: string[];
  /** Called for each message that is sent; false: it is lost. */
  filter: ((message: Message) => boolean) | null;
}

export interface Options extends Partial<RaftConfig> {
  /** Ids of the voters; default 1..n. */
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  readonly timeout?: (id: number, electionTicks: number) => number;
}

/** Returns the mutations with these switched on. */
export function mutated(...names: (keyof RaftMutations)[]): RaftMutations {
  const mutations: Record<string, boolean> = { ...NO_RAFT_MUTATIONS };
  for (const name of names) mutations[name] = true;
  return mutations as unknown as RaftMutations;
}

/** Returns n members, followers of term 0, whose logs start after index 1 (as etcd's do after bootstrap). */
export function createCluster(n: number, options: Options = {}): Cluster {
  const ids = Array.from({ length: n }, (_, k) => k + 1);
  const violations: string[] = [];
  const timeout = options.timeout ?? ((id, electionTicks) => electionTicks + (id % electionTicks));
  const env: RaftEnv = {
    electionTimeout: timeout,
    logger: null,
    violation: (text) => {
      violations.push(text);
    },
  };
  const cluster: Cluster = { members: [], queue: [], cut: new Set(), env, violations, filter: null };
  const state = confStateOf(options.voters ?? ids, options.learners ?? []);
  for (const id of ids) {
    const { voters: _voters, learners: _learners, timeout: _timeout, ...rest } = options;
    const config = createRaftConfig({ ...rest, id });
    const disk: Disk = {
      term: 0,
      vote: 0,
      commit: 0,
      snapshot: new SnapshotValue(1, 1, state, 0, [], 0),
      entries: [],
    };
    cluster.members.push({ raft: start(config, disk, env), config, disk, applied: [], reads: [], up: true });
  }
  return cluster;
}

function start(config: RaftConfig, disk: Disk, env: RaftEnv): Raft {
  return createRaft(
    config,
    {
      hardState: { term: disk.term, vote: disk.vote, commit: disk.commit },
      snapshot: disk.snapshot,
      entries: disk.entries,
      applied: disk.snapshot.index,
    },
    env,
  );
}

export function member(cluster: Cluster, id: number): Member {
  return cluster.members[id - 1]!;
}

export function raftOf(cluster: Cluster, id: number): Raft {
  return member(cluster, id).raft;
}

/** Persists, sends and applies all that a member has to do. */
export function work(cluster: Cluster, id: number): void {
  const one = member(cluster, id);
  while (one.up && hasReady(one.raft)) {
    const taken = ready(one.raft);
    if (taken.hardState !== null) {
      one.disk.term = taken.hardState.term;
      one.disk.vote = taken.hardState.vote;
      one.disk.commit = taken.hardState.commit;
    }
    if (taken.snapshot !== null) {
      one.disk.snapshot = taken.snapshot;
      one.disk.entries = [];
      one.applied = (taken.snapshot.data as Entry[]).slice();
      setSnapshot(one.raft, taken.snapshot);
    }
    if (taken.entries.length > 0) {
      const keep = taken.entries[0]!.index - one.disk.snapshot.index - 1;
      one.disk.entries = [...one.disk.entries.slice(0, Math.max(keep, 0)), ...taken.entries];
    }
    for (const message of taken.messages) post(cluster, message);
    for (const entry of taken.committedEntries) {
      one.applied.push(entry);
      if (entry.type !== EntryType.EntryNormal) applyConfChange(one.raft, confChangeOf(entry), cluster.env);
    }
    one.reads.push(...taken.readStates);
    advance(one.raft, cluster.env);
  }
}

function post(cluster: Cluster, message: Message): void {
  if (cluster.filter !== null && !cluster.filter(message)) return;
  cluster.queue.push(message);
}

/** Loses a message. */
export function lose(cluster: Cluster, message: Message): void {
  reportTransmission(cluster, message, true);
}

/** As etcd's transport does: the sender of a snapshot hears whether it arrived, else it might wait for ever. */
function reportTransmission(cluster: Cluster, message: Message, failed: boolean): void {
  const sender = cluster.members[message.from - 1];
  if (message.type !== MessageType.MsgSnap || sender === undefined || !sender.up) return;
  reportSnapshot(sender.raft, message.to, failed, cluster.env);
  work(cluster, message.from);
}

/** Delivers one message, if its link carries anything and its target is up. */
export function deliver(cluster: Cluster, message: Message): StepError | null {
  const target = cluster.members[message.to - 1];
  if (cluster.cut.has(`${message.from}>${message.to}`) || target === undefined || !target.up) {
    lose(cluster, message);
    return null;
  }
  const error = step(target.raft, message, cluster.env);
  work(cluster, message.to);
  reportTransmission(cluster, message, false);
  return error;
}

/** Lets everything happen that can happen without a tick. */
export function settle(cluster: Cluster, deliveriesMax = 100_000): void {
  for (const one of cluster.members) work(cluster, one.config.id);
  for (let k = 0; cluster.queue.length > 0; k++) {
    if (k === deliveriesMax) throw new Error("the cluster does not settle");
    deliver(cluster, cluster.queue.shift()!);
  }
}

/** Lets n ticks pass for the given members (default all), and everything happen that follows. */
export function ticks(cluster: Cluster, n: number, ids?: readonly number[]): void {
  for (let k = 0; k < n; k++) {
    for (const one of cluster.members) {
      if (!one.up || (ids !== undefined && !ids.includes(one.config.id))) continue;
      tick(one.raft, cluster.env);
      work(cluster, one.config.id);
    }
    settle(cluster);
  }
}

/** Makes a member campaign, and everything happen that follows. */
export function elect(cluster: Cluster, id: number): void {
  campaign(raftOf(cluster, id), cluster.env);
  settle(cluster);
}

/** Proposes a command at a member and lets everything happen that follows. */
export function write(cluster: Cluster, id: number, value: number): StepError | null {
  const error = propose(raftOf(cluster, id), new Command(value), cluster.env);
  settle(cluster);
  return error;
}

/** Cuts all links between the two groups, in both directions. */
export function partition(cluster: Cluster, a: readonly number[], b: readonly number[]): void {
  for (const from of a) {
    for (const to of b) {
      cluster.cut.add(`${from}>${to}`);
      cluster.cut.add(`${to}>${from}`);
    }
  }
}

export function heal(cluster: Cluster): void {
  cluster.cut.clear();
}

/** Loses all that is not on disk. */
export function crash(cluster: Cluster, id: number): void {
  member(cluster, id).up = false;
}

export function restart(cluster: Cluster, id: number): void {
  const one = member(cluster, id);
  one.raft = start(one.config, one.disk, cluster.env);
  one.applied = (one.disk.snapshot.data as Entry[]).slice();
  one.reads = [];
  one.up = true;
  work(cluster, id);
}

/** Takes a snapshot of all that a member applied, and compacts its log up to there. */
export function snapshotAt(cluster: Cluster, id: number): void {
  const one = member(cluster, id);
  const last = one.applied.at(-1);
  const log = one.raft.log;
  if (last === undefined || last.index <= log.snapshotIndex || last.index !== log.applied) return;
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = one.raft.tracker.membership;
  const state = { voters, votersOutgoing, learners, learnersNext, autoLeave };
  const snapshot = new SnapshotValue(last.index, last.term, state, last.chain, one.applied.slice(), 0);
  one.disk.entries = one.disk.entries.filter((entry) => entry.index > last.index);
  one.disk.snapshot = snapshot;
  setSnapshot(one.raft, snapshot);
  const refused = compactLog(log, last.index);
  if (refused !== null) throw new Error(refused);
}

/** Ids of the members that lead, ascending. */
export function leaders(cluster: Cluster): number[] {
  return cluster.members.filter((one) => one.up && one.raft.role === Role.Leader).map((one) => one.config.id);
}

/** Values of the commands a member applied, in order. */
export function values(cluster: Cluster, id: number): number[] {
  return member(cluster, id).applied.flatMap((entry) => (entry.data instanceof Command ? [entry.data.value] : []));
}
