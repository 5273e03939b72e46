// Liveness, judged only in a fair phase: all faults that will end have ended, a majority of the voters is up with working disks,
// and some member of it is connected both ways with a majority. Bounds are in election timeouts. A finding says who waits for
// what, so that it can be shrunk. Looked at a few times a run, never per step.

import type { Client } from "../client/client.ts";
import { isWrite } from "../client/operation.ts";
import { CounterAt } from "../kernel/counter.ts";
import { copyFields } from "../kernel/plain.ts";
import { formatMicros } from "../kernel/time.ts";
import type { EtcdConfig } from "../member/etcd-config.ts";
import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import { EntryType } from "../raft/entry.ts";
import { entryAt } from "../raft/log.ts";
import { Role, termAt } from "../raft/raft.ts";
import { committedIndex } from "../raft/tracker.ts";
import { type Process, processOf, type World, type WorldPlan } from "../world/world.ts";
import {
  anyCut,
  anyHarmed,
  connected,
  isAble,
  isIsolated,
  isLossy,
  isPunctual,
  isUnfair,
  membersOf,
  reachesQuorum,
  running,
  votersOf,
  writeMicros,
} from "./fairness.ts";
import { type Ghost, names } from "./ghost.ts";
import { checkExpiry } from "./lease-checks.ts";
import type { Findings } from "./violation.ts";

/** A leader that can commit must stand after so many election timeouts; with links still cut, after twice as many. */
const LEADER_TIMEOUTS = 10;

/** Everybody must have caught up, and changes of membership must have ended, after so many. */
const CONVERGENCE_TIMEOUTS = 20;

/** etcd refuses election timeouts of fewer heartbeats than this: there are too few to draw from, and votes are split again and again. */
const ELECTION_TICKS_MIN = 5;

/** A client whose patience is less than this part of an election timeout may never be served. */
const DELAYS_PER_TIMEOUT = 4;

/** More changes of leader than this within so many election timeouts of a fair phase is no stability. */
const CHANGES_MAX = 3;
const STABILITY_TIMEOUTS = 20;

/** A client that asks for no writes. */
const NOT_ASKING = { since: -1, seen: -1 } as const;

/** A leader with more than this many entries for each message that it may have under way is catching up. */
const BACKLOG = 4;

/** Judges liveness. */
export class LivenessChecker {
  private readonly out: Findings & { readonly ghost: Ghost };
  private readonly plan: WorldPlan;
  private readonly timeoutMicros: number;
  /** Since when no fault has begun or ended; -1: not yet. */
  private fairSince: number = -1;
  /** The same, not moved on when the same is asked again; -1: no fair phase. */
  private fairFrom: number = -1;
  private nextLook: number = 0;
  private looked: number = 0;
  private faultsSeen: number = -1;
  /** Changes of leader so far, as counted at each look of the fair phase: the newest last, `STABILITY_TIMEOUTS` of them. */
  private changes: number[] = [];
  /** A change of membership that stood in a leader's log when the phase began; 0: none. */
  private changeGoal: number = 0;
  private commitGoal: number = 0;
  private writesBefore: number = 0;
  /** How far a quorum had a leader's log when the phase began, and the sum of what members had applied. */
  private reachBefore: number = 0;
  private appliedBefore: number = 0;
  /** By client: since when it has asked for one write after another, and when it was last seen to; -1: it does not. */
  private asking: { readonly since: number; readonly seen: number }[] = [];
  /** When the last action is due for which a time is given. */
  private readonly lastPlannedMicros: number;
  private readonly preVotes: boolean;
  private readonly coarse: boolean;
  /** Timeouts leave room for the network and disks of the scenario; else nothing is judged. */
  private readonly punctual: boolean;
  /** What a client must have patience for besides. */
  private readonly writeMicros: number;

  constructor(out: Findings & { readonly ghost: Ghost }, plan: WorldPlan, config: EtcdConfig) {
    this.out = out;
    this.plan = plan;
    this.lastPlannedMicros = plan.timetable.reduce((last, { atMicros }) => Math.max(last, atMicros ?? 0), 0);
    this.timeoutMicros = config.joining.electionTicks * config.tickMicros;
    this.coarse = config.joining.electionTicks < ELECTION_TICKS_MIN;
    this.preVotes = config.raft.every((raft) => raft === null || (raft.preVote && raft.checkQuorum));
    this.punctual = isPunctual(plan, this.timeoutMicros);
    this.writeMicros = writeMicros(plan);
  }

