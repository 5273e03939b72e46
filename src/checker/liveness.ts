// Liveness, judged only in a fair phase: all faults that will end have ended, a majority of the voters is up with working disks,
// and some member of it is connected both ways with a majority. Bounds are in election timeouts. A finding says who waits for
// what, so that it can be shrunk. Looked at a few times a run, never per step.

import { CounterAt } from "../kernel/counter.ts";
import { formatMicros } from "../kernel/time.ts";
import type { EtcdConfig } from "../member/etcd-config.ts";
import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import { Role, termAt } from "../raft/raft.ts";
import { processOf, type Process, type World, type WorldPlan } from "../world/world.ts";
import { names } from "./ghost.ts";
import type { Findings } from "./violation.ts";

/** A leader that can commit must stand after so many election timeouts; with links still cut, after twice as many. */
const LEADER_TIMEOUTS = 10;

/** Everybody must have caught up, and changes of membership must have ended, after so many. */
const CONVERGENCE_TIMEOUTS = 20;

/** More changes of leader than this in one look, with no fault in force, is no stability. */
const CHANGES_MAX = 5;

/** Judges liveness. */
export class LivenessChecker {
  private readonly out: Findings;
  private readonly plan: WorldPlan;
  private readonly timeoutMicros: number;
  /** Since when no fault has begun or ended; -1: not yet. */
  private fairSince: number = -1;
  private nextLook: number = 0;
  private looked: number = 0;
  private faultsSeen: number = -1;
  private changesAtLook: number = 0;
  private commitGoal: number = 0;

  constructor(out: Findings, plan: WorldPlan, config: EtcdConfig) {
    this.out = out;
    this.plan = plan;
    this.timeoutMicros = config.joining.electionTicks * config.tickMicros;
  }

  /** After each step; does nothing until the next time to look. */
  stepped(world: World): void {
    if (world.atMicros < this.nextLook) return;
    this.look(world);
  }

  private look(world: World): void {
    this.nextLook = world.atMicros + this.timeoutMicros;
    const faults = effects(world);
    if (faults !== this.faultsSeen || this.moreToCome(world) || this.active(world)) {
      this.faultsSeen = faults;
      this.fairSince = -1;
      return;
    }
    const obstacle = unfair(world);
    if (obstacle) {
      this.fairSince = -1;
      return;
    }
    if (this.fairSince < 0) {
      this.fairSince = world.atMicros;
      this.looked = 0;
      this.commitGoal = highestCommit(world);
      this.changesAtLook = leaderChanges(world);
      return;
    }
    const since = world.atMicros - this.fairSince;
    const bound = LEADER_TIMEOUTS * this.timeoutMicros * (anyCut(world) ? 2 : 1);
    if (since >= bound && this.looked === 0) {
      this.looked = 1;
      this.changesAtLook = leaderChanges(world);
      this.checkLeader(world, since);
    } else if (since >= CONVERGENCE_TIMEOUTS * this.timeoutMicros && this.looked === 1) {
      this.looked = 2;
      this.checkConvergence(world, since);
      this.checkStability(world);
      // From here on the same is asked again and again.
      this.fairSince = world.atMicros;
      this.looked = 0;
      this.commitGoal = highestCommit(world);
    }
  }

  private moreToCome(world: World): boolean {
    for (const [position, planned] of this.plan.timetable.entries()) {
      if (world.timetable[position]?.status === "waiting" && planned.atMicros !== null) return true;
    }
    return false;
  }

  /** Effects in force that will end by themselves: their end is a fault change still to come. */
  private active(world: World): boolean {
    for (const [position, planned] of this.plan.timetable.entries()) {
      if (world.timetable[position]?.status === "active" && planned.forMicros !== null) return true;
    }
    return false;
  }

