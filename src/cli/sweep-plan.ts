// What a sweep is asked to do, read from the words of the command line: strategy, seeds, shard, hands, time.

import { availableParallelism } from "node:os";
import { DEFAULT_STRATEGY, STRATEGIES, type Strategy, type StrategyId } from "../explore/strategy.ts";
import { grouped } from "../report/figures.ts";
import type { Expectation } from "../scenario/expectation.ts";
import { nearest } from "../scenario/nearest.ts";
import { parseDuration } from "../scenario/quantity.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import { parseSeed, parseSeedRange, SEEDS_END } from "../scenario/seed.ts";
import { parseShard, type Shard, WHOLE } from "../sweep/shard.ts";
import type { SweepPlan } from "../sweep/sweep.ts";
import { complaint } from "./complaint.ts";
import type { LoadedScenario } from "./load-scenarios.ts";

/** Options that say which runs to make. */
export interface SeedOptions {
  readonly strategy?: string;
  readonly seeds?: string;
  readonly seed?: string;
  readonly runs?: string;
  readonly for?: string;
  readonly jobs?: string;
  readonly shard?: string;
}

/** Seeds where nothing is said. */
const SEEDS_DEFAULT = 1000;

/** More seeds of a scenario than this are several sweeps. */
const RUNS_MAX = 1_000_000_000;

/** The strategy with that name. */
export function strategyOf(text: string | undefined): Strategy {
  const id = (text ?? DEFAULT_STRATEGY) as StrategyId;
  const found = STRATEGIES.find((strategy) => strategy.id === id);
  if (found !== undefined) return found;
  const names = STRATEGIES.map((strategy) => strategy.id);
  const near = nearest(id, names);
  throw complaint(
    `--strategy: there is no strategy "${id}"`,
    near === null ? `there are ${names.join(", ")}` : `did you mean "${near}"?`,
  );
}

/** First seed, number of seeds, and the real time after which no more is begun (null: no such time). */
export function seedsOf(options: SeedOptions): { first: string; count: number; micros: number | null } {
  const given = (["seeds", "runs", "for"] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) throw complaint(`--${given[0]} and --${given[1]} exclude each other`);
  if (options.seeds !== undefined) {
    if (options.seed !== undefined) throw complaint("--seed and --seeds exclude each other");
    const range = parseSeedRange(options.seeds);
    if ("message" in range) {
      const hint = range.hint === null || range.hint.includes(" ") ? range.hint : `did you mean --seeds ${range.hint}?`;
      throw complaint(`--seeds: ${range.message}`, hint);
    }
    return { first: range.first, count: range.count, micros: null };
  }
  const first = firstSeed(options.seed);
  if (options.for !== undefined) {
    const micros = parseDuration(options.for);
    if (typeof micros !== "number") throw complaint(`--for: ${micros.message}`, micros.hint ?? "--for 10m");
    if (micros <= 0) throw complaint("--for: a sweep of no time makes no run", "--for 10m");
    return { first, count: Number.POSITIVE_INFINITY, micros };
  }
  const count = options.runs === undefined ? SEEDS_DEFAULT : wholeRuns(options.runs);
  if (BigInt(first) + BigInt(count) > SEEDS_END) throw complaint("--seed: there are not so many seeds from there on");
  return { first, count, micros: null };
}

function firstSeed(text: string | undefined): string {
  if (text === undefined) return "1";
  const seed = parseSeed(text);
  if (typeof seed !== "string") throw complaint(`--seed: ${seed.message}`, seed.hint);
  return seed;
}

/** `1000`, `10_000`, `1e5`. */
function wholeRuns(text: string): number {
  const plain = text.replaceAll("_", "");
  const value = /^\d+(e\d+)?$/.test(plain) ? Number(plain) : Number.NaN;
  if (value > RUNS_MAX) throw complaint(`--runs: ${text} is more than ${grouped(RUNS_MAX)}`);
  if (!(value >= 1)) throw complaint(`--runs takes a whole number from 1 on, not "${text}"`, "--runs 10000");
  return value;
}

/** Threads to work with. */
export function jobsOf(text: string | undefined): number {
  const most = 64;
  if (text === undefined) return Math.min(most, availableParallelism());
  const jobs = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(jobs >= 1 && jobs <= most)) throw complaint(`--jobs takes a number from 1 to ${most}, not "${text}"`);
  return jobs;
}

export function shardOf(text: string | undefined): Shard {
  if (text === undefined) return WHOLE;
  const shard = parseShard(text);
  if ("problem" in shard) throw complaint(`--shard: ${shard.problem}`, shard.hint);
  return shard;
}

/** The plan, and how many scenarios were left out because they are broken on purpose. */
export function planOf(
  loaded: readonly LoadedScenario[],
  strategy: Strategy,
  options: SeedOptions,
  plants: boolean,
): { plan: SweepPlan; leftOut: number; micros: number | null } {
  const { first, count, micros } = seedsOf(options);
  const all = loaded.flatMap(({ scenario }) => expandVariants({ ...scenario, study: null }));
  const bases = all.filter((base) => plants || !isBroken(base)).map((base) => ({ ...base, study: null }));
  const names = bases.map((base) => `${base.name}/${base.variant ?? ""}`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw complaint(`two scenarios are named ${twice.replace(/\/$/, "")}`, "results go by names: sweep them apart");
  const shard = shardOf(options.shard);
  if (strategy.learns && shard.count > 1)
    throw complaint(
      `--shard: ${strategy.id} learns from each of its runs and cannot be shared out`,
      "--strategy swarm",
    );
  if (strategy.learns && bases.length > 1)
    throw complaint(`--strategy ${strategy.id} takes one scenario at a time; there are ${bases.length}`);
  const plan = { bases, strategy: strategy.id, firstSeed: first, seeds: count, shard };
  return { plan, leftOut: all.length - bases.length, micros };
}

/** A scenario in which something is broken on purpose: to sweep it would be to count what is known. */
function isBroken(base: Scenario): boolean {
  return base.mutate.length > 0 || base.expect.some((expectation: Expectation) => expectation.kind === "violates");
}
