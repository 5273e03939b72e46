/** Whether the expectations of a file can be judged: within the run, of clients that exist, in units that fit. */

import { formatMicros } from "../kernel/time.ts";
import type { Check } from "./check.ts";
import { STRICT, say } from "./check.ts";
import { checkPredicate } from "./check-selector.ts";
import type { ExpectFile } from "./document.ts";
import type { Window } from "./expectation.ts";
import { nearest } from "./nearest.ts";
import { propertiesOf } from "./parse-predicate.ts";
import { readMeasured, readOperand } from "./parse-study.ts";
import type { Path } from "./problem.ts";
import { splitCompare } from "./quantity.ts";
import { MEASURES, STATISTICS, unitOf } from "./study.ts";

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

export function checkExpectations(check: Check): void {
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

/** The place in the file's list of the expectation with that place among the compiled ones. */
export function writtenPlace(written: readonly ExpectFile[], compiled: number): number {
  let before = 0;
  for (const [at, one] of written.entries()) {
    before += compiledCount(one);
    if (compiled < before) return at;
  }
  return 0;
}

export function checkStudy(check: Check): void {
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
