/** An action as it is written in a file: what `compileAction` reads back as the same action. Defaults are left out. */

import { unpadded } from "../client/operation.ts";
import type { Action, MessageMatch, PartitionShape } from "../fault/action.ts";
import { ALWAYS_PPM } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";
import { printSelector } from "../fault/selector.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { MICROS_MAX } from "../kernel/limits.ts";
import { formatMicros } from "../kernel/time.ts";
import type {
  ActionFile,
  ClientFile,
  DiskFaultFile,
  DistributionFile,
  MatchFile,
  PartitionFile,
  SelectorText,
} from "./document.ts";
import { printPpm, printSize } from "./quantity.ts";

/** A copy without what is undefined. */
export function defined<T extends object>(value: T): T {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (inner !== undefined) copy[key] = inner;
  }
  return copy as T;
}

/** The selector as a text, or a list of texts where it has several parts. */
export function fileOfSelector(selector: Selector): SelectorText {
  const text = printSelector(selector);
  return text.startsWith("[") ? text.slice(1, -1).split(", ") : text;
}

/** The selector, or nothing where it is the default `all`. */
function unlessAll(selector: Selector): SelectorText | undefined {
  return selector.kind === "all" ? undefined : fileOfSelector(selector);
}

/** The distribution as a duration, or as a map. */
export function fileOfDistribution(distribution: Distribution): DistributionFile {
  switch (distribution.kind) {
    case "constant":
      return formatMicros(distribution.micros);
    case "uniform":
      return { dist: "uniform", min: formatMicros(distribution.minMicros), max: formatMicros(distribution.maxMicros) };
    case "normal":
      return {
        dist: "normal",
        mean: formatMicros(distribution.meanMicros),
        deviation: formatMicros(distribution.deviationMicros),
      };
    case "exponential":
    case "pareto": {
      const { minMicros, meanMicros, maxMicros } = distribution;
      return defined({
        dist: distribution.kind,
        min: minMicros === 0 ? undefined : formatMicros(minMicros),
        mean: formatMicros(meanMicros),
        max: maxMicros === Math.min(MICROS_MAX, minMicros + meanMicros * 12) ? undefined : formatMicros(maxMicros),
      });
    }
  }
}

function share(ppm: number): string | 0 {
  return ppm === 0 ? 0 : printPpm(ppm);
}

function types(list: readonly string[]): string | readonly string[] | undefined {
  return list.length === 0 ? undefined : list.length === 1 ? list[0]! : list;
}

function match(action: MessageMatch): MatchFile {
  return defined({
    from: unlessAll(action.from),
    to: unlessAll(action.to),
    types: types(action.types),
    p: action.pPpm === ALWAYS_PPM ? undefined : share(action.pPpm),
  });
}

function partition(shape: PartitionShape, oneWay: "no" | "in" | "out"): PartitionFile {
  const direction = oneWay === "no" ? undefined : oneWay === "out" ? true : "in";
  switch (shape.kind) {
    case "groups":
      return defined({ groups: shape.groups.map(fileOfSelector), oneWay: direction });
    case "isolate":
      return defined({ isolate: fileOfSelector(shape.on), oneWay: direction });
    case "bridge":
      return { bridge: fileOfSelector(shape.on) };
    case "ring":
      return { ring: true };
    case "links":
      return defined({
        links: shape.links.map((link) => ({ from: fileOfSelector(link.from), to: fileOfSelector(link.to) })),
        oneWay: direction,
      });
  }
}

function disk(action: Extract<Action, { kind: "disk" }>): DiskFaultFile {
  const on = fileOfSelector(action.on);
  const p = action.pPpm === ALWAYS_PPM ? undefined : share(action.pPpm);
  const effect = action.effect;
  switch (effect.kind) {
    case "slowFsync":
      return defined({ on, slowFsync: formatMicros(effect.addMicros), p });
    case "latency":
      return defined({
        on,
        latency: { write: fileOfDistribution(effect.write), fsync: fileOfDistribution(effect.fsync) },
        p,
      });
    case "stall":
      return { on, stall: true };
    case "error":
      return defined({ on, error: effect.operation, p });
    case "corrupt":
      return { on, corrupt: effect.bits === 1 ? effect.file : { file: effect.file, bits: effect.bits } };
    case "full":
      return { on, full: true };
    case "rollback":
      return { on, rollback: effect.image };
    case "wipe":
      return { on, wipe: true };
  }
}

function clientOp(action: Extract<Action, { kind: "clientOp" }>): ClientFile {
  const answer = action.expect;
  return defined({
    op: action.op,
    with: action.body === null || action.body === "{}" ? undefined : JSON.parse(action.body),
    key: action.body === null ? action.key : undefined,
    ...valueInFile(action.value),
    expected: action.expected ?? undefined,
    via: action.via.kind === "any" && action.via.count === 1 ? undefined : fileOfSelector(action.via),
    as: action.session ?? (action.client === 0 ? undefined : `c${action.client}`),
    timeout: action.timeoutMicros === null ? undefined : formatMicros(action.timeoutMicros),
    expect:
      answer === null
        ? undefined
        : answer.kind === "timeout"
          ? "timeout"
          : answer.kind === "error"
            ? answer.error === null
              ? "error"
              : { error: answer.error }
            : answer.kind === "answer"
              ? { answer: JSON.parse(answer.answer) }
              : answer.absent
                ? "absent"
                : answer.value === null
                  ? "ok"
                  : { value: answer.value },
  });
}

