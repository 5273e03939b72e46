// The checker of etcd clusters: hears what members and clients say, looks at the member that a step touched, and reports what
// is broken. It reads the world and never changes it.

import type {
  Client,
  ClientFact,
  ClientObserver,
  OpenOperation,
  Outcome,
  ProgramObserver,
  WorkloadPlan,
} from "../client/client.ts";
import type { ClientWatch } from "../client/watching.ts";
import { type EtcdError, RequestKind, type Response } from "../etcd/api.ts";
import { StoreSnapshot } from "../etcd/snapshot.ts";
import type { Store } from "../etcd/store.ts";
import type { WatchResponse } from "../etcd/watch-api.ts";
import { type ChunkedList, createChunked, endOf, itemAt, pushItem } from "../kernel/chunked.ts";
import { CounterAt } from "../kernel/counter.ts";
import { mix } from "../kernel/hash.ts";
import { copyFields } from "../kernel/plain.ts";
import type { ClientRequest, ClientResponse } from "../kernel/request.ts";
import { Command } from "../member/command.ts";
import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import type { MemberObserver } from "../member/observer.ts";
import type { ConfState, Entry, Raft, Snapshot } from "../raft/raft.ts";
import type { LifeObserver } from "../world/context.ts";
import { processOf, type World } from "../world/world.ts";
import { checkApplied } from "./apply-checks.ts";
import { checkReadLeases } from "./exclusion.ts";
import { cloneGhost, createGhost, type Ghost, type MemberGhost, memberGhost } from "./ghost.ts";
import { checkAnswer, lowestBound, noteFirstApplied, noteInvoked } from "./kv-checks.ts";
import { pruneModel, seedModel } from "./kv-model.ts";
import { noteExpiring, noteRenewed } from "./lease-checks.ts";
import { checkFact, checkService } from "./lock-checks.ts";
import {
  checkMember,
  checkSupport,
  noteAcknowledged,
  noteBoot,
  noteConfig,
  noteDurable,
  noteDurableSnapshot,
  noteVote,
  preferApplied,
  pruneEntries,
} from "./raft-checks.ts";
import { seedRights } from "./rights.ts";
import type { Findings, Violation } from "./violation.ts";
import { carryWatches, checkDelivery, lowestWanted, noteWatchEnded, noteWatchOpened } from "./watch-checks.ts";

/** Entries between two prunings of what is remembered; the first comes sooner, before the code around it is compiled for good. */
const PRUNE_ENTRIES = 4096;
const FIRST_PRUNE_ENTRIES = 64;

/** Properties that a loss beyond the fault budget breaks without anybody's fault. */
const BUDGETED: readonly string[] = [
  "leader-completeness",
  "state-machine-safety",
  "commit-support",
  "durability",
  "linearizability",
  "revision-monotonic",
  "client-monotonic",
  "log-matching",
  "acked-prefix-kept",
];

/** Checks every property of etcd's servers after each step. */
export class EtcdChecker implements MemberObserver, ClientObserver, ProgramObserver, LifeObserver, Findings {
  ghost: Ghost = createGhost();
  readonly violations: Violation[] = [];
  /** Properties that are not judged: never (Infinity) or not before a time, in micros. */
  readonly notBefore: Map<string, number> = new Map();
  /** Operations of clusters that a restore ended, and up to which entry the backup had them. */
  readonly past: { readonly operations: ChunkedList<number>[]; readonly upTo: number }[] = [];
  private world: World;
  /** Entries at which the ghosts are pruned next; 0: nothing is ever pruned. */
  pruneEvery: number = PRUNE_ENTRIES;
  private pruneAt: number = FIRST_PRUNE_ENTRIES;

  private readonly workloads: readonly WorkloadPlan[];

  constructor(world: World, workloads: readonly WorkloadPlan[]) {
    this.world = world;
    this.workloads = workloads;
  }

  /** The world of the step under way. */
  bind(world: World): void {
    this.world = world;
  }

  /** A checker of another world that remembers the same, and goes its own way. */
  fork(world: World): EtcdChecker {
    const fork = copyFields<EtcdChecker>(this, new EtcdChecker(world, this.workloads));
    fork.world = world;
    fork.ghost = cloneGhost(this.ghost);
    return fork;
  }

  report(property: string, members: readonly number[], text: string, evidence: readonly string[] = []): void {
    const from = this.notBefore.get(property);
    if (from !== undefined && this.world.atMicros < from) return;
    if (this.ghost.beyondBudget && BUDGETED.includes(property)) return;
    this.violations.push({
      property,
      step: this.world.steps,
      atMicros: this.world.atMicros,
      members: [...members],
      text,
      evidence,
    });
  }

  /** After each step: compares the member that was touched with what is known of it. */
  stepped(world: World, touched: number): void {
    if (touched === 0) return;
    const process = processOf(world, touched);
    if (process.state === null) return;
    const { raft } = process.state as EtcdMember;
    const before = this.ghost.committed;
    checkMember(this.ghost, this, touched, raft, world.atMicros, world.steps);
    if (this.ghost.committed > before && raft.config.readOnly === "lease-based") {
      checkReadLeases(this, world, touched, raft.term);
    }
  }

