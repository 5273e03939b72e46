/**
 * Variants: one file, run once per variant with something changed.
 *
 * An override is merged into the file as it is written, before anything is filled in: maps are merged key by key, lists
 * and everything else are replaced, null removes.
 */

/** A file as a plain value. */
export type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The file with the override merged in; both stay as they are. */
export function applyOverride(base: Plain, override: Plain): Plain {
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(base)) if (!Object.hasOwn(override, key)) merged[key] = base[key];
  for (const key of Object.keys(override)) {
    const value = override[key];
    if (value === null) continue;
    const under = Object.hasOwn(base, key) ? base[key] : undefined;
    merged[key] = isPlain(value) && isPlain(under) ? applyOverride(under, value) : value;
  }
  return merged;
}

/** The override that makes `base` into `wanted`; what both have alike is left out. */
export function overrideBetween(base: Plain, wanted: Plain): Plain {
  const override: Record<string, unknown> = {};
  for (const key of Object.keys(base)) if (!Object.hasOwn(wanted, key)) override[key] = null;
  for (const key of Object.keys(wanted)) {
    const under = Object.hasOwn(base, key) ? base[key] : undefined;
    const value = wanted[key];
    if (sameValue(under, value)) continue;
    override[key] = isPlain(value) && isPlain(under) ? overrideBetween(under, value) : value;
  }
  return override;
}

/** Whether two plain values are equal, whatever the order of their keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, at) => sameValue(value, b[at]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
  );
}
