// What a study wants to know of a run and its result does not tell: times of single operations, entries and recoveries. Watched
// only where a study asks, by looking at members after each step; nothing here is known to the world.

import type { OpenOperation, Outcome } from "../client/client.ts";
import { isWrite } from "../client/operation.ts";
import type { ProcessFacts, Protocol } from "../member/protocol.ts";
import { type Process, processOf, type World } from "../world/world.ts";

/** Measures that only a gauge can take. */
export type GaugedMeasure =
  | "write-latency"
  | "read-latency"
  | "write-gap"
  | "commit-latency"
  | "follower-lag"
  | "follower-lag-entries"
  | "convergence";

/** Whole numbers by measure, in the measure's unit. */
export type Gauged = Readonly<Record<GaugedMeasure, readonly number[]>>;

/** A leader's entries that are proposed and not committed. */
interface Proposals {
  readonly term: number;
  /** Index of the first entry noted; the entry that begins the term is none of them. */
  readonly first: number;
  /** When each was proposed, and how many of them are committed. */
  readonly times: number[];
  committed: number;
}

const LEADER = 2;

/** Watches one run. */
export class Gauge {
  readonly numbers: Record<GaugedMeasure, number[]> = {
    "write-latency": [],
    "read-latency": [],
    "write-gap": [],
    "commit-latency": [],
    "follower-lag": [],
    "follower-lag-entries": [],
    convergence: [],
  };
  private readonly protocol: Protocol<unknown, unknown>;
  private readonly facts: ProcessFacts = { role: 0, term: 0, commit: 0, applied: 0, lastIndex: 0 };
  private lastWrite: number = -1;
  private longestGap: number = -1;
  /** By member. */
  private readonly proposals: (Proposals | undefined)[] = [];
  private readonly applied: number[] = [];
  /** By index: when the first member applied it. */
  private readonly firstApplied: number[] = [];
  private highest: number = 0;
  private harms: number = 0;
  /** Recoveries under way: since when, and up to which entry everybody has to apply. */
  private recoveries: { readonly since: number; readonly goal: number }[] = [];

  constructor(protocol: Protocol<unknown, unknown>) {
    this.protocol = protocol;
  }

  /** An operation ended. */
  completed(operation: OpenOperation, outcome: Outcome, atMicros: number): void {
    if (outcome !== "ok") return;
    const writes = isWrite(operation.kind);
    this.numbers[writes ? "write-latency" : "read-latency"].push(atMicros - operation.invokedAtMicros);
    if (!writes) return;
    if (this.lastWrite >= 0) this.longestGap = Math.max(this.longestGap, atMicros - this.lastWrite);
    this.lastWrite = atMicros;
  }

  /** After a step that touched a member, 0: perhaps several. */
  stepped(world: World, member: number): void {
    if (member !== 0) this.look(world, processOf(world, member));
    else for (const id of world.ids) this.look(world, processOf(world, id));
    if (this.recoveries.length > 0) this.recover(world);
  }

  /** Faults began or ended, or members came and went. */
  changed(world: World): void {
    const harms = harmsIn(world);
    if (harms < this.harms) this.recoveries.push({ since: world.atMicros, goal: this.highest });
    this.harms = harms;
  }

  /** All numbers, when the run is over. */
  result(): Gauged {
    return { ...this.numbers, "write-gap": this.longestGap < 0 ? [] : [this.longestGap] };
  }

  private look(world: World, process: Process): void {
    const { id } = process;
    if (process.state === null) {
      this.proposals[id] = undefined;
      return;
    }
    this.protocol.describe(process.state, this.facts);
    const { role, term, commit, applied, lastIndex } = this.facts;
    if (role !== LEADER) this.proposals[id] = undefined;
    else this.lead(id, term, commit, lastIndex, world.atMicros);
    const before = this.applied[id] ?? 0;
    // After a restart it may apply some again: they were late once already.
    if (applied <= before) return;
    for (let index = before + 1; index <= applied; index++) {
      const first = this.firstApplied[index];
      if (first === undefined) this.firstApplied[index] = world.atMicros;
      else this.numbers["follower-lag"].push(world.atMicros - first);
    }
    this.applied[id] = applied;
    this.highest = Math.max(this.highest, applied);
    if (role !== LEADER) return;
    for (const other of world.ids) {
      const { status, removed } = processOf(world, other);
      if (other === id || removed || status !== "up") continue;
      this.numbers["follower-lag-entries"].push(Math.max(0, applied - (this.applied[other] ?? 0)));
    }
  }

  private lead(id: number, term: number, commit: number, lastIndex: number, nowMicros: number): void {
    let own = this.proposals[id];
    if (own === undefined || own.term !== term) {
      own = { term, first: lastIndex + 1, times: [], committed: 0 };
      this.proposals[id] = own;
    }
    while (own.first + own.times.length <= lastIndex) own.times.push(nowMicros);
    while (own.committed < own.times.length && own.first + own.committed <= commit) {
      this.numbers["commit-latency"].push(nowMicros - (own.times[own.committed] as number));
      own.committed++;
    }
  }

  private recover(world: World): void {
    let least = Number.MAX_SAFE_INTEGER;
    for (const id of world.ids) {
      const process = processOf(world, id);
      if (process.removed || process.status !== "up" || process.pauses > 0) continue;
      least = Math.min(least, this.applied[id] ?? 0);
    }
    this.recoveries = this.recoveries.filter(({ since, goal }) => {
      if (least < goal) return true;
      this.numbers.convergence.push(world.atMicros - since);
      return false;
    });
  }
}

/** How much is away or in the way: members that do not run, cuts and effects on links. */
function harmsIn(world: World): number {
  let harms = 0;
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (!process.removed && process.status !== "destroyed" && (process.status !== "up" || process.pauses > 0)) harms++;
  }
  for (const row of world.network.links) {
    for (const link of row) if (link !== undefined) harms += link.cuts + link.effects.length;
  }
  return harms;
}
