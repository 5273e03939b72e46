// Numbers and names as people read them. Shares are computed from whole numbers and cut, not rounded up: 99.96% is never
// shown as 100%.

import { formatMicros } from "../kernel/time.ts";
import type { FaultReport } from "../run/result.ts";

/** A whole number with commas: `8,412`. */
export function grouped(value: number): string {
  const digits = String(Math.abs(value));
  let text = "";
  for (let at = 0; at < digits.length; at++) {
    if (at > 0 && (digits.length - at) % 3 === 0) text += ",";
    text += digits[at];
  }
  return value < 0 ? `-${text}` : text;
}

/** `1 event`, `2 events`. */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

/** `part` of `whole` in percent with one decimal, cut: `97.4%`, `100%`; a dash where there is nothing to share. */
export function percentage(part: number, whole: number): string {
  if (whole === 0) return "-";
  const tenths = Math.floor((part * 1000) / whole);
  const rest = tenths % 10;
  return rest === 0 ? `${Math.floor(tenths / 10)}%` : `${Math.floor(tenths / 10)}.${rest}%`;
}

/** A virtual time to the millisecond, cut: `4.412s`. */
export function shortTime(micros: number): string {
  return formatMicros(micros < 1000 ? micros : micros - (micros % 1000));
}

/** Real time spent, to two or three digits: `61ms`, `1.24s`, `2m 5s`. */
export function spentTime(micros: number): string {
  const millis = Math.floor(micros / 1000);
  if (millis < 1000) return `${millis}ms`;
  if (millis < 60_000) return formatMicros(Math.floor(millis / 10) * 10_000);
  const seconds = Math.floor(millis / 1000);
  return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

/** `n3`; the edge where members get their names. */
export function memberName(id: number): string {
  return `n${id}`;
}

/** `n1, n2 and n3`. */
export function memberNames(ids: readonly number[]): string {
  const names = ids.map(memberName);
  const last = names.pop();
  if (last === undefined) return "";
  return names.length === 0 ? last : `${names.join(", ")} and ${last}`;
}

/** A digest with its middle left out: `9f3a…41c1`. */
export function shortDigest(digest: string, more: string): string {
  return `${digest.slice(0, 4)}${more}${digest.slice(-4)}`;
}

/** What a fault is called: its id, with the kind where the id does not say it. */
export function faultName(fault: FaultReport): string {
  return fault.id.startsWith("fault-") ? `${fault.kind} (${fault.id})` : `${fault.kind} ${fault.id}`;
}