  private checkLeader(world: World, since: number): void {
    for (const process of running(world)) {
      const { raft } = process.state as EtcdMember;
      if (raft.role === Role.Leader && termAt(raft.log, raft.log.committed) === raft.term) return;
      if (raft.role === Role.Leader && raft.log.committed === raft.log.snapshotIndex) return;
    }
    this.out.report(
      "leader-availability",
      running(world).map((process) => process.id),
      `no leader that can commit for ${formatMicros(since)} with all faults over (recovery was possible: ${majorityText(world)})`,
      running(world).map(waitsFor),
    );
  }

  private checkConvergence(world: World, since: number): void {
    const behind = running(world).filter((process) => {
      const { membership } = (process.state as EtcdMember).raft.tracker;
      const member = membership.voters.includes(process.id) || membership.learners.includes(process.id);
      return member && !isolated(world, process) && appliedOf(process) < this.commitGoal;
    });
    if (behind.length > 0) {
      this.out.report(
        "replica-convergence",
        behind.map((process) => process.id),
        `${names(behind.map((process) => process.id))} did not reach entry ${this.commitGoal} within ${formatMicros(since)} with all faults over`,
        behind.map(waitsFor),
      );
    }
    for (const process of running(world)) {
      const { raft } = process.state as EtcdMember;
      if (raft.role === Role.Leader && raft.tracker.membership.votersOutgoing.length > 0) {
        this.out.report(
          "config-change-completes",
          [process.id],
          `n${process.id} leads a joint configuration that did not end within ${formatMicros(since)} with all faults over`,
        );
      }
    }
  }

  private checkStability(world: World): void {
    const changes = leaderChanges(world) - this.changesAtLook;
    if (changes > CHANGES_MAX) {
      this.out.report(
        "leader-stability",
        running(world).map((process) => process.id),
        `${changes} changes of leader in ${formatMicros(10 * this.timeoutMicros)} with all faults over`,
        running(world).map(waitsFor),
      );
    }
  }
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

function running(world: World): Process[] {
  const processes: Process[] = [];
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.state !== null && process.pauses === 0) processes.push(process);
  }
  return processes;
}

/** Membership as the most advanced running member has it. */
function votersOf(world: World): readonly number[] {
  let best: Backend | null = null;
  for (const id of world.ids) {
    const backend = processOf(world, id).disk.backend as Backend | null;
    if (backend !== null && (best === null || backend.appliedIndex > best.appliedIndex)) best = backend;
  }
  return best === null ? [] : best.confState.voters;
}

/** True while too few can work for anything to be expected. */
function unfair(world: World): boolean {
  const voters = votersOf(world);
  const works = running(world).filter(
    (process) =>
      voters.includes(process.id) &&
      process.disk.faults.stalls === 0 &&
      process.disk.faults.full === 0 &&
      process.disk.faults.errorPpm === 0,
  );
  const need = Math.floor(voters.length / 2) + 1;
  if (works.length < need) return true;
  return !works.some(
    (process) => works.filter((other) => other === process || connected(world, process.id, other.id)).length >= need,
  );
}

function connected(world: World, a: number, b: number): boolean {
  return openLink(world, a, b) && openLink(world, b, a);
}

function openLink(world: World, from: number, to: number): boolean {
  const link = world.network.links[from]?.[to];
  if (link === undefined) return true;
  return link.cuts === 0 && !link.effects.some((effect) => effect.kind === "drop" || effect.kind === "hold");
}

function anyCut(world: World): boolean {
  return world.network.links.some((row) => row.some((link) => link !== undefined && link.cuts > 0));
}

function isolated(world: World, process: Process): boolean {
  return !running(world).some((other) => other !== process && connected(world, process.id, other.id));
}

function highestCommit(world: World): number {
  let highest = 0;
  for (const process of running(world)) highest = Math.max(highest, (process.state as EtcdMember).raft.log.committed);
  return highest;
}

function appliedOf(process: Process): number {
  return (process.disk.backend as Backend).appliedIndex;
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
