// The etcd member as a protocol of the world: what each kind of event means to it.

import { settleDisk } from "../disk/disk.ts";
import { replaceMembers } from "../etcd/apply-cluster.ts";
import { ClusterMember } from "../etcd/cluster-state.ts";
import { clusterVersionOf } from "../etcd/cluster-version.ts";
import { cloneLeaseClock } from "../etcd/lease-clock.ts";
import { sizeInUseBytes } from "../etcd/quota.ts";
import { memberIdOf } from "../etcd/reconfigure.ts";
import { firstIdAt, type ServerConfig } from "../etcd/server.ts";
import { exportSnapshot, restoreSnapshot, StoreSnapshot } from "../etcd/snapshot.ts";
import { bumpRevision, cloneStore, compactStore, createStore, type Store } from "../etcd/store.ts";
import { cloneTokenTable } from "../etcd/tokens.ts";
import { cloneWatchHub } from "../etcd/watch-hub.ts";
import type { ClientRequest } from "../kernel/request.ts";
import {
  type ConfState,
  chainAt,
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
import { COMPACTION_TIMER, compacted, DEFRAG_TIMER, defragmented, NOT_COMPACTING, reopen } from "./backend-work.ts";
import { believedSynced } from "./believed.ts";
import { MOVE_TIMER, movedLeader } from "./calls.ts";
import { tendCorruptCheck } from "./corruption.ts";
import type { EtcdConfig } from "./etcd-config.ts";
import { type Backend, createEtcdMember, type EtcdMember, ticksBy } from "./etcd-member.ts";
import { clusterIdOf, foundingMembers, foundingStore, idOf, NO_MEMBER, peerUrlOf } from "./identity.ts";
import { lookAtLeases } from "./leases.ts";
import { MemberEnv } from "./member-env.ts";
import type { MemberObserver } from "./observer.ts";
import { isRaftMessage, type PeerMessage, peerTypeName } from "./peer-message.ts";
import { HEAD_START_TIMER, headStart, introduce, keepInTouch, noteHeard, takePeerMessage } from "./peers.ts";
import type { MessageFacts, ProcessContext, ProcessFacts, Protocol, RestorePlan } from "./protocol.ts";
import { beatWhileStalled, drive, persisted } from "./ready.ts";
import { takeRequest, tendRequests } from "./requests.ts";
import { SYNC_TIMER, tendStreams, VICTIM_TIMER, watchTimer } from "./streams.ts";
import { compactByAge, compactByRevisions, publish, settleVersion } from "./upkeep.ts";
import { readDisk, SnapshotRecord, StateRecord, snapshotName } from "./wal.ts";

/** Timer: Raft's tick. */
const TICK_TIMER = 1;

/** Index and term at which a cluster is founded: a snapshot with the founding membership stands there on every disk. */
const FOUNDING_INDEX = 1;
const FOUNDING_TERM = 1;

/** A snapshot that was sent and not acknowledged is given up after this many ticks, and sent again when asked for. */
const SNAPSHOT_TICKS = 50;

/** What sets the numbers of a boot's questions apart from those of the boots before. */
const QUESTIONS_OF_A_BOOT = 1 << 20;

const REMOVED = "removed from the cluster";

/** The etcd member. One object hosts all members of a run. */
export class EtcdProtocol implements Protocol<EtcdMember, Message | PeerMessage> {
  readonly name = "etcd";
  readonly config: EtcdConfig;
  observer: MemberObserver | null = null;
  private env: MemberEnv | null = null;

  constructor(config: EtcdConfig) {
    this.config = config;
  }

  private enter(member: EtcdMember | null, context: ProcessContext): MemberEnv {
    const env = this.env;
    if (env === null || env.context !== context || env.observer !== this.observer)
      return this.settleIn(member, context);
    env.desk.member = member;
    return env;
  }

  /** The first event, or another run's. */
  private settleIn(member: EtcdMember | null, context: ProcessContext): MemberEnv {
    const env = this.env ?? new MemberEnv(context);
    this.env = env;
    env.context = context;
    env.observer = this.observer;
    env.desk.member = member;
    return env;
  }

  init(context: ProcessContext): void {
    const { founding, clusterName } = this.config;
    const store = foundingStore(this.storeOptions(), founding, clusterName);
    found(context, store, founding, clusterIdOf(store.members, clusterName), FOUNDING_TERM);
  }

  private storeOptions(): ServerConfig["store"] {
    const { etcdMutations, electionMicros, corruptCheckMicros } = this.config;
    return {
      mutations: etcdMutations,
      minLeaseTtlSeconds: Math.ceil((1.5 * electionMicros) / 1_000_000),
      compactionHashes: corruptCheckMicros > 0,
    };
  }

  private serverConfig(store: Store, context: ProcessContext): ServerConfig {
    const { config } = this;
    const listed = idOf(store, context.self);
    return {
      memberId: listed === NO_MEMBER ? memberIdOf([peerUrlOf(context.self)], config.clusterName, 0) : listed,
      clusterName: config.clusterName,
      quotaBytes: config.quotas[context.self] ?? config.quotaBytes,
      electionMicros: config.electionMicros,
      store: this.storeOptions(),
      version: context.version,
    };
  }

  backupOf(backend: unknown): StoreSnapshot {
    return exportSnapshot((backend as Backend).store);
  }

  restore(context: ProcessContext, backup: unknown, plan: RestorePlan): boolean {
    const { clusterName } = this.config;
    const founding = confStateOf(plan.members);
    if (plan.term > 0) {
      const { store, clusterId } = backup as Backend;
      const own = store.members.filter(({ number }) => number === context.self).map(asVoter);
      replaceMembers(store, own);
      found(context, store, founding, clusterId, plan.term);
      return true;
    }
    if (!(backup instanceof StoreSnapshot)) return false;
    const name = plan.generation === 0 ? clusterName : `${clusterName}/${plan.generation}`;
    const store = restoreSnapshot(backup, this.storeOptions());
    replaceMembers(store, foundingMembers(founding, name));
    if (this.config.mutations.restoreRewindsRevision) {
      // Planted: neither is done, whatever was asked for.
    } else if (plan.bumpRevision > 0) bumpRevision(store, plan.bumpRevision);
    else if (plan.markCompacted && store.revision > store.compactRevision) compactStore(store, store.revision);
    found(context, store, founding, clusterIdOf(store.members, name), FOUNDING_TERM);
    return true;
  }

  start(context: ProcessContext): EtcdMember | null {
    const env = this.enter(null, context);
    const disk = context.disk;
    const empty = disk.files.length === 0 && disk.log.length === 0;
    if (empty && context.boot > 1 && !this.config.mutations.wipedMemberSameId) {
      context.die(`member n${context.self} has already been bootstrapped`);
      return null;
    }
    if (disk.backend === null) {
      disk.backend = backendOf(createStore(this.storeOptions()), "");
    }
    if (this.config.mutations.consistentIndexAhead && context.boot > 1) reopenSaved(env.backend, this.storeOptions());
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
      restoreBackend(backend, snapshot, this.storeOptions());
    }
    if (backend.replayFrom > 0 && backend.replayFrom >= log.snapshotIndex) {
      backend.appliedIndex = backend.replayFrom;
      backend.appliedChain = chainAt(log, backend.replayFrom);
      backend.replayFrom = 0;
    }
    reopen(backend);
    if (backend.removed.includes(context.self)) {
      context.die(REMOVED);
      return null;
    }
    if (isTooOld(context.version, backend.store)) {
      context.die(
        `cluster cannot be downgraded: this is ${context.version}, the cluster speaks ${backend.store.clusterVersion}`,
      );
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
    const member = createEtcdMember(this.config, this.serverConfig(backend.store, context), raft, []);
    member.nextId = firstIdAt(context.wallMicros());
    // Connections end with a process: what an earlier boot asked is answered to nobody.
    member.peersAsked = context.boot * QUESTIONS_OF_A_BOOT;
    env.desk.member = member;
    if (this.observer !== null) this.observer.booted(context.self, raft, member.durableIndex);
    const phase = 1 + context.choose("tick-phase", this.config.tickMicros);
    member.firstTickMicros = context.localMicros() + phase;
    context.setTimer(phase, TICK_TIMER);
    if (this.config.headStart) introduce(member, env);
    drive(member, env);
    return member;
  }

  /** With lease reads Raft must know how much time has passed, also where no tick came. */
  private tellTime(member: EtcdMember, context: ProcessContext): void {
    const raft = member.raft;
    const due = ticksBy(member, context.localMicros());
    if (due > raft.ticks) raft.ticks = due;
  }

  private raftConfigOf(id: number): RaftConfig {
    return this.config.raft[id] ?? { ...this.config.joining, id };
  }

  receive(member: EtcdMember, from: number, message: Message | PeerMessage, context: ProcessContext): void {
    const env = this.enter(member, context);
    if (env.backend.removed.length > 0 && this.isRemoved(member, env, from)) return;
    noteHeard(member, from);
    if (member.raft.leaseReads) this.tellTime(member, context);
    if (isRaftMessage(message)) step(member.raft, message, env);
    else takePeerMessage(member, env, from, message);
    drive(member, env);
  }

  private isRemoved(member: EtcdMember, env: MemberEnv, from: number): boolean {
    return env.backend.removed.includes(from) && !member.raft.config.mutations.removedServerDisrupts;
  }

  timer(member: EtcdMember, timer: number, context: ProcessContext): void {
    const env = this.enter(member, context);
    if (timer !== TICK_TIMER) {
      this.otherTimer(member, env, timer);
      return;
    }
    const before = ticksBy(member, context.localMicros()) - 1;
    const next = member.firstTickMicros + (before + 1 - member.headStartTicks) * this.config.tickMicros;
    context.setTimer(next - context.localMicros(), TICK_TIMER);
    const raft = member.raft;
    if (before > raft.ticks) raft.ticks = before;
    tick(raft, env);
    if (this.config.mutations.diskStalledLeader) beatWhileStalled(member, env);
    if (
      member.waiters.length > 0 ||
      member.stalled.length > 0 ||
      member.readRounds.length > 0 ||
      member.pendingCalls.length > 0 ||
      member.renewals.length > 0
    ) {
      tendRequests(member, env);
    }
    if (member.snapshotsSent.length > 0) this.tendSnapshots(member, env);
    if (member.leases.primary && env.backend.store.leases.size > 0) lookAtLeases(member, env);
    this.tendItself(member, env);
    drive(member, env);
    if (member.streams.length > 0) tendStreams(member, env);
  }

  private tendItself(member: EtcdMember, env: MemberEnv): void {
    const { config } = this;
    if (config.headStart) {
      keepInTouch(member, env);
      if (!member.published) publish(member, env);
    }
    if (config.autoCompactRevisions > 0) compactByRevisions(member, env, config.autoCompactRevisions);
    if (config.autoCompactPeriodMicros > 0) compactByAge(member, env, config.autoCompactPeriodMicros);
    if (member.raft.role !== Role.Leader) return;
    if (config.corruptCheckMicros > 0) tendCorruptCheck(member, env);
    if (config.watchesVersions) settleVersion(member, env);
  }

  private otherTimer(member: EtcdMember, env: MemberEnv, timer: number): void {
    switch (timer) {
      case REMOVED_TIMER:
        env.context.die(REMOVED);
        return;
      case APPLY_TIMER:
        applyQueued(member, env);
        break;
      case HEAD_START_TIMER:
        headStart(member, env);
        break;
      case SYNC_TIMER:
      case VICTIM_TIMER:
        watchTimer(member, env, timer);
        return;
      case DEFRAG_TIMER:
        defragmented(member, env);
        break;
      case COMPACTION_TIMER:
        compacted(member, env);
        return;
      case MOVE_TIMER:
        movedLeader(member, env);
        return;
      default:
        return;
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
    const env = this.enter(member, context);
    if (!ok && !this.config.mutations.fsyncErrorRetried) {
      context.die("failed to sync the write-ahead log: input/output error");
      return;
    }
    if (believedSynced(member, env) && member.persisting !== null) persisted(member, env);
  }

  request(member: EtcdMember, request: ClientRequest, context: ProcessContext): void {
    const env = this.enter(member, context);
    if (member.raft.leaseReads) this.tellTime(member, context);
    takeRequest(member, env, request);
    drive(member, env);
  }

  messageType(message: Message | PeerMessage): string {
    return isRaftMessage(message) ? messageTypeName(message.type) : peerTypeName(message.type);
  }

  mayDuplicate(message: Message | PeerMessage): boolean {
    return isRaftMessage(message) && message.type !== MessageType.MsgProp;
  }

  messageHash(message: Message | PeerMessage): number {
    if (!isRaftMessage(message)) return Math.imul(message.type ^ (message.number << 8), 0x9e3779b1);
    const low = message.index ^ (message.type << 26) ^ (message.entries.length << 20);
    return (
      Math.imul(low, 0x9e3779b1) ^
      Math.imul(message.commit ^ (message.term << 20), 0x85ebca6b) ^
      (message.reject ? message.rejectHint | 0x40000000 : message.logTerm)
    );
  }

  traceMessage(message: Message | PeerMessage, facts: MessageFacts): void {
    facts.type = message.type;
    facts.term = isRaftMessage(message) ? message.term : 0;
    facts.index = isRaftMessage(message) ? message.index : message.number;
  }

  messageBytes(message: Message | PeerMessage): number {
    let bytes = 64;
    if (!isRaftMessage(message)) return bytes;
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
      stalledChanges: member.stalledChanges.slice(),
      readQueue: member.readQueue.slice(),
      readRounds: member.readRounds.map((round) => ({ ...round })),
      heardAtTick: member.heardAtTick.slice(),
      patientReads: member.patientReads.slice(),
      connectedAtTick: member.connectedAtTick.slice(),
      snapshotsSent: member.snapshotsSent.slice(),
      cuts: member.cuts.slice(),
      revisionsSeen: member.revisionsSeen.slice(),
      tokens: cloneTokenTable(member.tokens),
      leases: cloneLeaseClock(member.leases),
      hub: cloneWatchHub(member.hub),
      streams: member.streams.map((stream) => ({ ...stream })),
      recipes: member.recipes.map((running) => ({ ...running, recipe: { ...running.recipe } })),
      pendingCalls: member.pendingCalls.map((call) => ({ ...call })),
      renewals: member.renewals.map((renewal) => ({ ...renewal })),
      blocked: member.blocked.slice(),
      physical: member.physical.slice(),
      believed: member.believed.slice(),
      versions: member.versions.slice(),
    };
  }

  cloneBackend(backend: unknown): unknown {
    const from = backend as Backend;
    return { ...from, store: cloneStore(from.store) };
  }
}

/** Writes the disk of a member as it stands before its first start: a snapshot with the membership, and the state. */
function found(context: ProcessContext, store: Store, founding: ConfState, clusterId: string, term: number): void {
  context.writeFile(snapshotName(FOUNDING_INDEX), new SnapshotRecord(FOUNDING_INDEX, term, 0, founding, null));
  context.append(new StateRecord(term, 0, FOUNDING_INDEX));
  const backend = backendOf(store, clusterId);
  backend.appliedIndex = FOUNDING_INDEX;
  backend.appliedTerm = term;
  backend.confState = founding;
  context.disk.backend = backend;
}

function asVoter({ id, name, peerUrls, clientUrls, number }: ClusterMember): ClusterMember {
  return new ClusterMember(id, name, peerUrls, clientUrls, false, number);
}

/** A program of a lower minor version than the cluster's does not start, unless a downgrade to it is under way. */
function isTooOld(version: string, store: Store): boolean {
  const own = clusterVersionOf(version);
  const cluster = clusterVersionOf(store.clusterVersion);
  if (own === null || cluster === null) return false;
  if (own.major > cluster.major || (own.major === cluster.major && own.minor >= cluster.minor)) return false;
  const target = clusterVersionOf(store.downgradeTarget);
  return target === null || target.major !== own.major || target.minor !== own.minor;
}

/** A database with this state, in which nothing was applied yet. */
export function backendOf(store: Store, clusterId: string): Backend {
  return {
    store,
    appliedIndex: 0,
    appliedTerm: 0,
    appliedChain: 0,
    confState: confStateOf([]),
    removed: [],
    clusterId,
    fileBytes: sizeInUseBytes(store),
    compactingFrom: NOT_COMPACTING,
    replayFrom: 0,
    saved: null,
  };
}

function restoreBackend(backend: Backend, snapshot: Snapshot, options: ServerConfig["store"]): void {
  backend.store = restoreSnapshot(snapshot.data as StoreSnapshot, options);
  backend.fileBytes = sizeInUseBytes(backend.store);
  backend.appliedIndex = snapshot.index;
  backend.appliedTerm = snapshot.term;
  backend.appliedChain = snapshot.chain;
  adopt(backend, snapshot.confState);
}

/** Planted bug: what a start finds is the database as it was saved last. */
function reopenSaved(backend: Backend, options: ServerConfig["store"]): void {
  const { saved } = backend;
  if (saved === null) return;
  backend.store = restoreSnapshot(saved.snapshot, options);
  backend.appliedIndex = saved.index;
  backend.appliedTerm = saved.term;
  backend.appliedChain = saved.chain;
  backend.confState = saved.confState;
  backend.removed = saved.removed;
}