  /** A checker that has seen the same, for a run of its own. */
  fork(out: Findings & { readonly ghost: Ghost }, plan: WorldPlan, config: EtcdConfig): LivenessChecker {
    return Object.assign(copyFields<LivenessChecker>(this, new LivenessChecker(out, plan, config)), { out, plan });
  }

  /** After each step; does nothing until the next time to look. */
  stepped(world: World): void {
    if (world.atMicros >= this.nextLook && this.punctual) this.look(world);
  }

  private look(world: World): void {
    this.nextLook = world.atMicros + this.timeoutMicros;
    if (world.atMicros < this.lastPlannedMicros) return;
    const faults = effects(world);
    if (faults !== this.faultsSeen || this.moreToCome(world) || this.active(world)) {
      this.faultsSeen = faults;
      this.fairSince = -1;
      return;
    }
    // Without PreVote a member that is cut off from a leader may depose it again and again: that is known, and no finding.
    if (isUnfair(world, this.timeoutMicros, this.out.ghost.unready) || (!this.preVotes && anyCut(world))) {
      this.fairSince = -1;
      return;
    }
    if (this.fairSince < 0) {
      this.changes = [leaderChanges(world)];
      this.asking = [];
      this.noteAsking(world);
      this.begin(world);
      this.fairFrom = world.atMicros;
      return;
    }
    this.noteAsking(world);
    this.checkStability(world);
    checkExpiry(this.out.ghost, this.out, world, this.fairFrom, this.timeoutMicros);
    const since = world.atMicros - this.fairSince;
    // Without PreVote whoever cannot win makes those that can start over each time it stands: one round in two is lost so.
    const unit =
      this.timeoutMicros * (isLossy(world, this.plan) ? 2 : 1) * (this.preVotes ? 1 : 2) * (this.coarse ? 4 : 1);
    if (since >= LEADER_TIMEOUTS * unit && this.looked === 0) {
      this.looked = 1;
      // Much may have piled up that goes a little at a time: as long as a quorum gets more of it, nobody is stuck.
      if (reach(world) > this.reachBefore && highestCommit(world) <= this.commitGoal) this.begin(world);
      else this.checkLeader(world, since);
    } else if (since >= CONVERGENCE_TIMEOUTS * unit && this.looked === 1) {
      if (!isCatchingUp(world) || appliedSum(world) <= this.appliedBefore) {
        this.checkConvergence(world, since);
        this.checkAvailability(world, since, LEADER_TIMEOUTS * unit);
      }
      // From here on the same is asked again and again.
      this.begin(world);
    }
  }

  private begin(world: World): void {
    this.fairSince = world.atMicros;
    this.looked = 0;
    this.commitGoal = highestCommit(world);
    this.changeGoal = changeUnderWay(world);
    this.writesBefore = writesOk(world);
    this.reachBefore = reach(world);
    this.appliedBefore = appliedSum(world);
  }

  private moreToCome(world: World): boolean {
    for (const [position, planned] of this.plan.timetable.entries()) {
      if (world.timetable[position]?.status === "waiting" && planned.atMicros !== null) return true;
    }
    return false;
  }

  /** Effects in force that will end by themselves, and upgrades with members still to stop: a fault change is still to come. */
  private active(world: World): boolean {
    for (const [position, planned] of this.plan.timetable.entries()) {
      const state = world.timetable[position];
      if (state === undefined || state.status === "waiting") continue;
      if (state.status === "active" && planned.forMicros !== null) return true;
      if (planned.action.kind === "upgrade" && state.step < state.targets.length) return true;
    }
    return false;
  }

  /** Who leads at this very moment counts less than what got done: leaders that come and go are for `checkStability`. */
  private checkLeader(world: World, since: number): void {
    if (highestCommit(world) > this.commitGoal) return;
    for (const process of running(world)) {
      const { raft } = process.state as EtcdMember;
      if (raft.role !== Role.Leader || !reachesQuorum(world, process)) continue;
      if (termAt(raft.log, raft.log.committed) === raft.term || raft.log.committed === raft.log.snapshotIndex) return;
    }
    this.out.report(
      "leader-availability",
      running(world).map((process) => process.id),
      `no leader that can commit for ${formatMicros(since)} in which no fault began or ended (recovery was possible: ${majorityText(world)})`,
      this.evidence(world),
    );
  }

  private checkConvergence(world: World, since: number): void {
    const members = membersOf(world);
    const behind = running(world).filter((process) => {
      return (
        members.includes(process.id) && this.followsSomebody(world, process) && appliedOf(process) < this.commitGoal
      );
    });
    if (behind.length > 0) {
      this.out.report(
        "replica-convergence",
        behind.map((process) => process.id),
        `${names(behind.map((process) => process.id))} did not reach entry ${this.commitGoal} within ${formatMicros(since)} in which no fault began or ended`,
        behind.map(waitsFor),
      );
    }
    this.checkConfigChange(world, since);
  }

