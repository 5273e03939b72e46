// Strategies that learn: runs that were worth something are kept, changed a little and run again. `guided` values runs that
// passed landmarks which no run had passed before; `targeted` values runs that came near to breaking something. They go by
// generations, so that the runs of one can be made in parallel and what is learnt does not depend on who was first.

import { RandomChoices, type Stream } from "../kernel/choose.ts";
import type { Counter } from "../kernel/counter.ts";
import { MILLISECOND } from "../kernel/time.ts";
import type { RunResult } from "../run/result.ts";
import { fileOfScenario } from "../scenario/format.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { validate } from "../scenario/validate.ts";
import { between, happens, oneOf } from "./draw.ts";
import { withEpisodes } from "./episode.ts";
import { endingBy } from "./smaller.ts";
import type { Probe } from "./strategy.ts";
import { isFree, type SwarmRun, swarmOf } from "./swarm.ts";

/** Runs of one generation. */
export const GENERATION = 16;

/** Runs that are kept to be changed. */
const KEPT_MAX = 256;

/** Of so many runs one is drawn afresh, however good the others are. */
const FRESH_OF = 4;

/** A run that is worth changing. */
interface Kept {
  readonly scenario: Scenario;
  readonly seed: string;
  worth: number;
}

/** What is learnt from a run. */
export interface Lesson {
  readonly landmarks: readonly number[];
  /** Changes of membership by which some member was behind while one stood for election. */
  readonly behind: number;
  readonly result: RunResult;
}

/** A search under way. */
export interface Search {
  readonly strategy: "guided" | "targeted";
  readonly base: Scenario;
  readonly stream: Stream;
  nextSeed: bigint;
  kept: Kept[];
  readonly passed: Set<number>;
}

export function beginSearch(strategy: "guided" | "targeted", base: Scenario, firstSeed: string): Search {
  const stream = new RandomChoices(`search/${strategy}/${firstSeed}`).open("fault", 0);
  return { strategy, base, stream, nextSeed: BigInt(firstSeed), kept: [], passed: new Set() };
}

/** The runs of the next generation, at most `most`. */
export function nextGeneration(search: Search, most: number): Probe[] {
  const probes: Probe[] = [];
  for (let n = 0; n < Math.min(GENERATION, most); n++) {
    const seed = (search.nextSeed++).toString();
    if (search.kept.length < 4 || happens(search.stream, 1, FRESH_OF)) {
      probes.push({ ...freshRun(search, seed), seed });
      continue;
    }
    const parent = pickParent(search);
    const { scenario, what } = tellable(search, parent);
    // Half of the time the draws stay those of the parent, so that only the change tells.
    const kept = happens(search.stream, 1, 2);
    probes.push({ scenario, seed: kept ? parent.seed : seed, drawn: [`from seed ${parent.seed}`, what] });
  }
  return probes;
}

/** A run drawn afresh; one that is to come near to breaking something is told a story of its own. */
function freshRun({ strategy, base }: Search, seed: string): SwarmRun {
  const swarm = swarmOf(base, seed);
  return strategy === "targeted" && isFree(base) ? withEpisodes(swarm, seed) : swarm;
}

/** Learns from a generation: keeps what was worth it. */
export function learn(search: Search, probes: readonly Probe[], lessons: readonly Lesson[]): void {
  for (const [at, lesson] of lessons.entries()) {
    const { scenario, seed } = probes[at] as Probe;
    let fresh = 0;
    for (const landmark of lesson.landmarks) {
      if (search.passed.has(landmark)) continue;
      search.passed.add(landmark);
      fresh++;
    }
    const worth = search.strategy === "guided" ? fresh : nearness(lesson.result, lesson.behind);
    if (worth > 0) search.kept.push({ scenario, seed, worth });
  }
  search.kept.sort((a, b) => b.worth - a.worth);
  search.kept.length = Math.min(search.kept.length, KEPT_MAX);
  // What was new once is old by and by.
  if (search.strategy === "guided") for (const one of search.kept) one.worth *= 0.95;
}

