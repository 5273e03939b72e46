// Virtual time: an integer number of microseconds since the start of the run.

export const MILLISECOND = 1_000;
export const SECOND = 1_000_000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;

/** A time or duration for people: `0s`, `250ms`, `1.842s`, `10us`. Exact; at most six decimals. */
export function formatMicros(micros: number): string {
  if (micros < 0) return `-${formatMicros(-micros)}`;
  if (micros === 0) return "0s";
  if (micros < MILLISECOND) return `${micros}us`;
  if (micros < SECOND) return `${decimal(micros, MILLISECOND)}ms`;
  return `${decimal(micros, SECOND)}s`;
}

function decimal(micros: number, unit: number): string {
  const whole = Math.floor(micros / unit);
  const rest = micros - whole * unit;
  if (rest === 0) return String(whole);
  const digits = unit === SECOND ? 6 : 3;
  return `${whole}.${String(rest).padStart(digits, "0").replace(/0+$/, "")}`;
}
