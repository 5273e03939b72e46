// The etcd member as a protocol of the world: what each kind of event means to it.

import { settleDisk } from "../disk/disk.ts";
import { restoreSnapshot, type StoreSnapshot } from "../etcd/snapshot.ts";
import { cloneStore, createStore } from "../etcd/store.ts";
import { mix } from "../kernel/hash.ts";
import type { ClientRequest } from "../kernel/request.ts";
import {
  cloneRaft,
  confStateOf,
  createLog,
  createRaft,
  type Message,
  MessageType,
  messageTypeName,
  NO_ENTRIES,
  type RaftConfig,
  Role,
  reportSnapshot,
  Snapshot,
  setSnapshot,
  step,
  tick,
} from "../raft/raft.ts";
import { APPLY_TIMER, adopt, applyQueued, REMOVED_TIMER } from "./apply.ts";
import type { EtcdConfig } from "./etcd-config.ts";
import { type Backend, createEtcdMember, type EtcdMember } from "./etcd-member.ts";
import { MemberEnv } from "./member-env.ts";
import type { MemberObserver } from "./observer.ts";
import type { MessageFacts, ProcessContext, ProcessFacts, Protocol } from "./protocol.ts";
import { beatWhileStalled, drive, persisted } from "./ready.ts";
import { proposeCompaction, takeRequest, tendRequests } from "./requests.ts";
import { readDisk, SnapshotRecord, StateRecord, snapshotName } from "./wal.ts";

/** Timer: Raft's tick. */
const TICK_TIMER = 1;

/** Index and term at which a cluster is founded: a snapshot with the founding membership stands there on every disk. */
const FOUNDING_INDEX = 1;
const FOUNDING_TERM = 1;

/** For peers that were never heard of. */
const NEVER_HEARD = -1_000_000;

/** A snapshot that was sent and not acknowledged is given up after this many ticks, and sent again when asked for. */
const SNAPSHOT_TICKS = 50;

const REMOVED = "removed from the cluster";

/** Local clocks that drift are read in whole micros: a timer may fire this much early by them. */
const ROUNDING_MICROS = 16;

/** The etcd member. One object hosts all members of a run. */
export class EtcdProtocol implements Protocol<EtcdMember, Message> {
  readonly name = "etcd";
  readonly config: EtcdConfig;
  observer: MemberObserver | null = null;
  private env: MemberEnv | null = null;

  constructor(config: EtcdConfig) {
    this.config = config;
  }

  private enter(context: ProcessContext): MemberEnv {
    let env = this.env;
    if (env === null) {
      env = new MemberEnv(context);
      this.env = env;
    }
    env.context = context;
    env.observer = this.observer;
    return env;
  }

  init(context: ProcessContext): void {
    const { founding, etcdMutations } = this.config;
    const record = new SnapshotRecord(FOUNDING_INDEX, FOUNDING_TERM, 0, founding, null);
    context.writeFile(snapshotName(FOUNDING_INDEX), record);
    context.append(new StateRecord(FOUNDING_TERM, 0, FOUNDING_INDEX));
    const backend: Backend = {
      store: createStore({ mutations: etcdMutations }),
      appliedIndex: FOUNDING_INDEX,
      appliedTerm: FOUNDING_TERM,
      appliedChain: 0,
      confState: founding,
      removed: [],
      saved: null,
    };
    context.disk.backend = backend;
  }

