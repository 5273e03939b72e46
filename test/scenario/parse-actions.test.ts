import { describe, expect, it } from "vitest";
import { parseScenario } from "../../src/scenario/parse.ts";
import { parseActions } from "../../src/scenario/parse-actions.ts";

const { scenario } = parseScenario(`name: x
faults:
  - { at: 3s, id: cut, partition: { isolate: leader } }
`);

describe("actions for now", () => {
  it("are written as in a file, without a time, and may refer to what was there before", () => {
    const { faults, problems } = parseActions([{ crash: "n1", for: "2s" }, { heal: { id: "cut" } }], scenario!);
    expect(problems).toEqual([]);
    expect(faults).toMatchObject([
      { id: "fault-2", forMicros: 2_000_000, action: { kind: "crash" } },
      { id: "fault-3", forMicros: null, action: { kind: "heal", id: "cut" } },
    ]);
  });

  it("are all judged, each at its own place", () => {
    const { faults, problems } = parseActions(
      [{ crash: "n1" }, { crash: "n7" }, { heal: { id: "cutt" } }, { crsh: "n1" }],
      scenario!,
    );
    expect(faults).toBeNull();
    expect(problems.map((problem) => [problem.code, problem.path, problem.hint])).toEqual(
      expect.arrayContaining([
        ["LS2009", [1, "crash"], "n3"],
        ["LS2013", [2, "heal", "id"], "cut"],
        ["LS2004", [3, "crsh"], "crash"],
      ]),
    );
  });

  it.each([[null], [{ crash: "n1" }], [["crash"]], [[{ at: "1s", crash: "n1" }]]])("%j is refused", (value) => {
    expect(parseActions(value, scenario!).faults).toBeNull();
  });
});
