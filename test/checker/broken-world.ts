/** Worlds that are broken on purpose, and the same unbroken: what each test of a property is made of. */

import { describe, expect, test } from "vitest";
import { propertyOf } from "../../src/kernel/property.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { advanceTo, begin, end } from "../world/story.ts";

/** How a world is broken, and what must be noticed. */
export interface Broken {
  readonly property: string;
  /** What happened, to end "a cluster in which …". */
  readonly how: string;
  readonly story: string;
  readonly mutate?: string;
  /** Put in place of a part of the story. */
  readonly instead?: readonly [string, string];
  /** At which time somebody tampers, and how. */
  readonly at?: number;
  readonly tamper?: (run: ScenarioRun) => void;
  readonly seed?: string;
  /** Fewer events than this and the run was an empty one; 400 by default. */
  readonly events?: number;
  /** What the finding must say. */
  readonly says?: RegExp;
  /** What its evidence must say. */
  readonly evidence?: RegExp;
}

export const calm = (members: number, faults: string = "", more: string = ""): string => `
duration: 12s
cluster: { members: ${members}, raft: { heartbeat: 20ms, election: 200ms }${more} }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 60/s, ops: { put: 2, get: 1 }, keys: 3, timeout: 1s, until: 11s }
${faults === "" ? "" : `faults:\n${faults}`}`;

/** Each world is found out, and holds unbroken. */
export function describeWorlds(worlds: readonly Broken[]): void {
  describe("a broken world is found out", () => {
    test.each(worlds.map((broken) => [broken.property, broken.how, broken] as const))(
      "%s: %s",
      (_property, _how, broken) => {
        const [from, to] = broken.instead ?? ["", ""];
        const story = from === "" ? broken.story : broken.story.replace(from, to);
        if (from !== "") expect(story).not.toBe(broken.story);
        const mutate = broken.mutate === undefined ? "" : `mutate: [${broken.mutate}]\n`;
        const run = begin(`${story}\n${mutate}expect:\n  - violates: ${broken.property}`, broken.seed);
        if (broken.tamper !== undefined) {
          advanceTo(run, broken.at as number);
          broken.tamper(run);
        }
        const { result } = end(run);
        expect(result.violation?.property).toBe(broken.property);
        expect(result.verdict).toBe("held");
        if (broken.says !== undefined) expect(result.violation!.text).toMatch(broken.says);
        if (broken.evidence !== undefined) expect(result.violation!.evidence.join("; ")).toMatch(broken.evidence);
      },
    );

    test.each(worlds.map((broken) => [broken.property, broken.how, broken] as const))(
      "%s holds unless %s",
      (_property, _how, broken) => {
        const asked =
          propertyOf(broken.property)?.group === "client" ? `\nexpect:\n  - always: ${broken.property}` : "";
        const { result } = end(begin(`${broken.story}${asked}`, broken.seed));
        expect(result.violation).toBeNull();
        expect(result.verdict).toBe("held");
        // And the run was no empty one.
        expect(result.events).toBeGreaterThan(broken.events ?? 400);
      },
    );
  });
}
