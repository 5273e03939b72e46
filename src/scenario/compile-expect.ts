/** From an expectation as it is written to the normalised one; and those on the whole of a study. */

import { assert } from "../kernel/assert.ts";
import { micros } from "./compile-action.ts";
import type { ExpectFile, PredicateFile, PredicateObject, StatisticFile, WindowText } from "./document.ts";
import type { Expectation, ShareBound, Window } from "./expectation.ts";
import { AT_END } from "./expectation.ts";
import { INLINE_PREDICATE_KEYS, parsePredicate, propertiesOf } from "./parse-predicate.ts";
import { readMeasured, readOperand } from "./parse-study.ts";
import type { Predicate } from "./predicate.ts";
import { parsePpm, splitCompare } from "./quantity.ts";
import { parseSeedRange } from "./seed.ts";
import type { Measure, Study, StudyExpectation } from "./study.ts";
import { MEASURES, STATISTICS, unitOf } from "./study.ts";

function predicateOf(file: PredicateFile): Predicate {
  const { predicate } = parsePredicate(file);
  assert(predicate !== null, "a predicate passed the schema that does not parse");
  return predicate;
}

function windowOf(file: WindowText): Window {
  return { fromMicros: micros(file[0], 0), untilMicros: micros(file[1], 0) };
}

function boundOf(text: string | undefined): ShareBound | null {
  if (text === undefined) return null;
  const { compare, rest } = splitCompare(text);
  const ppm = parsePpm(rest);
  assert(typeof ppm === "number", "a share passed the schema that does not parse");
  return { compare, ppm };
}

/** The predicate that stands in the expectation itself (`at: 5s, leaders: 1`); null where there is none. */
function inlinePredicate(file: ExpectFile): Predicate | null {
  const test: Record<string, unknown> = {};
  for (const key of INLINE_PREDICATE_KEYS) {
    const value = (file as Readonly<Record<string, unknown>>)[key];
    if (value !== undefined) test[key] = value;
  }
  return Object.keys(test).length === 0 ? null : predicateOf(test as PredicateObject);
}

/** The expectation; none for those that only a study judges, and for `linearizable: false`. */
export function compileExpectation(file: ExpectFile): Expectation[] {
  const during = file.during === undefined ? null : windowOf(file.during);
  if (file.always !== undefined) {
    const properties = typeof file.always === "string" ? propertiesOf(file.always) : null;
    if (properties !== null) {
      const alias = properties.length === 1 && properties[0] === file.always ? null : String(file.always);
      return [{ kind: "always-property", properties, alias }];
    }
    return [{ kind: "always", predicate: predicateOf(file.always), during }];
  }
  if (file.sometimes !== undefined) return [{ kind: "sometimes", predicate: predicateOf(file.sometimes), during }];
  if (file.never !== undefined) return [{ kind: "never", predicate: predicateOf(file.never), during }];
  if (file.eventually !== undefined)
    return [
      {
        kind: "eventually",
        predicate: predicateOf(file.eventually),
        afterMicros: micros(file.after, 0),
        withinMicros: file.within === undefined ? null : micros(file.within, 0),
      },
    ];
  if (file.violates !== undefined) return [{ kind: "violates", property: file.violates }];
  if (file.linearizable !== undefined) {
    if (file.linearizable === false) return [{ kind: "scope", property: "linearizability", fromMicros: null }];
    return [{ kind: "linearizable", sinceMicros: file.linearizable === true ? 0 : micros(file.linearizable.since, 0) }];
  }
  if (file.availability !== undefined)
    return [
      {
        kind: "availability",
        during: windowOf(file.availability.during),
        workload: file.availability.workload ?? null,
        writes: boundOf(file.availability.writes),
        reads: boundOf(file.availability.reads),
        all: boundOf(file.availability.all),
      },
    ];
  if (file.dataLoss !== undefined) {
    if (file.dataLoss === "none") return [{ kind: "data-loss", allow: [] }];
    const allow = file.dataLoss.allow;
    const windows = Array.isArray(allow[0]) ? (allow as readonly WindowText[]) : [allow as WindowText];
    return [{ kind: "data-loss", allow: windows.filter((one) => one.length === 2).map(windowOf) }];
  }
  if (file.scope !== undefined)
    return (propertiesOf(file.scope.property) ?? []).map((property) => ({
      kind: "scope",
      property,
      fromMicros: file.scope?.from === undefined ? null : micros(file.scope.from, 0),
    }));
  const predicate = file.holds === undefined ? inlinePredicate(file) : predicateOf(file.holds);
  if (predicate !== null)
    return [{ kind: "at", predicate, atMicros: file.at === undefined ? AT_END : micros(file.at, 0) }];
  return [];
}

/** The study over these seeds, with the expectations on the whole. Those that do not parse are left to `validate`. */
export function compileStudy(seeds: string | number, expectations: readonly ExpectFile[]): Study {
  const range = parseSeedRange(String(seeds));
  assert(!("message" in range), "a range of seeds passed the schema that does not parse");
  const judged: StudyExpectation[] = [];
  for (const expectation of expectations) {
    for (const statistic of STATISTICS) {
      const file: StatisticFile | undefined = expectation[statistic];
      if (file === undefined) continue;
      const unit = unitOf(statistic, file.of);
      const { compare, rest } = splitCompare(String(file.is));
      const operand = readOperand(rest, unit);
      if (operand === null) continue;
      const inner = MEASURES.find((known) => known.id === file.of)?.unit ?? "count";
      judged.push({
        statistic,
        measure: file.of as Measure,
        variant: file.variant ?? null,
        fromValue: file.between === undefined ? null : readMeasured(String(file.between[0]), inner),
        untilValue: file.between === undefined ? null : readMeasured(String(file.between[1]), inner),
        compare,
        operand,
      });
    }
  }
  return { firstSeed: range.first, lastSeed: range.last, expectations: judged };
}
