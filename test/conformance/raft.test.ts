/** Runs the conformance scripts where the shared material is; elsewhere it says so. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { raftScriptKind, runRaftScript } from "../../src/cli/conformance/raft.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shared = process.env.LOCKSTEP_SHARED ?? join(root, "..", "shared");
const folder = join(shared, "conformance", "raft");
const present = existsSync(folder);
if (!present) console.log(`raft conformance: not run, there is no ${relative(root, folder)}`);

function scripts(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .flatMap((one) => (one.isDirectory() ? scripts(join(path, one.name)) : [join(path, one.name)]))
    .filter((file) => file.endsWith(".txt"))
    .sort();
}

test.runIf(present)("every script of etcd-io/raft prints byte for byte what it prints there", () => {
  const files = scripts(folder);
  let commands = 0;
  const failures: string[] = [];
  for (const file of files) {
    const name = relative(folder, file);
    const kind = raftScriptKind(dirname(name).split(sep));
    if (kind === null) continue;
    const result = runRaftScript(readFileSync(file, "utf8"), kind);
    commands += result.commands;
    if (!result.passed) failures.push(`${name}:${result.line}: ${result.expected} <> ${result.actual}`);
  }
  expect(failures).toEqual([]);
  expect(files.length).toBeGreaterThanOrEqual(46);
  expect(commands).toBeGreaterThanOrEqual(1359);
});

test("a script whose expected text is wrong fails at the first line that differs", () => {
  const script = "simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=2\n";
  expect(runRaftScript(script, "confchange")).toEqual({
    passed: false,
    commands: 0,
    line: 5,
    expected: "1: StateProbe match=0 next=2",
    actual: "1: StateProbe match=0 next=1",
  });
});

test("a script that prints more than it should fails after the last expected line", () => {
  const result = runRaftScript("simple\nv1\n----\nvoters=(1)\n", "confchange");
  expect([result.passed, result.line, result.expected]).toEqual([false, 5, "<nothing>"]);
});

test("a violation of the core ends the script and does not throw", () => {
  const script = "add-nodes 1 voters=(1) index=3\n----\nINFO x\n";
  expect(runRaftScript(script, "interaction").passed).toBe(false);
  const lease = runRaftScript("add-nodes 1 read-only=lease-based\n----\nok\n", "interaction");
  expect(lease.actual).toContain("CheckQuorum must be enabled");
});

test("a configuration in a warning is not compared: the original prints it differently from build to build", () => {
  const script = (expected: string): string =>
    [
      "add-nodes 3 voters=(1,2) index=3\n----\nok\n",
      "log-level none\n----\nok\n",
      "campaign 1\n----\nok\n",
      "stabilize\n----\nok\n",
      "propose 1 a\n----\nok\n",
      "stabilize\n----\nok\n",
      "log-level warn\n----\nok\n",
      "send-snapshot 1 3\n----\n1->3 MsgSnap Term:1 Log:0/0\n  Snapshot: Index:5 Term:1 ConfState:Voters:[1 2] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false\n",
      `deliver-msgs 3\n----\n1->3 MsgSnap Term:1 Log:0/0\n  Snapshot: Index:5 Term:1 ConfState:Voters:[1 2] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false\n${expected}\n`,
    ]
      .join("\n")
      .replace("add-nodes", "log-level none\n----\nok\n\nadd-nodes");
  const warning = (text: string): string =>
    `WARN 3 attempted to restore snapshot but it is not in the ConfState ${text}; should never happen`;
  expect(runRaftScript(script(warning("voters:1  voters:2  auto_leave:false")), "interaction").passed).toBe(true);
  expect(runRaftScript(script("WARN something else"), "interaction").passed).toBe(false);
});