  start(context: ProcessContext): EtcdMember | null {
    const env = this.enter(context);
    const disk = context.disk;
    const empty = disk.files.length === 0 && disk.log.length === 0;
    if (empty && context.boot > 1 && !this.config.mutations.wipedMemberSameId) {
      context.die(`member n${context.self} has already been bootstrapped`);
      return null;
    }
    if (disk.backend === null) {
      const backend: Backend = {
        store: createStore({ mutations: this.config.etcdMutations }),
        appliedIndex: 0,
        appliedTerm: 0,
        appliedChain: 0,
        confState: confStateOf([]),
        removed: [],
        saved: null,
      };
      disk.backend = backend;
    }
    if (this.config.mutations.consistentIndexAhead && context.boot > 1) reopenSaved(env.backend, this.config);
    const raftConfig = this.raftConfigOf(context.self);
    const maxApplying = raftConfig.maxCommittedSizePerReady || raftConfig.maxSizePerMsg;
    const read = readDisk(disk, maxApplying, this.config.mutations);
    if ("refusal" in read) {
      context.die(read.refusal);
      return null;
    }
    settleDisk(disk);
    const backend = env.backend;
    let { snapshot, log } = read;
    if (snapshot !== null && snapshot.index > backend.appliedIndex) {
      if (snapshot.data === null) {
        context.die("the database is older than the snapshot file and cannot be brought forward");
        return null;
      }
      restoreBackend(backend, snapshot, this.config);
    }
    if (backend.removed.includes(context.self)) {
      context.die(REMOVED);
      return null;
    }
    const { appliedIndex, appliedTerm, appliedChain, confState } = backend;
    if (appliedIndex > log.last) {
      // The database is ahead of the log: the log goes on from the applied state.
      snapshot = new Snapshot(appliedIndex, appliedTerm, confState, appliedChain, null, 0);
      log = createLog(snapshot, NO_ENTRIES, maxApplying);
    }
    const raft = createRaft(
      raftConfig,
      {
        hardState: {
          term: Math.max(read.term, appliedTerm),
          vote: read.term >= appliedTerm ? read.vote : 0,
          commit: Math.max(read.commit, appliedIndex),
        },
        snapshot,
        entries: NO_ENTRIES,
        log,
        membership: confState,
        applied: appliedIndex,
      },
      env,
    );
    if (snapshot !== null) setSnapshot(raft, snapshot);
    const member = createEtcdMember(this.config, raft, backend.confState.voters);
    if (this.observer !== null) this.observer.booted(context.self, raft, member.durableIndex);
    const phase = 1 + context.choose("tick-phase", this.config.tickMicros);
    member.firstTickMicros = context.localMicros() + phase;
    context.setTimer(phase, TICK_TIMER);
    drive(member, env);
    return member;
  }

  /**
   * Number of ticks that were due by now, less one. A process that stood still missed some: as with Go's ticker they are not
   * made up for, but the next one keeps step, and a lease counts them all.
   */
  private ticksDue(member: EtcdMember, context: ProcessContext): number {
    return Math.floor((context.localMicros() - member.firstTickMicros + ROUNDING_MICROS) / this.config.tickMicros);
  }

  /** With lease reads Raft must know how much time has passed, also where no tick came. */
  private tellTime(member: EtcdMember, context: ProcessContext): void {
    const raft = member.raft;
    if (raft.config.readOnly !== "lease-based") return;
    const due = this.ticksDue(member, context) + 1;
    if (due > raft.ticks) raft.ticks = due;
  }

  private raftConfigOf(id: number): RaftConfig {
    return this.config.raft[id] ?? { ...this.config.joining, id };
  }

  receive(member: EtcdMember, from: number, message: Message, context: ProcessContext): void {
    const env = this.enter(context);
    const { removed } = env.backend;
    if (removed.length > 0 && removed.includes(from) && !member.raft.config.mutations.removedServerDisrupts) return;
    const heard = member.heardAtTick;
    while (heard.length <= from) heard.push(NEVER_HEARD);
    heard[from] = member.raft.ticks;
    this.tellTime(member, context);
    step(member.raft, message, env);
    drive(member, env);
  }

  timer(member: EtcdMember, timer: number, context: ProcessContext): void {
    const env = this.enter(context);
    if (timer === REMOVED_TIMER) {
      context.die(REMOVED);
      return;
    }
    if (timer === APPLY_TIMER) {
      applyQueued(member, env);
      drive(member, env);
      return;
    }
    const due = this.ticksDue(member, context);
    const next = member.firstTickMicros + (due + 1) * this.config.tickMicros;
    context.setTimer(next - context.localMicros(), TICK_TIMER);
    const raft = member.raft;
    if (due > raft.ticks) raft.ticks = due;
    tick(raft, env);
    if (this.config.mutations.diskStalledLeader) beatWhileStalled(member, env);
    if (member.waiters.length > 0 || member.stalled.length > 0 || member.readRounds.length > 0) {
      tendRequests(member, env);
    }
    if (member.snapshotsSent.length > 0) this.tendSnapshots(member, env);
    const every = this.config.autoCompactRevisions;
    if (every > 0 && raft.role === Role.Leader) {
      const revision = env.backend.store.revision;
      if (revision - member.compactedAtRevision >= 2 * every && proposeCompaction(member, env, every)) {
        member.compactedAtRevision = revision - every;
      }
    }
    drive(member, env);
  }

