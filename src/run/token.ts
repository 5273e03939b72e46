// A run in one word: `ls1_` and, in base64url, the raw deflate of a JSON text with the scenario (as a file says it, random faults
// fixed), the seed, the engine and the digest. It can be pasted into a shell, a link or an issue, and needs no file.

import { deflateSync, Inflate, strFromU8, strToU8 } from "fflate";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { fileOfScenario } from "../scenario/format.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { parseSeed } from "../scenario/seed.ts";
import { unsupported } from "./compile-run.ts";
import { readAgain } from "./restore-scenario.ts";
import type { RunResult } from "./result.ts";

/** How tokens begin; the digit is the version of what follows. */
export const TOKEN_PREFIX = "ls1_";

/** Characters of a token, and of the JSON text within: more is no scenario. */
const TOKEN_CHARACTERS_MAX = 400_000;
const JSON_CHARACTERS_MAX = 8_000_000;

/** What a token says. */
export interface TokenRun {
  readonly scenario: Scenario;
  /** Canonical decimal. */
  readonly seed: string;
  readonly engine: string;
  readonly digest: string;
  readonly events: number;
  /** The run was stopped after so many events; null: it went to its end. */
  readonly stoppedAfter: number | null;
}

/** The token of a run. `scenario` is that of the variant, with random faults fixed. */
export function tokenOf(scenario: Scenario, result: RunResult): string {
  const { about: _about, ...file } = fileOfScenario({ ...scenario, variants: [], study: null });
  const content = {
    scenario: file,
    ...(scenario.variant === null ? {} : { variant: scenario.variant }),
    seed: result.seed,
    engine: ENGINE_VERSION,
    digest: result.digest,
    events: result.events,
    ...(result.interrupted ? { stopped: true } : {}),
  };
  return TOKEN_PREFIX + toBase64Url(deflateSync(strToU8(JSON.stringify(content)), { level: 9 }));
}

/** Reads a token, or says what is wrong with it. Never throws. */
export function readToken(token: string): TokenRun | { readonly problem: string } {
  const cut = { problem: "the token is damaged or cut off: it was not copied whole" };
  if (token.length > TOKEN_CHARACTERS_MAX) return { problem: "the token is too long" };
  const bytes = fromBase64Url(token.slice(TOKEN_PREFIX.length));
  if (bytes === null || bytes.length === 0) return cut;
  let content: unknown;
  try {
    content = JSON.parse(strFromU8(inflated(bytes)));
  } catch {
    return cut;
  }
  if (typeof content !== "object" || content === null) return cut;
  const {
    scenario: file,
    variant,
    seed: seedText,
    engine,
    digest,
    events,
    stopped,
  } = content as Record<string, unknown>;
  const seed = typeof seedText === "string" ? parseSeed(seedText) : null;
  if (typeof engine !== "string" || typeof digest !== "string" || typeof seed !== "string" || !isCount(events))
    return { problem: "parts of the token are missing" };
  const read = readAgain(file);
  if ("problem" in read) return { problem: `the scenario in the token cannot be run: ${read.problem}` };
  const missing = unsupported(read.scenario)[0];
  if (missing !== undefined) return { problem: `the scenario in the token cannot be run: ${missing}` };
  const scenario = typeof variant === "string" ? { ...read.scenario, variant } : read.scenario;
  return { scenario, seed, engine, digest, events, stoppedAfter: stopped === true ? events : null };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Inflates, and gives up where it grows beyond reason. Throws on damage. */
function inflated(bytes: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let whole = false;
  const stream = new Inflate((chunk, last) => {
    size += chunk.length;
    if (size > JSON_CHARACTERS_MAX) throw new Error("too large");
    chunks.push(chunk);
    whole = last;
  });
  stream.push(bytes, true);
  if (!whole) throw new Error("cut off");
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = left >= 3 ? 4 : left + 1;
    for (let digit = 0; digit < digits; digit++) text += DIGITS[(bits >> (18 - 6 * digit)) & 63];
  }
  return text;
}

/** Null: a character that no digit is, or a length that no bytes have. */
function fromBase64Url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of text) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0) return null;
    bits = ((bits << 6) | digit) & 0xfffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 255;
    }
  }
  return bytes;
}