/** Longer values are written as what they begin with, and a size. */
const VALUE_SHOWN = 64;

function valueInFile(value: string | null): Pick<ClientFile, "value" | "valueSize"> {
  if (value === null) return {};
  const begin = unpadded(value);
  if (value.length <= VALUE_SHOWN || begin === "" || begin === value) return { value };
  return { value: begin, valueSize: printSize(value.length) };
}

function clients(selector: Selector): SelectorText | undefined {
  return selector.kind === "clients" && selector.ids.length === 0 ? undefined : fileOfSelector(selector);
}

/** The action under its key. */
export function fileOfAction(action: Action): ActionFile {
  switch (action.kind) {
    case "partition":
      return { partition: partition(action.shape, action.oneWay) };
    case "heal":
      return { heal: action.id === null ? {} : { id: action.id } };
    case "drop":
    case "corrupt":
    case "hold":
      return { [action.kind]: match(action) };
    case "delay": {
      const usual = action.jitterMicros === 0 ? "constant" : "uniform";
      return {
        delay: defined({
          ...match(action),
          add: formatMicros(action.addMicros),
          jitter: action.jitterMicros === 0 ? undefined : formatMicros(action.jitterMicros),
          correlation: action.correlationPpm === 0 ? undefined : share(action.correlationPpm),
          dist: action.dist === usual ? undefined : action.dist,
        }),
      };
    }
    case "duplicate":
      return { duplicate: defined({ ...match(action), copies: action.copies === 1 ? undefined : action.copies }) };
    case "reorder":
      return { reorder: { ...match(action), window: formatMicros(action.windowMicros) } };
    case "bandwidth":
      return {
        bandwidth: defined({
          from: unlessAll(action.from),
          to: unlessAll(action.to),
          rate: `${printSize(action.bytesPerSecond)}/s`,
          buffer: action.bufferBytes === 0 ? undefined : printSize(action.bufferBytes),
        }),
      };
    case "release":
      return {
        release: defined({ from: unlessAll(action.from), to: unlessAll(action.to), types: types(action.types) }),
      };
    case "crash":
      return {
        crash:
          action.unsynced === "lose"
            ? fileOfSelector(action.on)
            : { on: fileOfSelector(action.on), unsynced: action.unsynced },
      };
    case "restart":
    case "pause":
    case "resume":
    case "destroy":
    case "campaign":
    case "defrag":
      return { [action.kind]: fileOfSelector(action.on) };
    case "slow":
      return {
        slow: defined({
          on: fileOfSelector(action.on),
          cpu: action.cpuMicros === 0 ? undefined : formatMicros(action.cpuMicros),
          apply: action.applyMicros === 0 ? undefined : formatMicros(action.applyMicros),
        }),
      };
    case "disk":
      return { disk: disk(action) };
    case "clock":
      return {
        clock: defined({
          on: fileOfSelector(action.on),
          skew: action.skewMicros === null ? undefined : signed(action.skewMicros),
          drift: action.driftPpm === null ? undefined : share(action.driftPpm),
          jump: action.jumpMicros === null ? undefined : signed(action.jumpMicros),
        }),
      };
    case "member":
      return {
        member: defined({
          [action.change]: fileOfSelector(action.on),
          role: action.role === "voter" ? undefined : action.role,
          zone: action.zone ?? undefined,
          host: action.host ?? undefined,
          joint: action.joint ? true : undefined,
        }),
      };
    case "transferLeader":
      return { transferLeader: { to: fileOfSelector(action.to) } };
    case "backup":
      return {
        backup: defined({
          from: action.from.kind === "leader" ? undefined : fileOfSelector(action.from),
          as: action.as,
          of: action.of === "state" ? undefined : action.of,
        }),
      };
    case "restore":
      if (action.snapshot === null) return { restore: { forceNewCluster: `n${action.members[0]}` } };
      return {
        restore: defined({
          snapshot: action.snapshot,
          members: action.members.map((id) => `n${id}`),
          newClusterId: action.newClusterId ? undefined : false,
          bumpRevision: action.bumpRevision === 0 ? undefined : action.bumpRevision,
          markCompacted: action.markCompacted ? true : undefined,
        }),
      };
    case "compact":
      return {
        compact: defined({
          revision: action.revision ?? undefined,
          keep: action.keepRevisions === 0 ? undefined : action.keepRevisions,
          physical: action.physical ? true : undefined,
        }),
      };
    case "upgrade":
      return { upgrade: { on: fileOfSelector(action.on), version: action.version } };
    case "certificate":
      return { certificate: { on: fileOfSelector(action.on), use: action.use, change: action.change } };
    case "clientOp":
      return { client: clientOp(action) };
    case "clientPause":
      return { client: { pause: fileOfSelector(action.clients) } };
    case "clientSlowWatch":
      return {
        client: defined({ slowWatch: formatMicros(action.perResponseMicros), clients: clients(action.clients) }),
      };
    case "clientReconnect":
      return { client: defined({ reconnect: fileOfSelector(action.to), clients: clients(action.clients) }) };
    case "message":
      return {
        message: {
          [action.does]: defined({
            from: unlessAll(action.from),
            to: unlessAll(action.to),
            types: types(action.types),
            nth: action.nth === 1 ? undefined : action.nth,
            add: action.addMicros === 0 ? undefined : formatMicros(action.addMicros),
          }),
        },
      };
  }
}

function signed(micros: number): string {
  return micros > 0 ? `+${formatMicros(micros)}` : formatMicros(micros);
}
