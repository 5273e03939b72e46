// `lockstep/checker` where there is no Node: bundled into one script and run in a context that has nothing but the language.

import { resolve } from "node:path";
import { createContext, Script } from "node:vm";
import { rolldown } from "rolldown";
import { describe, expect, it } from "vitest";

const ENTRY = resolve(import.meta.dirname, "../../../src/checker/linearizability/index.ts");

async function bundled(): Promise<string> {
  const bundle = await rolldown({ input: ENTRY, logLevel: "silent", platform: "neutral" });
  const { output } = await bundle.generate({ format: "iife", name: "checker" });
  await bundle.close();
  expect(output.length).toBe(1);
  return output[0].code;
}

describe("the checker in a browser", () => {
  it("is one script that asks for nothing but the language", async () => {
    const context = createContext(Object.create(null));
    new Script(await bundled()).runInContext(context, { timeout: 10_000 });
    const use = `
      const lines = [{ format: "history/1", model: "register", initial: 0 }];
      const event = (process, type, f, value) => lines.push({ process, type, f, value });
      event(1, "invoke", "write", 5); event(1, "ok", "write", 5);
      event(2, "invoke", "read", null); event(2, "ok", "read", 0);
      const text = lines.map((line) => JSON.stringify(line)).join("\\n");
      const { model, history, dialect } = checker.readHistory(text, checker.NOTHING_TOLD);
      const judgement = checker.judge(model, history);
      const evidence = checker.findEvidence(model, history.operations, "", undefined, -1);
      const online = checker.createOnline(dialect, model);
      lines.slice(1).forEach((line, i) => checker.observe(online, { ...line, key: "", line: i + 2 }));
      const layout = checker.layOut(model, history.operations, { operations: [0, 1], impossible: 1, core: [0, 1], order: [0] });
      JSON.stringify({
        verdict: judgement.verdict,
        sentence: evidence.sentence,
        online: [checker.finish(online), online.violation.line],
        picture: checker.textPicture(layout).length,
        svg: checker.svgPicture(layout, "x").slice(0, 5),
        viewer: checker.porcupineData(model, history).Partitions.length,
        models: checker.MODEL_NAMES.length,
      });`;
    expect(JSON.parse(new Script(use).runInContext(context, { timeout: 10_000 }))).toEqual({
      verdict: "illegal",
      sentence: "read → 0 began after write 5 had finished; no order explains it",
      online: ["illegal", 5],
      picture: 2,
      svg: "<svg ",
      viewer: 1,
      models: 11,
    });
  });
});
