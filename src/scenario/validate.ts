/**
 * What several places of a file must fulfil together: members that exist, groups that do not overlap, faults within the
 * run, ids that lead somewhere. Each finding has the path of the place that should change, and what was probably meant.
 */

import type { Action } from "../fault/action.ts";
import { lasts } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";
import { printSelector } from "../fault/selector.ts";
import { formatMicros } from "../kernel/time.ts";
import type { ExpectFile, ScenarioFile } from "./document.ts";
import type { Window } from "./expectation.ts";
import { nearest } from "./nearest.ts";
import { propertiesOf } from "./parse-predicate.ts";
import { readMeasured, readOperand } from "./parse-study.ts";
import type { Predicate } from "./predicate.ts";
import type { Path } from "./problem.ts";
import { splitCompare } from "./quantity.ts";
import type { Fault, Scenario } from "./scenario.ts";
import type { Finding } from "./shape.ts";
import { MEASURES, STATISTICS, unitOf } from "./study.ts";

/** Names that entries taken out of the file because of other mistakes would have defined, and where entries stood. */
export interface Lenience {
  readonly names: readonly string[];
  /** By list (`faults`, `expect`, `workload`): the place in the file of each entry that is left. */
  readonly origins: Readonly<Record<string, readonly number[]>>;
  /** What the file says about these is not known, because it is wrong: nothing is judged by them. */
  readonly unknownMembers: boolean;
  readonly unknownClients: boolean;
}

export const STRICT: Lenience = { names: [], origins: {}, unknownMembers: false, unknownClients: false };

interface Check {
  readonly scenario: Scenario;
  readonly file: ScenarioFile;
  readonly lenience: Lenience;
  readonly findings: Finding[];
  /** Members of the cluster, and those with the ones that the file brings in later. */
  readonly starting: readonly number[];
  readonly known: readonly number[];
  readonly clients: number;
}

/** All that is wrong between the places of a file whose shape is right. */
export function validate(file: ScenarioFile, scenario: Scenario, lenience: Lenience = STRICT): Finding[] {
  const starting = scenario.cluster.members.map((member) => member.id);
  const known = [...starting];
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
    starting,
    known: [...new Set(known)].sort((a, b) => a - b),
    clients,
  };
  checkCluster(check);
  checkNetwork(check);
  checkWorkloads(check);
  checkFaults(check);
  checkRandom(check);
  checkExpectations(check);
  // Statistics belong to the file; its variants have them as they stand there.
  if (scenario.variant === null) checkStudy(check);
  return check.findings;
}

function say(
  check: Check,
  code: string,
  path: Path,
  message: string,
  hint: string | null = null,
  onKey: boolean = false,
): void {
  check.findings.push({ code, path: originPath(check, path), message, hint, onKey });
}

function originPath(check: Check, path: Path): Path {
  const [list, place] = path;
  if (typeof list !== "string" || typeof place !== "number") return path;
  const origin = Object.hasOwn(check.lenience.origins, list) ? check.lenience.origins[list]![place] : undefined;
  return origin === undefined ? path : [list, origin, ...path.slice(2)];
}

function names(ids: readonly number[]): string {
  if (ids.length <= 5) return ids.map((id) => `n${id}`).join(", ");
  return `n${ids[0]}, n${ids[1]}, … n${ids[ids.length - 1]}`;
}

// ------------------------------------------------------------------------------------------------------- cluster

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
  for (const host of scenario.cluster.topology?.hosts ?? [])
    host.runs.forEach((name, at) => {
      if (/^n[0-9]+$/.test(name) && !check.known.includes(Number(name.slice(1))))
        noSuchMember(check, ["topology", "hosts", host.name, at], Number(name.slice(1)));
    });
}

function checkNetwork(check: Check): void {
  check.scenario.network.links.forEach((link, at) => {
    checkSelector(check, link.from, ["network", "links", at, "from"], "link");
    checkSelector(check, link.to, ["network", "links", at, "to"], "link");
  });
  if (check.scenario.network.lossPpm === 1_000_000)
    say(check, "LS2020", ["network", "loss"], "a network that loses everything", null);
}

// ------------------------------------------------------------------------------------------------------ workloads

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

// --------------------------------------------------------------------------------------------------------- faults

