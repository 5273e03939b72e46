/**
 * What several places of a file must fulfil together: members that exist, groups that do not overlap, faults within the
 * run, ids that lead somewhere. Each finding has the path of the place that should change, and what was probably meant.
 */

import { formatMicros } from "../kernel/time.ts";
import type { Check, Lenience } from "./check.ts";
import { STRICT, say } from "./check.ts";
import { checkClaims } from "./check-claims.ts";
import { checkExpectations, checkStudy } from "./check-expectations.ts";
import { checkFaults, checkLink } from "./check-faults.ts";
import { checkSelector, noSuchMember } from "./check-selector.ts";
import type { ScenarioFile } from "./document.ts";
import type { Path } from "./problem.ts";
import type { Scenario } from "./scenario.ts";
import type { Finding } from "./shape.ts";

/** All that is wrong between the places of a file whose shape is right. */
export function validate(file: ScenarioFile, scenario: Scenario, lenience: Lenience = STRICT): Finding[] {
  const known = scenario.cluster.members.map((member) => member.id);
  for (const fault of scenario.faults) {
    if (fault.action.kind === "restore") known.push(...fault.action.members);
    if (fault.action.kind === "member" && fault.action.change === "add" && fault.action.on.kind === "members")
      known.push(...fault.action.on.ids);
  }
  let clients = lenience.unknownClients ? 4_000 : 0;
  for (const workload of scenario.workload) clients += workload.clients;
  const check: Check = {
    scenario,
    file,
    lenience,
    findings: [],
    known: [...new Set(known)].sort((a, b) => a - b),
    clients,
  };
  checkCluster(check);
  checkNetwork(check);
  checkWorkloads(check);
  checkFaults(check);
  checkRandom(check);
  checkExpectations(check);
  // Statistics and claims belong to the file; its variants have them as they stand there.
  if (scenario.variant === null) {
    checkStudy(check);
    checkClaims(check);
  }
  return check.findings;
}

function checkCluster(check: Check): void {
  const { scenario, file } = check;
  const listed = file.cluster?.members;
  if (typeof listed === "object") {
    const seen: string[] = [];
    listed.forEach((entry, at) => {
      const id = typeof entry === "string" ? entry : entry.id;
      if (seen.includes(id)) {
        const free = [...Array(99).keys()].map((offset) => `n${offset + 1}`).find((name) => !seen.includes(name));
        say(check, "LS2021", ["cluster", "members", at], `${id} is listed twice`, free ?? null);
      }
      seen.push(id);
    });
  }
  if (scenario.cluster.members.every((member) => member.role === "learner"))
    say(check, "LS2020", ["cluster", "members"], "all members are learners: nobody can vote", "role: voter");
  const raftAt = (path: Path, raft: Scenario["cluster"]["raft"]): void => {
    if (raft.electionMicros < 2 * raft.heartbeatMicros)
      say(
        check,
        "LS2020",
        path,
        `an election timeout of ${formatMicros(raft.electionMicros)} is less than two heartbeats of ${formatMicros(raft.heartbeatMicros)}`,
        formatMicros(10 * raft.heartbeatMicros),
      );
    else if (raft.electionMicros % raft.heartbeatMicros !== 0)
      say(
        check,
        "LS2020",
        path,
        `an election timeout of ${formatMicros(raft.electionMicros)} is no multiple of the heartbeat of ${formatMicros(raft.heartbeatMicros)}`,
        formatMicros(Math.max(2, Math.round(raft.electionMicros / raft.heartbeatMicros)) * raft.heartbeatMicros),
      );
  };
  const timing = file.cluster?.raft;
  if (timing !== undefined)
    raftAt(["cluster", "raft", timing.election !== undefined ? "election" : "heartbeat"], scenario.cluster.raft);
  if (typeof listed === "object")
    listed.forEach((entry, at) => {
      if (typeof entry !== "object" || entry.raft === undefined) return;
      const member = scenario.cluster.members.find((known) => `n${known.id}` === entry.id);
      if (member !== undefined) raftAt(["cluster", "members", at, "raft"], member.raft);
    });
  if (file.cluster?.compaction?.mode === "periodic" && file.cluster.compaction.period === undefined)
    say(check, "LS2005", ["cluster", "compaction"], "periodic compaction needs a period", "period: 5m");
  if (file.cluster?.compaction?.mode === "revision" && file.cluster.compaction.revisions === undefined)
    say(check, "LS2005", ["cluster", "compaction"], "compaction by revision needs revisions", "revisions: 1000");
  checkHosts(check);
}

