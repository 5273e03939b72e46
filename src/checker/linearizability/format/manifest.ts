// A MANIFEST.json: histories with what they are to be judged by and what must come out. Paths are relative to the
// manifest. Unknown here: where it lies.

import { modelOf } from "../models.ts";
import type { FailCas } from "./event.ts";
import { FormatError } from "./event.ts";
import { initialFrom } from "./lines.ts";
import type { Format, Told } from "./read.ts";
import { FORMATS } from "./read.ts";

/** One file of a manifest. */
export interface ManifestEntry {
  readonly file: string;
  readonly told: Told;
  readonly expected: "ok" | "illegal" | undefined;
}

/** The entries of the manifest `text`, in its order. Throws `FormatError`. */
export function readManifest(text: string): readonly ManifestEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new FormatError(0, "the manifest is not JSON");
  }
  const histories = (parsed as { histories?: unknown } | null)?.histories;
  if (!Array.isArray(histories))
    throw new FormatError(0, 'a manifest is {"histories":[{"file":…,"format":…,"model":…,"verdict":…},…]}');
  return histories.map((item: unknown, i): ManifestEntry => {
    const entry = (item ?? {}) as Record<string, unknown>;
    const { file, format, model, failCas, verdict } = entry;
    const where = `entry ${i + 1} of the manifest`;
    if (typeof file !== "string") throw new FormatError(0, `${where} names no file`);
    if (format !== undefined && !FORMATS.includes(format as Format)) {
      throw new FormatError(0, `${where} (${file}): there is no format “${String(format)}”`);
    }
    const bundle = format === "bundle";
    const initial = entry.initial === undefined ? undefined : initialFrom(entry.initial, 0);
    if (
      !bundle &&
      model !== undefined &&
      (typeof model !== "string" || modelOf(model, initial ?? null) === undefined)
    ) {
      throw new FormatError(0, `${where} (${file}): there is no model “${String(model)}”`);
    }
    if (failCas !== undefined && failCas !== null && failCas !== "observed" && failCas !== "discarded") {
      throw new FormatError(0, `${where} (${file}): failCas is observed or discarded`);
    }
    if (verdict !== undefined && verdict !== "ok" && verdict !== "illegal") {
      throw new FormatError(0, `${where} (${file}): verdict is ok or illegal, not ${JSON.stringify(verdict)}`);
    }
    return {
      file,
      told: {
        format: format as Format | undefined,
        model: bundle ? undefined : (model as string | undefined),
        initial: bundle ? undefined : initial,
        failCas: (failCas ?? undefined) as FailCas | undefined,
      },
      expected: verdict,
    };
  });
}