function checkFaults(check: Check): void {
  const { scenario, file } = check;
  const ids: string[] = [];
  scenario.faults.forEach((fault, at) => {
    const written = file.faults?.[at];
    const path: Path = ["faults", at];
    if (ids.includes(fault.id))
      say(check, "LS2021", [...path, "id"], `two faults have the id "${fault.id}"`, `${fault.id}-${at + 1}`);
    ids.push(fault.id);
    checkTime(check, fault, path);
    if (written?.for !== undefined && !lasts(fault.action))
      say(
        check,
        "LS2022",
        [...path, "for"],
        `"for" means nothing here: ${fault.action.kind} happens once and is over`,
        null,
        true,
      );
    if (fault.trigger.kind === "when") checkPredicate(check, fault.trigger.predicate, [...path, "when"]);
    checkAction(check, fault.action, actionPath(check, at), at);
  });
}

function checkTime(check: Check, fault: Fault, path: Path): void {
  const end = check.scenario.durationMicros;
  if (fault.trigger.kind === "event") {
    const limit = check.scenario.stepLimit;
    if (limit > 0 && fault.trigger.event > limit)
      say(
        check,
        "LS2012",
        [...path, "at", "event"],
        `event ${fault.trigger.event} is beyond the step limit of ${limit}`,
      );
    return;
  }
  if (fault.trigger.kind === "when") {
    if (fault.forMicros !== null && fault.forMicros >= end)
      say(
        check,
        "LS2012",
        [...path, "for"],
        `lasts ${formatMicros(fault.forMicros)}, and the run is over after ${formatMicros(end)}`,
      );
    return;
  }
  const at = fault.trigger.atMicros;
  if (at >= end) {
    const tenth = Math.floor(at / 10);
    say(
      check,
      "LS2012",
      [...path, "at"],
      `a fault at ${formatMicros(at)}, and the run ends at ${formatMicros(end)}`,
      at > end && tenth < end && tenth % 1_000 === 0 && at >= 10 * end
        ? formatMicros(tenth)
        : `duration: ${formatMicros(at + 5_000_000)}`,
    );
  } else if (fault.forMicros !== null && at + fault.forMicros > end)
    say(
      check,
      "LS2012",
      [...path, "for"],
      `the fault lasts until ${formatMicros(at + fault.forMicros)}, and the run ends at ${formatMicros(end)}`,
      formatMicros(end - at),
    );
}

/** The path of the action of the fault: its one key that is no time and no id. */
function actionPath(check: Check, at: number): Path {
  const written = check.file.faults?.[at] ?? {};
  const key = Object.keys(written).find((name) => !["id", "at", "when", "for"].includes(name));
  return key === undefined ? ["faults", at] : ["faults", at, key];
}

type Place = "one" | "link" | "client" | "added" | "endpoints";

function checkAction(check: Check, action: Action, path: Path, at: number): void {
  const here = (key: string): Path => deeper(check, path, key);
  switch (action.kind) {
    case "partition":
      checkPartition(check, action, path);
      return;
    case "heal":
      if (action.id !== null) checkReference(check, action.id, here("id"), at);
      return;
    case "drop":
    case "delay":
    case "duplicate":
    case "reorder":
    case "corrupt":
    case "hold":
    case "bandwidth":
    case "release":
      checkSelector(check, action.from, here("from"), "link");
      checkSelector(check, action.to, here("to"), "link");
      return;
    case "message": {
      const inner = here(action.does);
      checkSelector(check, action.from, deeper(check, inner, "from"), "link");
      checkSelector(check, action.to, deeper(check, inner, "to"), "link");
      return;
    }
    case "crash": {
      const key = action.on.kind === "zone" ? "zone" : action.on.kind === "host" ? "host" : "on";
      checkSelector(check, action.on, here(key), "one");
      return;
    }
    case "member":
      if (action.change === "add") {
        checkSelector(check, action.on, here("add"), "added");
        return;
      }
      checkSelector(check, action.on, here(action.change), "one");
      return;
    case "transferLeader":
      checkSelector(check, action.to, here("to"), "one");
      return;
    case "backup":
      checkSelector(check, action.from, here("from"), "one");
      return;
    case "restore":
      action.members.forEach((id, place) => {
        if (!Number.isInteger(id) || id < 1 || id > 127)
          say(check, "LS2009", [...path, "members", place], "is no name of a member: they are n1, n2, … n127");
      });
      checkBackup(check, action.snapshot, here("snapshot"), at, "state");
      return;
    case "disk":
      checkSelector(check, action.on, here("on"), "one");
      if (action.effect.kind === "rollback") checkBackup(check, action.effect.image, here("rollback"), at, "disk");
      return;
    case "clientOp":
      checkSelector(check, action.via, here("via"), "one");
      if (action.client > check.clients)
        say(
          check,
          "LS2009",
          here("as"),
          `there is no client c${action.client}: ${check.clients === 0 ? "the file has no workload" : `the workloads have c1 to c${check.clients}`}`,
          check.clients === 0 ? null : `c${check.clients}`,
        );
      return;
    case "clientPause":
      checkSelector(check, action.clients, here("pause"), "client");
      return;
    case "clientSlowWatch":
      checkSelector(check, action.clients, here("clients"), "client");
      return;
    case "clientReconnect":
      checkSelector(check, action.clients, here("clients"), "client");
      checkSelector(check, action.to, here("reconnect"), "one");
      return;
    case "compact":
      return;
    default:
      checkSelector(check, action.on, here("on"), "one");
  }
}