  private tendSnapshots(member: EtcdMember, env: MemberEnv): void {
    const now = env.context.localMicros();
    const kept = [];
    for (const sent of member.snapshotsSent) {
      if (now - sent.atMicros < SNAPSHOT_TICKS * this.config.tickMicros) kept.push(sent);
      else reportSnapshot(member.raft, sent.to, true, env);
    }
    member.snapshotsSent = kept;
  }

  diskDone(member: EtcdMember, ok: boolean, context: ProcessContext): void {
    const env = this.enter(context);
    if (!ok && !this.config.mutations.fsyncErrorRetried) {
      context.die("failed to sync the write-ahead log: input/output error");
      return;
    }
    if (member.persisting !== null) persisted(member, env);
  }

  request(member: EtcdMember, request: ClientRequest, context: ProcessContext): void {
    const env = this.enter(context);
    this.tellTime(member, context);
    takeRequest(member, env, request);
    drive(member, env);
  }

  messageType(message: Message): string {
    return messageTypeName(message.type);
  }

  mayDuplicate(message: Message): boolean {
    return message.type !== MessageType.MsgProp;
  }

  messageHash(message: Message): number {
    const low = message.index ^ (message.type << 26) ^ (message.entries.length << 20);
    return (
      Math.imul(low, 0x9e3779b1) ^
      Math.imul(message.commit ^ (message.term << 20), 0x85ebca6b) ^
      (message.reject ? message.rejectHint | 0x40000000 : message.logTerm)
    );
  }

  traceMessage(message: Message, facts: MessageFacts): void {
    facts.type = message.type;
    facts.term = message.term;
    facts.index = message.index;
  }

  messageBytes(message: Message): number {
    let bytes = 64;
    for (const entry of message.entries) bytes += entry.size;
    return message.snapshot === null ? bytes : bytes + message.snapshot.size;
  }

  describe(member: EtcdMember, facts: ProcessFacts): void {
    const raft = member.raft;
    const log = raft.log;
    facts.role = raft.role;
    facts.term = raft.term;
    facts.commit = log.committed;
    facts.applied = log.applied;
    facts.lastIndex = log.last;
  }

  office(member: EtcdMember): number {
    return member.raft.term * 4 + member.raft.role;
  }

  fingerprint(member: EtcdMember): number {
    const raft = member.raft;
    const log = raft.log;
    const office = raft.term ^ (raft.role << 28) ^ (raft.vote << 21) ^ (raft.lead << 14);
    return (
      Math.imul(office, 0x9e3779b1) ^
      Math.imul(log.committed ^ (log.applied << 12), 0x85ebca6b) ^
      Math.imul(log.lastChain ^ log.last, 0xc2b2ae35)
    );
  }

  clone(member: EtcdMember): EtcdMember {
    return {
      ...member,
      raft: cloneRaft(member.raft),
      applyQueue: member.applyQueue.slice(),
      waiters: member.waiters.slice(),
      stalled: member.stalled.slice(),
      readQueue: member.readQueue.slice(),
      readRounds: member.readRounds.map((round) => ({ ...round })),
      heardAtTick: member.heardAtTick.slice(),
      snapshotsSent: member.snapshotsSent.slice(),
      cuts: member.cuts.slice(),
    };
  }

  cloneBackend(backend: unknown): unknown {
    const from = backend as Backend;
    return { ...from, store: cloneStore(from.store) };
  }
}

function restoreBackend(backend: Backend, snapshot: Snapshot, config: EtcdConfig): void {
  backend.store = restoreSnapshot(snapshot.data as StoreSnapshot, { mutations: config.etcdMutations });
  backend.appliedIndex = snapshot.index;
  backend.appliedTerm = snapshot.term;
  backend.appliedChain = snapshot.chain;
  adopt(backend, snapshot.confState);
}

/** Planted bug: what a start finds is the database as it was saved last. */
function reopenSaved(backend: Backend, config: EtcdConfig): void {
  const { saved } = backend;
  if (saved === null) return;
  backend.store = restoreSnapshot(saved.snapshot, { mutations: config.etcdMutations });
  backend.appliedIndex = saved.index;
  backend.appliedTerm = saved.term;
  backend.appliedChain = saved.chain;
  backend.confState = saved.confState;
  backend.removed = saved.removed;
}

/** A hash of a store's content and of how far it goes, for fingerprints. */
export function backendHash(backend: Backend): number {
  return mix(mix(backend.store.digestLow, backend.store.digestHigh), backend.appliedIndex);
}
