// The file of a shrunk failure: what a person would have written about it. Its name says the property, its text what happened,
// its expectation what must come of it.

import type { Expectation } from "../scenario/expectation.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import type { Failing } from "./shrink.ts";
import { isOperation } from "./spell-out.ts";

/** How large a scenario is to somebody who reads it. */
export interface Size {
  readonly faults: number;
  /** Operations that clients make. */
  readonly operations: number;
  readonly members: number;
}

/** Faults of the file, and operations that clients begin in the run. */
export function sizeOfFailing({ scenario, result }: Failing): Size {
  const singles = scenario.faults.filter(isOperation).length;
  const { ok, failed, unknown } = result.operations;
  const loaded = scenario.workload.length === 0 ? 0 : Math.max(ok + failed + unknown - singles, 1);
  return {
    faults: scenario.faults.length - singles,
    operations: singles + loaded,
    members: scenario.cluster.members.length,
  };
}

/** Whether there is less to read of the first: faults and operations, then members. */
export function isSmaller(a: Size, b: Size): boolean {
  const more = a.faults + a.operations - (b.faults + b.operations);
  return more === 0 ? a.members < b.members : more < 0;
}

/** `2 faults, 3 operations, 3 members`. */
export function sizeText({ faults, operations, members }: Size): string {
  const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${counted(faults, "fault")}, ${counted(operations, "operation")}, ${counted(members, "member")}`;
}

/**
 * The scenario to write. A world that is broken on purpose is expected to fail, so that its file is good for as long as the bug
 * is caught; any other must not fail, so that its file is good once the bug is gone.
 */
export function minimalScenario(failing: Failing, from: { readonly name: string; readonly size: Size }): Scenario {
  const { scenario, seed, result } = failing;
  // A run that came to no end, or broke, has no property to claim anything of.
  const property = result.violation?.property ?? null;
  const broken = scenario.mutate.length > 0;
  const named = withNames(scenario.faults);
  const own =
    property === null || property.startsWith("expectation/")
      ? scenario.expect
      : scenario.expect.filter((expectation) => expectation.kind === "scope");
  const claim: Expectation[] =
    property === null || property.startsWith("expectation/")
      ? []
      : broken
        ? [{ kind: "violates", property }]
        : [{ kind: "always-property", properties: [property], alias: null }];
  return {
    ...scenario,
    name: shortName(`${scenario.mutate[0] ?? from.name}-${property ?? result.verdict}`),
    title: sentence(result.violation?.text ?? (result.note === "" ? result.verdict : result.note)),
    about: about(failing, from.size),
    tags: ["minimal"],
    variant: null,
    seed,
    ownSeed: true,
    faults: named,
    expect: [...own, ...claim],
    variants: [],
    study: null,
  };
}

function about({ result, scenario }: Failing, before: Size): string {
  const { violation } = result;
  if (violation === null) return "";
  const why = violation.evidence.slice(0, 3).join("; ");
  const planted = scenario.mutate.length > 0 ? ` Planted: ${scenario.mutate.join(", ")}.` : "";
  return `${sentence(violation.text)}.${why === "" ? "" : ` ${sentence(why)}.`}${planted} Shrunk from ${sizeText(before)}.`;
}

function sentence(text: string): string {
  return text.replace(/\.$/, "");
}

function shortName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
}

/**
 * Ids that nothing refers to are left to their place in the list. One that is referred to keeps its own, but for one that belongs
 * to another place.
 */
function withNames(faults: readonly Fault[]): Fault[] {
  const names = new Map<string, string>();
  for (const [at, { id, action }] of faults.entries()) {
    if (!faults.some((other) => other.action.kind === "heal" && other.action.id === id)) continue;
    names.set(id, /^fault-[0-9]+$/.test(id) ? `${action.kind}-${at + 1}` : id);
  }
  return faults.map((fault, at) => {
    const { action } = fault;
    const healed = action.kind === "heal" && action.id !== null ? names.get(action.id) : undefined;
    return {
      ...fault,
      id: names.get(fault.id) ?? `fault-${at + 1}`,
      action: action.kind === "heal" && healed !== undefined ? { ...action, id: healed } : action,
    };
  });
}