/** The path of the key below, where the action was written as a map; else the path itself. */
function deeper(check: Check, path: Path, key: string): Path {
  let here: unknown = check.file;
  for (const part of path) here = (here as Readonly<Record<string | number, unknown>> | undefined)?.[part];
  return typeof here === "object" && here !== null && !Array.isArray(here) && Object.hasOwn(here, key)
    ? [...path, key]
    : path;
}

function checkPartition(check: Check, action: Extract<Action, { kind: "partition" }>, path: Path): void {
  const shape = action.shape;
  if (check.known.length === 1) say(check, "LS2011", path, "one member alone cannot be partitioned", "members: 3");
  switch (shape.kind) {
    case "ring":
      return;
    case "isolate":
    case "bridge":
      checkSelector(check, shape.on, [...path, shape.kind], "one");
      return;
    case "links":
      shape.links.forEach((link, at) => {
        checkSelector(check, link.from, [...path, "links", at, "from"], "link");
        checkSelector(check, link.to, [...path, "links", at, "to"], "link");
      });
      return;
    case "groups":
      break;
  }
  const taken: { id: number; group: number }[] = [];
  const said: string[] = [];
  shape.groups.forEach((group, at) => {
    const here: Path = [...path, "groups", at];
    if (group.kind === "rest") {
      if (at !== shape.groups.length - 1) say(check, "LS2011", here, `"rest" is whoever is left, so it stands last`);
      return;
    }
    checkSelector(check, group, here, "one");
    const text = printSelector(group);
    if (said.includes(text) && !text.startsWith("any") && !isNamed(group))
      say(check, "LS2011", here, `"${text}" is a group already`, "rest");
    said.push(text);
    if (group.kind === "all")
      say(check, "LS2011", here, "a group of all members leaves nobody to be cut from", "majority");
    const ids = namedIds(group);
    for (const id of ids) {
      const before = taken.find((one) => one.id === id);
      if (before !== undefined) {
        say(
          check,
          "LS2011",
          elementPath(check, here, id),
          `n${id} is in group ${before.group} already: groups must not overlap`,
          otherMember(check, taken, ids),
        );
      } else taken.push({ id, group: at });
    }
  });
  const rest = shape.groups.some((group) => group.kind === "rest");
  const onlyNamed = shape.groups.every((group) => group.kind === "rest" || isNamed(group));
  if (onlyNamed && taken.length >= check.known.length && (shape.groups.length === 1 || rest))
    say(check, "LS2011", [...path, "groups"], "the groups leave nobody for the other side", null);
}

function otherMember(check: Check, taken: readonly { id: number }[], ids: readonly number[]): string | null {
  const free = check.known.find((id) => !taken.some((one) => one.id === id) && !ids.includes(id));
  return free === undefined ? null : `n${free}`;
}

function isNamed(selector: Selector): boolean {
  return selector.kind === "members" || (selector.kind === "union" && selector.of.every(isNamed));
}

function namedIds(selector: Selector): readonly number[] {
  if (selector.kind === "members") return selector.ids;
  if (selector.kind === "union") return selector.of.flatMap(namedIds);
  return [];
}