  // What members say.

  booted(member: number, raft: Raft, durableIndex: number): void {
    memberGhost(this.ghost, member);
    const backend = processOf(this.world, member).disk.backend as Backend;
    noteBoot(this.ghost, this, member, raft, durableIndex, backend.appliedIndex);
    const known = this.ghost.members[member] as MemberGhost;
    this.checkRevision(member, known, backend.store);
  }

  started(_member: number, _state: unknown): void {
    // What recovery gave back was judged by `booted`.
  }

  stopped(member: number): void {
    const known = memberGhost(this.ghost, member);
    known.up = false;
    known.role = 0;
  }

  diskReplaced(member: number): void {
    const ghost = this.ghost;
    const known = memberGhost(ghost, member);
    known.diskReplaced = true;
    known.lost = known.durable;
    known.durable = createChunked<number>(2);
    known.revision = 0;
    known.ackIndex = 0;
    // A learner decides nothing: its disk is no loss to the others.
    if (processOf(this.world, member).role === "learner") return;
    if (!ghost.disksLost.includes(member)) ghost.disksLost.push(member);
    const voters = this.world.ids.filter((id) => {
      const { removed, role } = processOf(this.world, id);
      return !removed && role === "voter";
    }).length;
    if (ghost.disksLost.length > (voters - 1) >> 1) ghost.beyondBudget = true;
  }

  restored(members: readonly number[], backup: unknown): void {
    const { operations, appliedChain } = this.ghost;
    // What was taken into account by the cluster before is that cluster's; what the backup lacks of it is lost.
    const upTo = backup instanceof StoreSnapshot ? backup.revision : 0;
    const revisions = this.ghost.appliedRevision;
    let index = endOf(appliedChain) - 1;
    while (index >= revisions.first && (itemAt(revisions, index) ?? 0) > upTo) index--;
    this.past.push({ operations, upTo: index });
    const { watches } = this.ghost;
    this.ghost = createGhost();
    carryWatches(this.ghost, watches, upTo);
    if (backup instanceof StoreSnapshot) {
      const [first] = members;
      const { store } = processOf(this.world, first as number).disk.backend as Backend;
      seedModel(this.ghost, store);
      seedRights(this.ghost.rights, store);
    }
    this.pruneAt = this.pruneEvery;
  }

  votes(member: number, term: number, candidate: number): void {
    noteVote(this.ghost, this, member, term, candidate, this.world.atMicros, this.world.steps);
  }

  acknowledges(member: number, term: number, index: number): void {
    const state = processOf(this.world, member).state as EtcdMember | null;
    if (state !== null) noteAcknowledged(this.ghost, member, state.raft, term, index);
  }

  durable(member: number, entries: readonly Entry[]): void {
    noteDurable(this.ghost, this, member, entries);
  }

  applied(
    member: number,
    entry: Entry,
    confState: ConfState | null,
    store: Store,
    outcome: Response | EtcdError | null,
  ): void {
    const ghost = this.ghost;
    const known = ghost.members[member] as MemberGhost;
    const index = entry.index;
    if (index !== known.applied + 1) {
      this.report("applied-monotonic", [member], `n${member} applied entry ${index} after entry ${known.applied}`);
    }
    known.applied = index;
    if (entry.data === null) known.countsSinceMicros = this.world.atMicros;
    if (index === endOf(ghost.appliedChain)) this.appliedFirst(member, entry, store, outcome);
    else this.appliedAgain(member, entry, store);
    if (store.revision !== known.revision) this.checkRevision(member, known, store);
    if (confState !== null) noteConfig(ghost, this, member, index, confState);
  }

  /** An entry that nobody had applied: what comes of it is compared with the model. */
  private appliedFirst(member: number, entry: Entry, store: Store, outcome: Response | EtcdError | null): void {
    const ghost = this.ghost;
    const { index, data } = entry;
    pushItem(ghost.appliedChain, entry.chain);
    if (data instanceof Command) {
      const revoked = data.body.kind === RequestKind.LeaseRevoke ? ghost.leases.get(data.body.id) : undefined;
      noteFirstApplied(ghost, this, member, index, data, outcome);
      checkApplied(ghost, this, this.world, member, data, outcome, store, revoked);
    }
    pushItem(ghost.appliedDigest, mix(store.digestLow, store.digestHigh));
    pushItem(ghost.appliedRevision, store.revision);
    if (ghost.others.size > 0) preferApplied(ghost, entry);
    if (index >= this.pruneAt) this.prune(index);
  }