  /** A change that was proposed commits, or is replaced by what another leader has there; a joint configuration is left. */
  private checkConfigChange(world: World, since: number): void {
    for (const process of running(world)) {
      const { raft } = process.state as EtcdMember;
      if (raft.role !== Role.Leader) continue;
      const joint = raft.tracker.membership.votersOutgoing.length > 0;
      // Where something is committed all the while, the change only waits for its turn behind much else.
      const stands = highestCommit(world) <= this.commitGoal;
      const stuck =
        stands && this.changeGoal > 0 && raft.log.last >= this.changeGoal && highestCommit(world) < this.changeGoal;
      if (!joint && !stuck) continue;
      const what = joint
        ? `leads a joint configuration that did not end`
        : `leads with a change of membership (entry ${this.changeGoal}) that did not commit`;
      const text = `n${process.id} ${what} within ${formatMicros(since)} in which no fault began or ended`;
      this.out.report("config-change-completes", [process.id], text, this.evidence(world));
    }
  }

  /** A leader that can commit reaches it; where links are cut a member may see others and no leader. */
  private followsSomebody(world: World, process: Process): boolean {
    if (isIsolated(world, process) || !isAble(process)) return false;
    return running(world).some(
      (other) =>
        (other.state as EtcdMember).raft.role === Role.Leader &&
        (other === process || connected(world, other.id, process.id)) &&
        reachesQuorum(world, other),
    );
  }

  /** A client that goes on to the next member when one fails it must get a write through. */
  private checkAvailability(world: World, since: number, patience: number): void {
    if (writesOk(world) > this.writesBefore || refusesWrites(world)) return;
    for (const client of world.clients) {
      if (client === null || !this.tries(world, client, patience)) continue;
      const write = client.open.find((open) => isWrite(open.kind)) as Client["open"][number];
      this.out.report(
        "availability",
        running(world).map((process) => process.id),
        `no write was acknowledged for ${formatMicros(since)} in which no fault began or ended, though c${client.id} tries all members`,
        [
          `c${client.id} waits for its ${write.kind} since ${formatMicros(write.invokedAtMicros)}`,
          ...this.evidence(world),
        ],
      );
      return;
    }
  }

  /** It asks for writes, has done so for as long as `patience`, and for a round of all members it knows. */
  private tries(world: World, client: Client, patience: number): boolean {
    const plan = this.plan.workloads[client.workload];
    if (plan === undefined || !plan.failover || client.pauses > 0) return false;
    const from = this.asking[client.id]?.since ?? -1;
    const asked = from < 0 ? 0 : world.atMicros - Math.max(from, this.fairSince);
    const voters = votersOf(world);
    const all = running(world).every(({ id }) => !voters.includes(id) || client.endpoints.includes(id));
    const inTime =
      (plan.timeoutMicros - this.writeMicros) * DELAYS_PER_TIMEOUT >= this.timeoutMicros &&
      asked >= patience &&
      plan.timeoutMicros * client.endpoints.length <= asked;
    const works = plan.fromMicros <= this.fairSince && plan.untilMicros >= world.atMicros;
    return all && inTime && works && client.open.some((open) => isWrite(open.kind));
  }

  /** Who asks for writes, and since when: with reads between them, but no pause longer than an attempt or two. */
  private noteAsking(world: World): void {
    const now = world.atMicros;
    for (const client of world.clients) {
      if (client === null) continue;
      while (this.asking.length <= client.id) this.asking.push(NOT_ASKING);
      const { since, seen } = this.asking[client.id] as { readonly since: number; readonly seen: number };
      if (client.open.some((open) => isWrite(open.kind))) {
        this.asking[client.id] = { since: since < 0 ? now : since, seen: now };
      } else if (since >= 0) {
        const attempt = this.plan.workloads[client.workload]?.timeoutMicros ?? 0;
        if (now - seen > 2 * attempt + this.timeoutMicros) this.asking[client.id] = NOT_ASKING;
      }
    }
  }

  /** What each member that runs waits for, and which faults nobody will end. */
  private evidence(world: World): string[] {
    const lines = running(world).map(waitsFor);
    const still = this.plan.timetable.filter((_, at) => world.timetable[at]?.status === "active");
    if (still.length > 0)
      lines.push(`still in force: ${still.map(({ id, action }) => `${action.kind} “${id}”`).join(", ")}`);
    return lines;
  }