function checkReference(check: Check, id: string, path: Path, at: number): void {
  if (check.lenience.names.includes(id)) return;
  const place = check.scenario.faults.findIndex((fault) => fault.id === id);
  if (place < 0) {
    const ids = check.scenario.faults.filter((fault) => lasts(fault.action)).map((fault) => fault.id);
    say(
      check,
      "LS2013",
      path,
      `there is no fault with the id "${id}"`,
      nearest(id, ids) ?? (ids.length === 1 ? ids[0]! : null),
    );
    return;
  }
  const target = check.scenario.faults[place]!;
  const own = check.scenario.faults[at]!;
  if (!lasts(target.action))
    say(check, "LS2022", path, `"${id}" is a ${target.action.kind}, which happens once and has nothing to heal`);
  else if (
    own.trigger.kind === "time" &&
    target.trigger.kind === "time" &&
    own.trigger.atMicros < target.trigger.atMicros
  )
    say(
      check,
      "LS2013",
      path,
      `"${id}" begins at ${formatMicros(target.trigger.atMicros)}, after this at ${formatMicros(own.trigger.atMicros)}`,
    );
}

function checkBackup(check: Check, name: string, path: Path, at: number, of: "state" | "disk"): void {
  if (check.lenience.names.includes(name)) return;
  const backups = check.scenario.faults.flatMap((fault, place) =>
    fault.action.kind === "backup" ? [{ fault, place, backup: fault.action }] : [],
  );
  const found = backups.find((one) => one.backup.as === name);
  if (found === undefined) {
    const known = backups.map((one) => one.backup.as);
    say(
      check,
      "LS2013",
      path,
      `there is no backup named "${name}"`,
      nearest(name, known) ?? (known.length === 1 ? known[0]! : null),
    );
    return;
  }
  if (found.backup.of !== of)
    say(
      check,
      "LS2013",
      path,
      `"${name}" is a backup of the ${found.backup.of}, and one of the ${of} is needed`,
      `of: ${of}`,
    );
  const own = check.scenario.faults[at]!;
  if (
    own.trigger.kind === "time" &&
    found.fault.trigger.kind === "time" &&
    own.trigger.atMicros <= found.fault.trigger.atMicros
  )
    say(check, "LS2013", path, `"${name}" is taken at ${formatMicros(found.fault.trigger.atMicros)}, not before this`);
}

// ------------------------------------------------------------------------------------------------------ selectors

/** The path of the member's name within a list, where the selector was written as one; else the path itself. */
function elementPath(check: Check, path: Path, id: number): Path {
  let here: unknown = check.file;
  for (const part of path) here = (here as Readonly<Record<string | number, unknown>> | undefined)?.[part];
  const at = Array.isArray(here) ? here.indexOf(`n${id}`) : -1;
  return at < 0 ? path : [...path, at];
}

function noSuchMember(check: Check, path: Path, id: number): void {
  const last = check.known[check.known.length - 1] ?? 1;
  const digits = String(id);
  const near =
    check.known.find((known) => digits.includes(String(known))) ?? (id > last ? last : (check.known[0] ?? 1));
  say(check, "LS2009", path, `there is no member n${id}: there are ${names(check.known)}`, `n${near}`);
}

