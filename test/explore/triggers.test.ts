/** Every bug that can be hunted has a story that shows it: broken with the bug planted, and whole without it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { BUGS, bugOf, countedProperties } from "../../src/explore/bugs.ts";
import { executeScenario } from "../../src/run/execute.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";

const ROOT = resolve(import.meta.dirname, "../../scenarios");

function storyOf(folder: string, id: string): Scenario {
  const { scenario, problems } = parseScenario(readFileSync(resolve(ROOT, folder, `${id}.yaml`), "utf8"));
  expect(problems).toEqual([]);
  return scenario as Scenario;
}

describe("the stories of planted bugs", () => {
  it("are there for every bug that can be hunted", () => {
    const told = (id: string): boolean =>
      ["bugs", "history"].some((folder) => existsSync(resolve(ROOT, folder, `${id}.yaml`)));
    const missing = BUGS.filter(({ id, reason }) => reason === null && !told(id)).map(({ id }) => id);
    expect(missing).toEqual([]);
  });

  it.each(readdirSync(resolve(ROOT, "bugs")).map((file) => file.replace(/\.yaml$/, "")))(
    "%s breaks what it is listed for, and nothing without the bug",
    (id) => {
      const bug = bugOf(id);
      if (bug === undefined) throw new Error(`there is no bug ${id}`);
      const story = storyOf("bugs", id);
      const [broken, mended] = story.variants as [Scenario, Scenario];
      expect(broken.mutate).toEqual([id]);
      const seen = executeScenario(broken, story.seed as string);
      expect(seen.verdict).toBe("held");
      expect(countedProperties(bug)).toContain(seen.violation?.property);
      expect(mended.mutate).toEqual([]);
      const whole = executeScenario(mended, story.seed as string);
      expect({ verdict: whole.verdict, violation: whole.violation }).toEqual({ verdict: "held", violation: null });
    },
  );
});
