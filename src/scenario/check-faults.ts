/** Whether the faults of a file can happen: within the run, on members that exist, in groups that do not overlap. */

import { decodePlain, type FieldNote } from "../etcd/gateway.ts";
import type { Action } from "../fault/action.ts";
import { lasts } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";
import { printSelector } from "../fault/selector.ts";
import { MEMBER_ID_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Check } from "./check.ts";
import { say } from "./check.ts";
import { checkPredicate, checkSelector, elementPath } from "./check-selector.ts";
import { nearest } from "./nearest.ts";
import type { Path } from "./problem.ts";
import type { Fault } from "./scenario.ts";

export function checkFaults(check: Check): void {
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

/** Whether etcd has such a request with such fields. */
function checkRequest(check: Check, op: string, body: string, path: Path): void {
  const decoded = decodePlain(op, body, () => "1");
  if (!Array.isArray(decoded)) return;
  for (const note of decoded as readonly FieldNote[]) {
    const unknown = note.known.length > 0;
    const hint = unknown ? nearest(String(note.path[note.path.length - 1] ?? op), note.known) : null;
    const has = unknown && hint === null ? `; it has ${note.known.join(", ")}` : "";
    say(check, unknown ? "LS2004" : "LS2005", [...path, ...note.path], `${note.message}${has}`, hint, unknown);
  }
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
      checkLink(check, action, here("from"), here("to"));
      return;
    case "message": {
      const inner = here(action.does);
      checkLink(check, action, deeper(check, inner, "from"), deeper(check, inner, "to"));
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
        checkAdded(check, namedIds(action.on), here("add"), at);
        return;
      }
      checkSelector(check, action.on, here(action.change), "one");
      checkRole(check, action.change, namedIds(action.on), here(action.change));
      return;
    case "transferLeader":
      checkSelector(check, action.to, here("to"), "one");
      return;
    case "backup":
      checkSelector(check, action.from, here("from"), "one");
      return;
    case "restore":
      if (action.snapshot === null) {
        const [id] = action.members;
        if (id === undefined || !check.known.includes(id))
          say(check, "LS2009", here("forceNewCluster"), "is nobody in the cluster");
        return;
      }
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
      if (action.body !== null) checkRequest(check, action.op, action.body, here("with"));
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
        const here: Path = [...path, "links", at];
        checkLink(check, link, [...here, "from"], [...here, "to"]);
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

/** A link leads from one member to another. */
export function checkLink(
  check: Check,
  { from, to }: { readonly from: Selector; readonly to: Selector },
  fromPath: Path,
  toPath: Path,
): void {
  checkSelector(check, from, fromPath, "link");
  checkSelector(check, to, toPath, "link");
  const one = from.kind === "members" && from.ids.length === 1 ? from.ids[0] : undefined;
  if (one !== undefined && to.kind === "members" && to.ids.length === 1 && to.ids[0] === one)
    say(
      check,
      "LS2011",
      toPath,
      `from n${one} to n${one} there is no link: it is one member`,
      otherMember(check, [], [one]),
    );
}

/** Who is added must be new, and find room. */
function checkAdded(check: Check, ids: readonly number[], path: Path, at: number): void {
  const { scenario } = check;
  const first = scenario.cluster.members.map((member) => member.id);
  const free = Array.from({ length: MEMBER_ID_MAX }, (_, offset) => offset + 1).find((id) => !check.known.includes(id));
  const hint = free === undefined ? null : `n${free}`;
  const earlier: number[] = [];
  let removals = 0;
  for (const [place, { action }] of scenario.faults.entries()) {
    if (action.kind === "restore") return;
    if (action.kind !== "member") continue;
    if (action.change === "remove") removals += 1;
    if (action.change === "add" && place < at) earlier.push(...namedIds(action.on));
  }
  for (const id of ids) {
    const here = elementPath(check, path, id);
    if (first.includes(id))
      say(check, "LS2020", here, `n${id} is there from the start, and a new member needs a new name`, hint);
    else if (earlier.includes(id)) say(check, "LS2020", here, `n${id} is added twice`, hint);
  }
  const most = first.length + new Set([...earlier, ...ids]).size;
  if (removals === 0 && most > MEMBERS_MAX)
    say(check, "LS2010", path, `${most} members: a cluster has at most ${MEMBERS_MAX} at a time`);
}

/** Promoted is who learns, demoted who votes; where nothing in the file could have changed that. */
function checkRole(check: Check, change: string, ids: readonly number[], path: Path): void {
  if (change !== "promote" && change !== "demote") return;
  const opposite = change === "promote" ? "demote" : "promote";
  const { scenario } = check;
  const changed = scenario.faults.some(({ action }) => action.kind === "member" && action.change === opposite);
  if (changed || scenario.faults.some(({ action }) => action.kind === "restore")) return;
  const wrong = change === "promote" ? "voter" : "learner";
  for (const id of ids) {
    const added = scenario.faults.find(
      ({ action }) => action.kind === "member" && action.change === "add" && namedIds(action.on).includes(id),
    )?.action;
    const role =
      added?.kind === "member" ? added.role : scenario.cluster.members.find((member) => member.id === id)?.role;
    if (role === wrong)
      say(check, "LS2020", elementPath(check, path, id), `n${id} is a ${wrong} and cannot be ${change}d`, null);
  }
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