  /** An entry that another member has applied: it is the same one, and what comes of it is the same. */
  private appliedAgain(member: number, entry: Entry, store: Store): void {
    const ghost = this.ghost;
    const index = entry.index;
    const chain = itemAt(ghost.appliedChain, index);
    if (chain === undefined) return;
    if (chain !== entry.chain) {
      this.report(
        "state-machine-safety",
        [member],
        `n${member} applied another entry ${index} than the member that applied it first`,
      );
      return;
    }
    if (itemAt(ghost.appliedRevision, index) !== store.revision) {
      this.report(
        "revision-agreement",
        [member],
        `n${member} is at revision ${store.revision} after entry ${index}; the first to apply it was at ${itemAt(ghost.appliedRevision, index)}`,
      );
    }
    if (itemAt(ghost.appliedDigest, index) !== mix(store.digestLow, store.digestHigh)) {
      this.report(
        "state-machine-safety",
        [member],
        `n${member} has another state after entry ${index} than the member that applied it first`,
      );
    }
  }

  private checkRevision(member: number, known: MemberGhost, store: Store): void {
    if (store.revision < known.revision) {
      this.report(
        "revision-monotonic",
        [member],
        `n${member} went back from revision ${known.revision} to revision ${store.revision}`,
      );
    }
    known.revision = store.revision;
  }

  installed(member: number, snapshot: Snapshot, store: Store): void {
    const known = this.ghost.members[member] as MemberGhost;
    if (snapshot.index < known.applied) {
      this.report(
        "applied-monotonic",
        [member],
        `n${member} went back from entry ${known.applied} to a snapshot at ${snapshot.index}`,
      );
    }
    known.applied = snapshot.index;
    noteDurableSnapshot(this.ghost, member, snapshot.index);
    this.checkRevision(member, known, store);
    const digest = itemAt(this.ghost.appliedDigest, snapshot.index);
    if (digest !== undefined && digest !== mix(store.digestLow, store.digestHigh)) {
      this.report(
        "state-machine-safety",
        [member],
        `n${member} installed a snapshot at ${snapshot.index} with another state`,
      );
    }
  }

  answers(member: number, request: ClientRequest, index: number): void {
    if (index === 0 || request.client <= 0) return;
    const ghost = this.ghost;
    if (index <= ghost.acknowledged) return;
    const chain = itemAt(ghost.appliedChain, index) ?? 0;
    ghost.acknowledged = index;
    ghost.acknowledgedChain = chain;
    if (ghost.beyondBudget) return;
    const { raft } = processOf(this.world, member).state as EtcdMember;
    checkSupport(ghost, this, "durability", member, raft, index, chain);
  }

  renewed(member: number, lease: string, _ttlSeconds: number, _localMicros: number): void {
    noteRenewed(this.ghost, this.world, member, lease);
  }

  expires(member: number, lease: string, _localMicros: number): void {
    noteExpiring(this.ghost, this.world, member, lease);
  }

  impossible(member: number, text: string): void {
    this.report("commit-within-log", [member], `n${member} met what cannot be: ${text}`);
  }

  // What clients see.

  invoked(client: Client, operation: OpenOperation, _atMicros: number): void {
    noteInvoked(this.ghost, client, operation);
  }

  completed(
    client: Client,
    operation: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    _atMicros: number,
  ): void {
    if (checkAnswer(this.ghost, this, client, operation, outcome, response)) {
      this.world.counters[CounterAt["stale-read"]]!++;
    }
    if (operation.kind === "call" && outcome === "ok" && response !== null) {
      checkService(this.ghost, this, client, response.body);
    }
  }

  watchOpened(client: Client, watch: ClientWatch, _atMicros: number): void {
    noteWatchOpened(this.ghost, client, watch);
  }

  watchDelivered(client: Client, watch: ClientWatch, response: WatchResponse, _atMicros: number): void {
    checkDelivery(this.ghost, this, client, watch, response);
  }

  watchEnded(client: Client, watch: ClientWatch, _atMicros: number): void {
    noteWatchEnded(this.ghost, client, watch);
  }

  noted(client: Client, fact: ClientFact, atMicros: number): void {
    const program = this.workloads[client.workload]?.program ?? null;
    if (program !== null) checkFact(this.ghost, this, client, program, fact, atMicros);
  }

  /** Forgets what nobody can come back to. */
  private prune(index: number): void {
    this.pruneAt = index + PRUNE_ENTRIES;
    const ghost = this.ghost;
    let lowest = index;
    for (const id of this.world.ids) {
      const process = processOf(this.world, id);
      if (process.status === "destroyed" || process.removed) continue;
      const known = ghost.members[id];
      if (known === undefined || known === null) continue;
      const start =
        process.state === null ? known.durable.first - 1 : (process.state as EtcdMember).raft.log.snapshotIndex;
      lowest = Math.min(lowest, start, known.applied);
    }
    if (lowest > 2) pruneEntries(ghost, lowest);
    const versions = Math.min(ghost.modelCompacted, lowestBound(ghost), lowestWanted(ghost) - 1);
    if (versions > 1) pruneModel(ghost, versions);
  }
}
