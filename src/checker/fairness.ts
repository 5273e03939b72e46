// Whether anything can be expected of a cluster: liveness is promised only in fair phases, in which a majority of the voters is
// up, hears each other in time, and holds logs with which one of them can be elected. Whatever makes this doubtful (a slow disk,
// a slow process, a wild clock, links slower than the election timeout allows) makes a phase unfair: better no verdict than a
// false alarm. After the bug catalogue's section on liveness.

import { ALWAYS_PPM } from "../fault/action.ts";
import type { Distribution } from "../kernel/distribution.ts";
import type { Backend, EtcdMember } from "../member/etcd-member.ts";
import type { LinkEffect } from "../network/network.ts";
import { isUpToDate, lastTerm } from "../raft/log.ts";
import { type ConfState, Role } from "../raft/raft.ts";
import { type Process, processOf, type World, type WorldPlan } from "../world/world.ts";
import type { Ghost } from "./ghost.ts";

/** A round trip and a sync may take one part in this many of the election timeout, all delays together. */
const TIMEOUT_SHARE = 2;

/** One delay of many (an added latency, a slow sync, the handling of a message) may take one part in this many. */
const DELAY_SHARE = 10;

/** Loss beyond this, in ppm, leaves no bound that could be kept. */
const LOSS_PPM_MAX = 200_000;

/** Clocks that run faster or slower than this, in ppm, break the promises that timeouts stand for. */
const RATE_PPM_MAX = 100_000;

/** A link is cut. */
export function anyCut(world: World): boolean {
  return world.network.links.some((row) => row.some((link) => link !== undefined && link.cuts > 0));
}

/** True when the network and the disks that a scenario asks for are fast enough for its timeouts. */
export function isPunctual(plan: WorldPlan, timeoutMicros: number): boolean {
  let latency = longest(plan.latency);
  for (const link of plan.links) latency = Math.max(latency, longest(link.latency));
  let disk = longest(plan.disk.write) + longest(plan.disk.fsync);
  for (const member of plan.members) {
    disk = Math.max(disk, longest(member.disk.write) + longest(member.disk.fsync));
  }
  return plan.lossPpm <= LOSS_PPM_MAX && (2 * latency + disk) * TIMEOUT_SHARE <= timeoutMicros;
}

/** The longest that a write takes where nothing is wrong: by way of a follower to the leader, to a quorum, and back. */
export function writeMicros(plan: WorldPlan): number {
  let latency = longest(plan.latency);
  for (const link of plan.links) latency = Math.max(latency, longest(link.latency));
  let disk = longest(plan.disk.write) + longest(plan.disk.fsync);
  for (const member of plan.members) {
    disk = Math.max(disk, longest(member.disk.write) + longest(member.disk.fsync));
  }
  return 4 * latency + 2 * longest(plan.clientLatency) + 2 * disk;
}

/** Nearly the longest that a distribution gives. */
function longest(distribution: Distribution): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.micros;
    case "uniform":
      return distribution.maxMicros;
    case "normal":
      return distribution.meanMicros + 4 * distribution.deviationMicros;
    case "pareto":
      // Of a heavy tail the end is met sooner or later, and on links that keep order it holds up all that follows.
      return distribution.maxMicros;
    case "exponential":
      return Math.min(
        distribution.maxMicros,
        distribution.minMicros + 8 * (distribution.meanMicros - distribution.minMicros),
      );
  }
}

/** The processes that run, ascending. */
export function running(world: World): Process[] {
  const processes: Process[] = [];
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.state !== null && process.pauses === 0 && !process.removed) processes.push(process);
  }
  return processes;
}

/** Membership as the most advanced member has it; null before there is any. */
function membershipOf(world: World): ConfState | null {
  let best: Backend | null = null;
  for (const id of world.ids) {
    const backend = processOf(world, id).disk.backend as Backend | null;
    if (backend !== null && (best === null || backend.appliedIndex > best.appliedIndex)) best = backend;
  }
  return best === null ? null : best.confState;
}

/** Ids of voters and learners, by the same: who was removed and never heard of it is none of them. */
export function membersOf(world: World): readonly number[] {
  const membership = membershipOf(world);
  return membership === null ? [] : [...membership.voters, ...membership.learners];
}

/** Ids of the voters, by the same. */
export function votersOf(world: World): readonly number[] {
  return membershipOf(world)?.voters ?? [];
}

/**
 * True while too few can work for anything to be expected. Voters that were let in far behind the others and have not caught
 * up do not count: whoever let them in is to blame for what stands still because of them.
 */
export function isUnfair(world: World, timeoutMicros: number, unready: Ghost["unready"]): boolean {
  const membership = membershipOf(world);
  if (membership === null || isMurky(world, timeoutMicros)) return true;
  const up = running(world);
  for (const process of up) if (isDisturbed(process, timeoutMicros)) return true;
  const works = up.filter((process) => isAble(process));
  const late = unready.filter(({ member, index }) => appliedBy(world, member) < index).map(({ member }) => member);
  return !works.some((process) => {
    const others = works.filter((other) => other === process || connected(world, process.id, other.id));
    const votes = others.filter((other) => wouldVoteFor(other, process)).map((other) => other.id);
    // Who has not heard of the latest change asks those who voted before it. Of two members, a leader that made itself a learner
    // and whose word of it was lost stands no more, and has too much to vote for the other.
    const { role, tracker } = (process.state as EtcdMember).raft;
    const own = tracker.membership;
    const stands = role === Role.Leader || own.voters.includes(process.id) || own.votersOutgoing.includes(process.id);
    return stands && decidesIn(membership, votes, late) && decidesIn(own, votes, late);
  });
}