function checkSelector(check: Check, selector: Selector, path: Path, place: Place): void {
  const all = check.known.length;
  const text = printSelector(selector);
  switch (selector.kind) {
    case "members":
      if (place === "client") {
        say(check, "LS2008", path, `"${text}" are members, and clients are meant here`, text.replace(/n/g, "c"));
        return;
      }
      if (place === "added") return;
      for (const id of selector.ids)
        if (!check.known.includes(id)) noSuchMember(check, elementPath(check, path, id), id);
      return;
    case "clients":
      if (place !== "link" && place !== "client") {
        say(
          check,
          "LS2008",
          path,
          `"${text}" are clients, and members are meant here`,
          text === "clients" ? "all" : text.replace(/c/g, "n"),
        );
        return;
      }
      for (const id of selector.ids)
        if (id > check.clients)
          say(
            check,
            "LS2009",
            path,
            check.clients === 0
              ? `there is no client c${id}: the file has no workload`
              : `there is no client c${id}: the workloads have c1 to c${check.clients}`,
            check.clients === 0 ? null : `c${check.clients}`,
          );
      return;
    case "rest":
      say(check, "LS2008", path, '"rest" means something as the last group of a partition only', "followers");
      return;
    case "leader-plus":
      if (selector.others >= all)
        say(
          check,
          "LS2008",
          path,
          `"${text}" is more than the ${all} members there are`,
          all > 1 ? `leader+${all - 1}` : "leader",
        );
      break;
    case "any":
      if (selector.count > all)
        say(check, "LS2008", path, `"${text}" is more than the ${all} members there are`, `any(${all})`);
      break;
    case "minority":
      if (all < 3 && check.lenience === STRICT)
        say(check, "LS2008", path, `of ${all} members there is no minority: it would be nobody`, "any");
      break;
    case "zone":
    case "host": {
      const labels = labelsOf(check, selector.kind);
      if (!check.lenience.unknownMembers && !labels.includes(selector.name))
        say(
          check,
          "LS2009",
          path,
          `no member has the ${selector.kind} "${selector.name}"`,
          nearest(selector.name, labels) ?? (labels.length > 0 ? labels.join(", ") : null),
        );
      break;
    }
    case "role": {
      const learners = check.scenario.cluster.members.some((member) => member.role === "learner");
      const later = check.scenario.faults.some(
        (fault) =>
          fault.action.kind === "member" &&
          ((fault.action.change === "add" && fault.action.role === "learner") || fault.action.change === "demote"),
      );
      if (selector.role === "learner" && !learners && !later && !check.lenience.unknownMembers)
        say(check, "LS2008", path, "no member is or becomes a learner", "followers");
      break;
    }
    case "group":
      checkGroup(check, selector, path);
      return;
    case "union":
      for (const part of selector.of) checkSelector(check, part, path, place);
      return;
    default:
      break;
  }
  if (place === "client")
    say(check, "LS2008", path, `"${text}" selects members, and clients are meant here`, "clients");
  if (place === "added")
    say(
      check,
      "LS2008",
      path,
      `"${text}" cannot be added: give the new member's name`,
      `n${Math.max(...check.known) + 1}`,
    );
}

function labelsOf(check: Check, kind: "zone" | "host"): string[] {
  const labels = check.scenario.cluster.members.map((member) => member[kind]);
  for (const fault of check.scenario.faults) if (fault.action.kind === "member") labels.push(fault.action[kind]);
  if (kind === "host") labels.push(...(check.scenario.cluster.topology?.hosts.map((host) => host.name) ?? []));
  return [...new Set(labels.filter((label) => label !== null))].sort();
}

function checkGroup(check: Check, selector: Extract<Selector, { kind: "group" }>, path: Path): void {
  if (check.lenience.names.includes(selector.cut)) return;
  const fault = check.scenario.faults.find((one) => one.id === selector.cut);
  const cuts = check.scenario.faults.filter((one) => one.action.kind === "partition").map((one) => one.id);
  if (fault === undefined || fault.action.kind !== "partition") {
    const meant = nearest(selector.cut, cuts) ?? (cuts.length === 1 ? cuts[0]! : null);
    say(
      check,
      "LS2013",
      path,
      fault === undefined
        ? `there is no partition with the id "${selector.cut}"`
        : `"${selector.cut}" is a ${fault.action.kind}, and has no groups`,
      meant === null ? null : `${meant}.${selector.group}`,
    );
    return;
  }
  const shape = fault.action.shape;
  if (shape.kind === "links" || shape.kind === "ring") {
    say(check, "LS2013", path, `"${selector.cut}" cuts links, and has no groups`);
    return;
  }
  if (selector.group === "rest") return;
  // A last group forms of those whom no group names; isolate has the isolated and the others, a bridge its two halves.
  const most =
    shape.kind === "groups" ? shape.groups.length + (shape.groups.some((group) => group.kind === "rest") ? 0 : 1) : 3;
  if (selector.group >= most)
    say(check, "LS2013", path, `"${selector.cut}" has ${most} groups, counted from 0`, `${selector.cut}.${most - 1}`);
}

// ----------------------------------------------------------------------------------------------- random, expectations

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