/** Whoever is named must be there, and be on one host. */
function checkHosts(check: Check): void {
  const { members, topology } = check.scenario.cluster;
  const hostOf = new Map<string, string>();
  for (const host of topology?.hosts ?? []) {
    for (const [at, name] of host.runs.entries()) {
      const path = ["topology", "hosts", host.name, at];
      const number = /^n[1-9][0-9]*$/.test(name) ? Number(name.slice(1)) : 0;
      if (number !== 0 && !check.known.includes(number)) {
        noSuchMember(check, path, number);
        continue;
      }
      const other = hostOf.get(name) ?? members.find(({ id }) => id === number)?.host ?? host.name;
      if (hostOf.has(name) || other !== host.name)
        say(check, "LS2021", path, `${name} is on the host "${other}" already: it runs on one`, null);
      hostOf.set(name, host.name);
    }
  }
}

function checkNetwork(check: Check): void {
  check.scenario.network.links.forEach((link, at) => {
    checkLink(check, link, ["network", "links", at, "from"], ["network", "links", at, "to"]);
  });
  if (check.scenario.network.lossPpm === 1_000_000)
    say(check, "LS2020", ["network", "loss"], "a network that loses everything", null);
}

function checkWorkloads(check: Check): void {
  const { scenario, file } = check;
  const single = file.workload !== undefined && !Array.isArray(file.workload);
  const seen: string[] = [];
  scenario.workload.forEach((workload, at) => {
    const path: Path = single ? ["workload"] : ["workload", at];
    if (seen.includes(workload.name))
      say(check, "LS2021", [...path, "name"], `two workloads are named "${workload.name}"`);
    seen.push(workload.name);
    const from = formatMicros(workload.fromMicros);
    if (workload.fromMicros >= scenario.durationMicros)
      say(
        check,
        "LS2012",
        [...path, "from"],
        `begins at ${from}, and the run ends at ${formatMicros(scenario.durationMicros)}`,
      );
    else if (workload.untilMicros > scenario.durationMicros)
      say(
        check,
        "LS2012",
        [...path, "until"],
        `goes on until ${formatMicros(workload.untilMicros)}, and the run ends at ${formatMicros(scenario.durationMicros)}`,
        formatMicros(scenario.durationMicros),
      );
    else if (workload.untilMicros <= workload.fromMicros)
      say(
        check,
        "LS2019",
        [...path, "until"],
        `ends at ${formatMicros(workload.untilMicros)}, before it begins at ${from}`,
      );
    checkSelector(check, workload.endpoints, [...path, "endpoints"], "endpoints");
  });
}

function checkRandom(check: Check): void {
  const random = check.scenario.random;
  if (random === null) return;
  const end = check.scenario.durationMicros;
  const from = check.file.random?.from === undefined ? ["random"] : ["random", "from"];
  const until = check.file.random?.until === undefined ? ["random"] : ["random", "until"];
  if (random.fromMicros >= end)
    say(
      check,
      "LS2012",
      from,
      `begins at ${formatMicros(random.fromMicros)}, and the run ends at ${formatMicros(end)}`,
    );
  else if (random.untilMicros > end)
    say(
      check,
      "LS2012",
      until,
      `goes on until ${formatMicros(random.untilMicros)}, and the run ends at ${formatMicros(end)}`,
      formatMicros(end),
    );
  else if (random.untilMicros <= random.fromMicros)
    say(
      check,
      "LS2012",
      until,
      `ends at ${formatMicros(random.untilMicros)}, before it begins at ${formatMicros(random.fromMicros)}`,
    );
  if (random.every.kind === "constant" && random.every.micros === 0)
    say(check, "LS2007", ["random", "every"], "faults without any time between them", "800ms");
}