/** Counters that rise where a cluster comes near to breaking a promise, and what one step of each is worth. */
const NEAR: readonly (readonly [Counter, number, number])[] = [
  ["two-leaders", 8, 6],
  ["uncommitted-overwritten", 5, 8],
  ["split-vote", 1, 10],
  ["leader-change", 2, 10],
  ["snapshot-installed", 3, 6],
  ["config-change", 3, 6],
  ["transfer", 3, 4],
  ["stale-read", 1, 5],
  ["operation-unknown", 1, 10],
  ["retry", 1, 5],
  ["restart", 1, 10],
];

/** What each change by which somebody was behind is worth, and how many count. */
const BEHIND_WORTH = 16;
const BEHIND_MOST = 3;

/** How near a run came. Each counter counts up to a bound, so that many kinds of trouble are worth more than much of one. */
export function nearness(result: RunResult, behind: number): number {
  let sum = BEHIND_WORTH * Math.min(BEHIND_MOST, behind);
  for (const [counter, worth, most] of NEAR) sum += worth * Math.min(most, result.coverage[counter] ?? 0);
  return sum;
}

function pickParent({ kept, stream }: Search): Kept {
  // The better of two: good ones more often, none never.
  const a = stream.below(kept.length);
  const b = stream.below(kept.length);
  return kept[Math.min(a, b)] as Kept;
}

/** Changes that are tried until one makes a scenario that could be written down. */
const CHANGES_MAX = 4;

/** The parent with a change; the parent itself where each that was tried names somebody who is not there, or comes too late. */
function tellable(search: Search, parent: Kept): { scenario: Scenario; what: string } {
  for (let tries = 0; tries < CHANGES_MAX; tries++) {
    const child = changed(search, parent);
    if (validate(fileOfScenario(child.scenario), child.scenario).length === 0) return child;
  }
  return { scenario: parent.scenario, what: "another seed" };
}

function changed(search: Search, parent: Kept): { scenario: Scenario; what: string } {
  const { stream } = search;
  const { scenario } = parent;
  const { faults } = scenario;
  const put = (list: readonly Fault[], what: string): { scenario: Scenario; what: string } => ({
    scenario: {
      ...scenario,
      faults: list.map((fault, at) => endingBy({ ...fault, id: `s${at + 1}` }, scenario.durationMicros)),
    },
    what,
  });
  if (faults.length === 0) return put(faults, "another seed");
  const at = stream.below(faults.length);
  const fault = faults[at] as Fault;
  const others = faults.filter((_, other) => other !== at);
  switch (stream.below(6)) {
    case 0:
      return put(others, `without its ${fault.action.kind}`);
    case 1:
      return put([...others, later(fault, between(stream, -50, 50) * MILLISECOND)], `its ${fault.action.kind} shifted`);
    case 2:
      return put(
        [...faults, later(fault, between(stream, -2000, 2000) * MILLISECOND)],
        `its ${fault.action.kind} twice`,
      );
    case 3:
      return put(
        [...others, { ...fault, forMicros: fault.forMicros === null ? null : fault.forMicros * between(stream, 1, 4) }],
        `its ${fault.action.kind} longer`,
      );
    case 4: {
      const mate = pickParent(search).scenario;
      if (mate.cluster.members.length !== scenario.cluster.members.length) return put(faults, "another seed");
      const moment = MILLISECOND * stream.below(Math.floor(scenario.durationMicros / MILLISECOND));
      const before = faults.filter((one) => timeOf(one) < moment);
      return put(
        [...before, ...mate.faults.filter((one) => timeOf(one) >= moment)],
        "its first faults, another's last",
      );
    }
    default: {
      const fresh = swarmOf(search.base, `${parent.seed}${stream.below(1000)}`).scenario.faults;
      return fresh.length === 0
        ? put(faults, "another seed")
        : put([...faults, oneOf(stream, fresh)], "one more fault");
    }
  }
}

function timeOf({ trigger }: Fault): number {
  return trigger.kind === "time" ? trigger.atMicros : 0;
}

function later(fault: Fault, byMicros: number): Fault {
  if (fault.trigger.kind !== "time") return fault;
  return { ...fault, trigger: { kind: "time", atMicros: Math.max(0, fault.trigger.atMicros + byMicros) } };
}