function checkPredicate(check: Check, predicate: Predicate, path: Path): void {
  switch (predicate.kind) {
    case "all":
    case "any":
      for (const part of predicate.of) checkPredicate(check, part, path);
      return;
    case "not":
      checkPredicate(check, predicate.of, path);
      return;
    case "leader":
    case "role":
    case "up":
    case "term":
    case "commit":
    case "applied":
    case "last-index":
    case "commits":
    case "converged":
      checkSelector(check, predicate.on, path, "one");
      return;
    case "leaders":
      if (predicate.count > 99)
        say(check, "LS2010", path, `${predicate.count} leaders: a cluster has at most 99 members`);
      else if (
        predicate.sameTerm !== null &&
        predicate.count < 2 &&
        (predicate.compare === "=" || predicate.compare === "<" || predicate.compare === "<=")
      )
        say(check, "LS2020", path, "sameTerm compares leaders, so there must be two or more", "count: 2");
      return;
    case "time":
      if (
        (predicate.compare === ">" || predicate.compare === ">=" || predicate.compare === "=") &&
        predicate.micros >= check.scenario.durationMicros
      )
        say(check, "LS2012", path, `never true: the run ends at ${formatMicros(check.scenario.durationMicros)}`);
      return;
    default:
      return;
  }
}

function checkWindow(check: Check, window: Window, path: Path): void {
  const end = check.scenario.durationMicros;
  if (window.untilMicros <= window.fromMicros)
    say(
      check,
      "LS2012",
      path,
      `a window from ${formatMicros(window.fromMicros)} to ${formatMicros(window.untilMicros)} holds nothing`,
      window.untilMicros < window.fromMicros
        ? `[${formatMicros(window.untilMicros)}, ${formatMicros(window.fromMicros)}]`
        : null,
    );
  else if (window.fromMicros >= end || window.untilMicros > end)
    say(
      check,
      "LS2012",
      path,
      `a window until ${formatMicros(window.untilMicros)}, and the run ends at ${formatMicros(end)}`,
      window.fromMicros >= end ? null : `[${formatMicros(window.fromMicros)}, ${formatMicros(end)}]`,
    );
}

function checkExpectations(check: Check): void {
  const { scenario, file } = check;
  const end = scenario.durationMicros;
  // Compiled expectations are fewer than written ones (statistics), so the file is walked and its entries compiled again.
  let next = 0;
  (file.expect ?? []).forEach((written: ExpectFile, at) => {
    const path: Path = ["expect", at];
    const key = Object.keys(written).find((name) => !["at", "during", "after", "within"].includes(name)) ?? "";
    const count = compiledCount(written);
    for (const expectation of scenario.expect.slice(next, next + count)) {
      switch (expectation.kind) {
        case "always":
        case "sometimes":
        case "never":
          checkPredicate(check, expectation.predicate, [...path, key]);
          if (expectation.during !== null) checkWindow(check, expectation.during, [...path, "during"]);
          break;
        case "eventually": {
          checkPredicate(check, expectation.predicate, [...path, key]);
          const after = expectation.afterMicros;
          if (after >= end)
            say(
              check,
              "LS2012",
              [...path, "after"],
              `after ${formatMicros(after)}, and the run ends at ${formatMicros(end)}`,
            );
          else if (expectation.withinMicros !== null && after + expectation.withinMicros > end)
            say(
              check,
              "LS2012",
              [...path, "within"],
              `waits until ${formatMicros(after + expectation.withinMicros)}, and the run ends at ${formatMicros(end)}`,
              formatMicros(end - after),
            );
          break;
        }
        case "at":
          checkPredicate(check, expectation.predicate, [...path, key]);
          if (expectation.atMicros > end)
            say(
              check,
              "LS2012",
              [...path, "at"],
              `looks at ${formatMicros(expectation.atMicros)}, and the run ends at ${formatMicros(end)}`,
              formatMicros(end),
            );
          break;
        case "availability":
          checkWindow(check, expectation.during, [...path, "availability", "during"]);
          checkWorkloadName(check, expectation.workload, [...path, "availability", "workload"]);
          if (check.clients === 0 && !scenario.faults.some((fault) => fault.action.kind === "clientOp"))
            say(
              check,
              "LS2019",
              [...path, "availability"],
              "availability needs clients, and the file has no workload",
              "workload",
              true,
            );
          break;
        case "linearizable":
          if (expectation.sinceMicros >= end)
            say(
              check,
              "LS2012",
              [...path, "linearizable"],
              `since ${formatMicros(expectation.sinceMicros)}, and the run ends at ${formatMicros(end)}`,
            );
          else if (check.clients === 0 && !scenario.faults.some((fault) => fault.action.kind === "clientOp"))
            say(
              check,
              "LS2019",
              [...path, "linearizable"],
              "linearizable needs clients, and the file has no workload",
              "workload",
              true,
            );
          break;
        case "data-loss":
          for (const window of expectation.allow) checkWindow(check, window, [...path, "dataLoss"]);
          break;
        case "violates":
          if (
            (file.expect ?? []).some(
              (other) =>
                typeof other.always === "string" && (propertiesOf(other.always) ?? []).includes(expectation.property),
            )
          )
            say(
              check,
              "LS2020",
              [...path, "violates"],
              `"${expectation.property}" is to hold always and to be violated`,
            );
          break;
        case "always-property":
        case "scope":
          break;
      }
    }
    next += count;
  });
}