/** The votes are enough by a membership, in both halves of a joint one; those that are late are not waited for. */
function decidesIn(
  { voters, votersOutgoing }: Pick<ConfState, "voters" | "votersOutgoing">,
  votes: readonly number[],
  late: readonly number[],
): boolean {
  const awaited = voters.filter((id) => !late.includes(id));
  return decides(awaited, votes) && (votersOutgoing.length === 0 || decides(votersOutgoing, votes));
}

function decides(voters: readonly number[], present: readonly number[]): boolean {
  return voters.filter((id) => present.includes(id)).length > voters.length >> 1;
}

function wouldVoteFor(voter: Process, candidate: Process): boolean {
  const log = (candidate.state as EtcdMember).raft.log;
  return isUpToDate((voter.state as EtcdMember).raft.log, lastTerm(log), log.last);
}

function appliedBy(world: World, id: number): number {
  const backend = world.processes[id]?.disk.backend as Backend | null | undefined;
  return backend?.appliedIndex ?? 0;
}

/** Its disk takes and keeps what it is given. */
export function isAble(process: Process): boolean {
  const { stalls, full, errorPpm, writeErrorPpm } = process.disk.faults;
  return stalls === 0 && full === 0 && errorPpm === 0 && writeErrorPpm === 0;
}

/** It does what it does too late, or too early, for timeouts to mean anything. */
function isDisturbed(process: Process, timeoutMicros: number): boolean {
  const { disk, clock } = process;
  const slow = disk.faults.slowPpm > 0 ? disk.faults.slowMicros : 0;
  return (
    (slow + longest(disk.write) + longest(disk.fsync)) * DELAY_SHARE > timeoutMicros ||
    process.cpuMicros * DELAY_SHARE * DELAY_SHARE > timeoutMicros ||
    process.applyMicros * DELAY_SHARE * DELAY_SHARE > timeoutMicros ||
    Math.abs(clock.ratePpm) > RATE_PPM_MAX
  );
}

/** Both hear each other. */
export function connected(world: World, a: number, b: number): boolean {
  return isOpen(world, a, b) && isOpen(world, b, a);
}

/** What `from` sends reaches `to`, but for chance. */
export function isOpen(world: World, from: number, to: number): boolean {
  const link = world.network.links[from]?.[to];
  return link === undefined || (link.cuts === 0 && !link.effects.some((effect) => isTotal(effect)));
}

/** The effect lets nothing at all through: as good as a cut. */
function isTotal({ kind, ppm, types }: LinkEffect): boolean {
  return (kind === "drop" || kind === "hold" || kind === "corrupt") && ppm === ALWAYS_PPM && types.length === 0;
}

/**
 * Some link is neither cut nor whole: it lets some messages through and not others, or too late. A leader may be kept in
 * office by the ones and from its work by the others, which nothing in Raft promises to end.
 */
function isMurky(world: World, timeoutMicros: number): boolean {
  for (const row of world.network.links) {
    for (const link of row) {
      if (link === undefined) continue;
      // A delay that is over still holds up what follows the delayed on links that keep order.
      if ((link.lastAtMicros - world.atMicros) * TIMEOUT_SHARE > timeoutMicros) return true;
      for (const effect of link.effects) {
        const { kind, addMicros, jitter } = effect;
        if (kind === "duplicate" || isTotal(effect)) continue;
        if (kind !== "delay" && kind !== "reorder") return true;
        if ((addMicros + (jitter === null ? 0 : longest(jitter))) * DELAY_SHARE > timeoutMicros) return true;
      }
    }
  }
  return false;
}

/** Some link is cut or loses messages, or the network as a whole does: bounds are doubled. */
export function isLossy(world: World, plan: WorldPlan): boolean {
  return plan.lossPpm > 0 || anyHarmed(world);
}

/** Some link is cut, or something is done to what goes over it. */
export function anyHarmed(world: World): boolean {
  return world.network.links.some((row) =>
    row.some((link) => link !== undefined && (link.cuts > 0 || link.effects.length > 0)),
  );
}

/** True when nobody that runs hears it and is heard by it. */
export function isIsolated(world: World, process: Process): boolean {
  return !running(world).some((other) => other !== process && connected(world, process.id, other.id));
}

/**
 * True when the member hears, and is heard by, a majority of the voters that work. It must work itself, unless it has nothing
 * to write: a disk that nobody uses holds nobody up.
 */
export function reachesQuorum(world: World, process: Process): boolean {
  const membership = membershipOf(world);
  if (membership === null || !(isAble(process) || isIdle(process))) return false;
  const present = running(world)
    .filter((other) => other === process || (isAble(other) && connected(world, process.id, other.id)))
    .map((other) => other.id);
  return decides(membership.voters, present);
}

/** Nothing waits for its disk, and nothing for being committed. */
function isIdle(process: Process): boolean {
  const { persisting, raft } = process.state as EtcdMember;
  return persisting === null && raft.log.last === raft.log.committed;
}
