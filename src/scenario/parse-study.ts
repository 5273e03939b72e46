/** The words of statistics: numbers in the unit of a measure, and comparisons with another variant. */

import { parseDuration, parsePpm } from "./quantity.ts";
import type { MeasureUnit, StudyOperand } from "./study.ts";

/** A number in the unit of a measure: micros of `3s`, ppm of `95%`, or a plain count; null where it is none. */
export function readMeasured(text: string, unit: MeasureUnit): number | null {
  const trimmed = text.trim();
  const read =
    unit === "micros"
      ? parseDuration(trimmed)
      : unit === "ppm"
        ? trimmed === "0"
          ? 0
          : parsePpm(trimmed)
        : /^[0-9]{1,15}$/.test(trimmed)
          ? Number(trimmed)
          : null;
  return typeof read === "number" ? read : null;
}

/** What `is` compares with: a number in the unit, or `1.5x five`, `five`: another variant. Null where it is neither. */
export function readOperand(text: string, unit: MeasureUnit): StudyOperand | null {
  const value = readMeasured(text, unit);
  if (value !== null) return { kind: "number", value };
  const other = /^(?:([0-9]{1,6})(?:\.([0-9]{1,6}))?\s*[x×*]\s*)?([A-Za-z][A-Za-z0-9_-]*)$/.exec(text.trim());
  if (other === null) return null;
  const whole = Number(other[1] ?? "1") * 1_000_000;
  const part = Number((other[2] ?? "0").padEnd(6, "0"));
  return { kind: "variant", variant: other[3]!, factorPpm: whole + part };
}