function checkWorkloadName(check: Check, name: string | null, path: Path): void {
  if (name === null || check.lenience.unknownClients) return;
  const known = check.scenario.workload.map((workload) => workload.name);
  if (!known.includes(name))
    say(check, "LS2013", path, `there is no workload named "${name}"`, nearest(name, known) ?? known.join(", "));
}

function compiledCount(written: ExpectFile): number {
  if (STATISTICS.some((statistic) => written[statistic] !== undefined)) return 0;
  if (written.scope !== undefined) return propertiesOf(written.scope.property)?.length ?? 0;
  return 1;
}

function checkStudy(check: Check): void {
  const { file } = check;
  const variants = Object.keys(file.variants ?? {});
  let judged = 0;
  (file.expect ?? []).forEach((written: ExpectFile, at) => {
    for (const statistic of STATISTICS) {
      const one = written[statistic];
      if (one === undefined) continue;
      judged += 1;
      const path: Path = ["expect", at, statistic];
      if (file.over === undefined) {
        say(
          check,
          "LS2018",
          path,
          `"${statistic}" is about many seeds, and the file has no "over"`,
          "over: { seeds: 1..1000 }",
          true,
        );
        continue;
      }
      const unit = unitOf(statistic, one.of);
      const { rest } = splitCompare(String(one.is));
      const operand = readOperand(rest, unit);
      const needs = unit === "micros" ? '"< 2s"' : unit === "ppm" ? '">= 95%"' : '"<= 3"';
      if (operand === null)
        say(
          check,
          "LS2018",
          [...path, "is"],
          `"${String(one.is)}" compares ${statistic} of ${one.of} with nothing of its kind`,
          needs,
        );
      else if (operand.kind === "variant" && !variants.includes(operand.variant))
        say(
          check,
          "LS2018",
          [...path, "is"],
          `"${rest}" is neither a quantity nor a variant`,
          nearest(operand.variant, variants) ?? needs,
        );
      if (one.variant !== undefined && !variants.includes(one.variant))
        say(
          check,
          "LS2018",
          [...path, "variant"],
          `there is no variant "${one.variant}"`,
          nearest(one.variant, variants),
        );
      if (operand?.kind === "variant" && operand.variant === one.variant)
        say(check, "LS2018", [...path, "is"], `"${one.variant}" is compared with itself`);
      if (statistic === "share" && one.between === undefined)
        say(check, "LS2018", path, "a share of what? Give the bounds", "between: [1s, 3s]");
      if (statistic !== "share" && one.between !== undefined)
        say(check, "LS2018", [...path, "between"], '"between" goes with share', "share");
      const inner = MEASURES.find((known) => known.id === one.of)?.unit ?? "count";
      for (const bound of one.between ?? [])
        if (readMeasured(String(bound), inner) === null)
          say(
            check,
            "LS2018",
            [...path, "between"],
            `"${String(bound)}" is no ${inner === "micros" ? "duration" : inner === "ppm" ? "share" : "number"}`,
          );
    }
  });
  if (file.over !== undefined && judged === 0 && check.lenience === STRICT)
    say(check, "LS2018", ["over"], "a study judges nothing on the whole", 'median: { of: failover, is: "< 3s" }', true);
}