  private checkStability(world: World): void {
    // Two messages lost in a row, and a member stands, or a leader gives up that has nobody to spare.
    if (this.coarse && (!this.preVotes || !haveSpare(world))) return;
    this.changes.push(leaderChanges(world));
    if (this.changes.length > STABILITY_TIMEOUTS + 1) this.changes.shift();
    const changes = (this.changes[this.changes.length - 1] as number) - (this.changes[0] as number);
    if (changes <= CHANGES_MAX) return;
    const over = (this.changes.length - 1) * this.timeoutMicros;
    this.changes = [leaderChanges(world)];
    this.out.report(
      "leader-stability",
      running(world).map((process) => process.id),
      `${changes} changes of leader in ${formatMicros(over)} in which no fault began or ended`,
      this.evidence(world),
    );
  }
}

/** Index of the latest change of membership that a leader has proposed and nobody has committed; 0 where there is none. */
function changeUnderWay(world: World): number {
  let latest = 0;
  for (const process of running(world)) {
    const { raft } = process.state as EtcdMember;
    const index = raft.pendingConfIndex;
    if (raft.role !== Role.Leader || index <= highestCommit(world) || index > raft.log.last) continue;
    if (entryAt(raft.log, index).type !== EntryType.EntryNormal) latest = Math.max(latest, index);
  }
  return latest;
}

/** Every voter is there and connected, and a leader needs not all of them. */
function haveSpare(world: World): boolean {
  const voters = votersOf(world);
  const up = running(world).map((process) => process.id);
  return voters.length >= 3 && voters.every((id) => up.includes(id)) && !anyHarmed(world);
}

/** Writes are refused for a reason that is no failure: there is no room, or nobody said who they are. */
function refusesWrites(world: World): boolean {
  return world.ids.some((id) => {
    const backend = processOf(world, id).disk.backend as Backend | null;
    return backend !== null && (backend.store.alarms.length > 0 || backend.store.auth.enabled);
  });
}

/** Changes whenever an action fires or ends. */
function effects(world: World): number {
  let sum = 0;
  for (const state of world.timetable) {
    sum = sum * 5 + (state.status === "waiting" ? 0 : state.status === "active" ? 1 : 2);
    sum %= 1_000_000_007;
  }
  return sum;
}

/** How far a quorum has the log of a leader; 0: nobody leads one. */
function reach(world: World): number {
  let furthest = 0;
  for (const process of running(world)) {
    const { raft } = process.state as EtcdMember;
    if (raft.role !== Role.Leader || !reachesQuorum(world, process)) continue;
    furthest = Math.max(furthest, Math.min(committedIndex(raft.tracker), raft.log.last));
  }
  return furthest;
}

/** A leader has so much that nobody else has yet that flow control may let it through for longer than any bound. */
function isCatchingUp(world: World): boolean {
  return running(world).some((process) => {
    const { raft } = process.state as EtcdMember;
    return raft.role === Role.Leader && raft.log.last - raft.log.committed > BACKLOG * raft.config.maxInflightMsgs;
  });
}

function appliedSum(world: World): number {
  let sum = 0;
  for (const process of running(world)) sum += appliedOf(process);
  return sum;
}

function highestCommit(world: World): number {
  let highest = 0;
  for (const process of running(world)) highest = Math.max(highest, (process.state as EtcdMember).raft.log.committed);
  return highest;
}

function appliedOf(process: Process): number {
  return (process.disk.backend as Backend).appliedIndex;
}

function writesOk(world: World): number {
  return world.counters[CounterAt["write-ok"]] as number;
}

function leaderChanges(world: World): number {
  return world.counters[CounterAt["leader-change"]] as number;
}

function majorityText(world: World): string {
  const voters = votersOf(world);
  const up = running(world).filter((process) => voters.includes(process.id)).length;
  return `${up} of ${voters.length} voters up, ${Math.floor(voters.length / 2) + 1} needed`;
}

/** What a member is doing and waiting for. */
function waitsFor(process: Process): string {
  const { raft, persisting } = process.state as EtcdMember;
  const what =
    persisting !== null
      ? "waits for its disk"
      : raft.role === Role.Leader
        ? raft.leadTransferee !== 0
          ? `waits for n${raft.leadTransferee} to take over`
          : "waits for a quorum to acknowledge"
        : raft.role === Role.Follower
          ? raft.lead === 0
            ? "waits for its election timeout"
            : `follows n${raft.lead}`
          : "waits for votes";
  return `n${process.id}: term ${raft.term}, ${roleText(raft.role)}, log ${raft.log.last}, commit ${raft.log.committed}; ${what}`;
}

function roleText(role: number): string {
  return ["follower", "candidate", "leader", "pre-candidate"][role] ?? "follower";
}
