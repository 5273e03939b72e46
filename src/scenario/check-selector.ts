/** Whether a selector can ever mean anybody: members, clients, labels and partitions that exist; and so for predicates. */

import type { Selector } from "../fault/selector.ts";
import { printSelector } from "../fault/selector.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Check } from "./check.ts";
import { memberNames, STRICT, say } from "./check.ts";
import { nearest } from "./nearest.ts";
import type { Predicate } from "./predicate.ts";
import type { Path } from "./problem.ts";

/** Where a selector stands decides what it may be about. */
export type Place = "one" | "link" | "client" | "added" | "endpoints";

/** The path of the member's name within a list, where the selector was written as one; else the path itself. */
export function elementPath(check: Check, path: Path, id: number): Path {
  let here: unknown = check.file;
  for (const part of path) here = (here as Readonly<Record<string | number, unknown>> | undefined)?.[part];
  const at = Array.isArray(here) ? here.indexOf(`n${id}`) : -1;
  return at < 0 ? path : [...path, at];
}

export function noSuchMember(check: Check, path: Path, id: number): void {
  const last = check.known[check.known.length - 1] ?? 1;
  const digits = String(id);
  const near =
    check.known.find((known) => digits.includes(String(known))) ?? (id > last ? last : (check.known[0] ?? 1));
  say(check, "LS2009", path, `there is no member n${id}: there are ${memberNames(check.known)}`, `n${near}`);
}

export function checkSelector(check: Check, selector: Selector, path: Path, place: Place): void {
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

export function checkPredicate(check: Check, predicate: Predicate, path: Path): void {
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
