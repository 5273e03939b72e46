/**
 * From an action as it is written to the normalised one. The shape has been checked; nothing fails here.
 */

import { padded } from "../client/operation.ts";
import type {
  Action,
  ClientExpectation,
  DiskEffect,
  MemberChange,
  MessageAction,
  MessageMatch,
  OneWay,
  PartitionShape,
} from "../fault/action.ts";
import { ALWAYS_PPM, CLIENT_OPERATIONS } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";
import { ALL, isSelectorProblem, LEADER, parseSelector, unionOf } from "../fault/selector.ts";
import { assert } from "../kernel/assert.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { constant, INSTANT, uniform } from "../kernel/distribution.ts";
import { MICROS_MAX } from "../kernel/limits.ts";
import type {
  ActionFile,
  ClientFile,
  DiskFaultFile,
  DistributionFile,
  MatchFile,
  OnFile,
  PartitionFile,
  SelectorText,
} from "./document.ts";
import type { Quantity } from "./quantity.ts";
import { parseBandwidth, parseDuration, parsePpm, parseSignedDuration, parseSize } from "./quantity.ts";

/** The number of a quantity that the schema has let through. */
export function number(quantity: Quantity): number {
  assert(typeof quantity === "number", "a quantity passed the schema that does not parse");
  return quantity;
}

/** Microseconds of a checked duration; `missing` where there is none. */
export function micros(text: string | 0 | undefined, missing: number): number {
  return text === undefined ? missing : number(parseDuration(String(text)));
}

/** Parts per million of a checked share; `missing` where there is none. */
export function ppm(text: string | 0 | undefined, missing: number): number {
  if (text === undefined) return missing;
  return String(text) === "0" ? 0 : number(parsePpm(String(text)));
}

/** Bytes of a checked size; `missing` where there is none. */
export function bytes(text: string | 0 | undefined, missing: number): number {
  return text === undefined ? missing : number(parseSize(String(text)));
}

/** A checked selector; `missing` where there is none. */
export function select(text: SelectorText | undefined, missing: Selector): Selector {
  if (text === undefined) return missing;
  const parts: Selector[] = [];
  for (const part of typeof text === "string" ? [text] : text) {
    const read = parseSelector(part);
    assert(!isSelectorProblem(read), "a selector passed the schema that does not parse");
    parts.push(read);
  }
  return unionOf(parts);
}

/** A checked distribution; `missing` where there is none. */
export function distributionOf(file: DistributionFile | undefined, missing: Distribution): Distribution {
  if (file === undefined) return missing;
  if (typeof file !== "object") return constant(micros(file, 0));
  const minMicros = micros(file.min, 0);
  const meanMicros = micros(file.mean, 0);
  switch (file.dist) {
    case "constant":
      return constant(meanMicros);
    case "uniform":
      return uniform(minMicros, micros(file.max, minMicros));
    case "normal":
      return { kind: "normal", meanMicros, deviationMicros: micros(file.deviation, 0) };
    case "exponential":
    case "pareto": {
      const maxMicros = micros(file.max, Math.min(MICROS_MAX, minMicros + meanMicros * 12));
      return { kind: file.dist, minMicros, meanMicros, maxMicros };
    }
  }
}

function match(file: MatchFile): MessageMatch {
  return {
    from: select(file.from, ALL),
    to: select(file.to, ALL),
    types: typesOf(file.types),
    pPpm: ppm(file.p, ALWAYS_PPM),
  };
}

function typesOf(types: string | readonly string[] | undefined): readonly string[] {
  if (types === undefined) return [];
  return typeof types === "string" ? [types] : [...new Set(types)].sort();
}

function on(file: OnFile): Selector {
  if (typeof file === "object" && "on" in file) return select(file.on, ALL);
  return select(file, ALL);
}

function partitionOf(file: PartitionFile): Action {
  const oneWay: OneWay =
    file.oneWay === true ? "out" : file.oneWay === undefined || file.oneWay === false ? "no" : file.oneWay;
  let shape: PartitionShape = { kind: "ring" };
  if (file.groups !== undefined) shape = { kind: "groups", groups: file.groups.map((group) => select(group, ALL)) };
  else if (file.isolate !== undefined) shape = { kind: "isolate", on: select(file.isolate, ALL) };
  else if (file.bridge !== undefined) shape = { kind: "bridge", on: select(file.bridge, ALL) };
  else if (file.links !== undefined)
    shape = {
      kind: "links",
      links: file.links.map((link) => ({ from: select(link.from, ALL), to: select(link.to, ALL) })),
    };
  return { kind: "partition", shape, oneWay };
}

function diskOf(file: DiskFaultFile): Action {
  let effect: DiskEffect = { kind: "stall" };
  if (file.slowFsync !== undefined) effect = { kind: "slowFsync", addMicros: micros(file.slowFsync, 0) };
  else if (file.latency !== undefined)
    effect = {
      kind: "latency",
      write: distributionOf(file.latency.write, INSTANT),
      fsync: distributionOf(file.latency.fsync, INSTANT),
    };
  else if (file.error !== undefined) effect = { kind: "error", operation: file.error };
  else if (file.corrupt !== undefined) {
    const corrupt = file.corrupt;
    if (corrupt === true) effect = { kind: "corrupt", file: "any", bits: 1 };
    else if (typeof corrupt === "string") effect = { kind: "corrupt", file: corrupt, bits: 1 };
    else effect = { kind: "corrupt", file: corrupt.file ?? "any", bits: corrupt.bits ?? 1 };
  } else if (file.full !== undefined) effect = { kind: "full" };
  else if (file.rollback !== undefined) effect = { kind: "rollback", image: file.rollback };
  else if (file.wipe !== undefined) effect = { kind: "wipe" };
  return { kind: "disk", on: select(file.on, ALL), effect, pPpm: ppm(file.p, ALWAYS_PPM) };
}

function expectationOf(expect: ClientFile["expect"]): ClientExpectation | null {
  if (expect === undefined) return null;
  if (typeof expect === "object") {
    if (expect.error !== undefined) return { kind: "error", error: expect.error };
    if (expect.answer !== undefined) return { kind: "answer", answer: JSON.stringify(expect.answer) };
    return { kind: "ok", value: expect.value === undefined ? null : String(expect.value), absent: false };
  }
  switch (expect) {
    case "ok":
      return { kind: "ok", value: null, absent: false };
    case "absent":
      return { kind: "ok", value: null, absent: true };
    case "timeout":
      return { kind: "timeout" };
    case "error":
      return { kind: "error", error: null };
  }
}

function clientOf(file: ClientFile): Action {
  const everyClient: Selector = { kind: "clients", ids: [] };
  if (file.pause !== undefined) return { kind: "clientPause", clients: select(file.pause, everyClient) };
  if (file.slowWatch !== undefined)
    return {
      kind: "clientSlowWatch",
      clients: select(file.clients, everyClient),
      perResponseMicros: micros(file.slowWatch, 0),
    };
  if (file.reconnect !== undefined)
    return { kind: "clientReconnect", clients: select(file.clients, everyClient), to: select(file.reconnect, ALL) };
  const { as, op = "get" } = file;
  const ofWorkload = as !== undefined && /^c[1-9][0-9]*$/.test(as);
  return {
    kind: "clientOp",
    client: ofWorkload ? Number(as.slice(1)) : 0,
    session: ofWorkload ? null : (as ?? null),
    via: select(file.via, { kind: "any", count: 1 }),
    op,
    body: (CLIENT_OPERATIONS as readonly string[]).includes(op) ? null : JSON.stringify(file.with ?? {}),
    key: file.key ?? "",
    value: file.value === undefined ? null : padded(String(file.value), bytes(file.valueSize, 0)),
    expected: file.expected === undefined ? null : String(file.expected),
    timeoutMicros: file.timeout === undefined ? null : micros(file.timeout, 0),
    expect: expectationOf(file.expect),
  };
}

function messageOf(file: NonNullable<ActionFile["message"]>): MessageAction {
  const does =
    file.drop !== undefined
      ? "drop"
      : file.delay !== undefined
        ? "delay"
        : file.duplicate !== undefined
          ? "duplicate"
          : "deliver";
  const which = file[does] ?? {};
  return {
    kind: "message",
    does,
    from: select(which.from, ALL),
    to: select(which.to, ALL),
    types: typesOf(which.types),
    nth: which.nth ?? 1,
    addMicros: micros(which.add, 0),
  };
}

function memberOf(file: NonNullable<ActionFile["member"]>): Action {
  const changes: readonly MemberChange[] = ["add", "remove", "promote", "demote", "update"];
  const change = changes.find((key) => file[key] !== undefined) ?? "add";
  return {
    kind: "member",
    change,
    on: select(file[change], ALL),
    role: file.role ?? "voter",
    zone: file.zone ?? null,
    host: file.host ?? null,
    joint: file.joint ?? false,
  };
}

/** The action that the entry names; null where it names none. */
export function compileAction(file: ActionFile): Action | null {
  if (file.partition !== undefined) return partitionOf(file.partition);
  if (file.heal !== undefined)
    return { kind: "heal", id: typeof file.heal === "string" ? file.heal : (file.heal.id ?? null) };
  if (file.drop !== undefined) return { kind: "drop", ...match(file.drop) };
  if (file.delay !== undefined)
    return {
      kind: "delay",
      ...match(file.delay),
      addMicros: micros(file.delay.add, 0),
      jitterMicros: micros(file.delay.jitter, 0),
      correlationPpm: ppm(file.delay.correlation, 0),
      dist: file.delay.dist ?? (file.delay.jitter === undefined ? "constant" : "uniform"),
    };
  if (file.duplicate !== undefined)
    return { kind: "duplicate", ...match(file.duplicate), copies: file.duplicate.copies ?? 1 };
  if (file.reorder !== undefined)
    return { kind: "reorder", ...match(file.reorder), windowMicros: micros(file.reorder.window, 50_000) };
  if (file.corrupt !== undefined) return { kind: "corrupt", ...match(file.corrupt) };
  if (file.bandwidth !== undefined)
    return {
      kind: "bandwidth",
      from: select(file.bandwidth.from, ALL),
      to: select(file.bandwidth.to, ALL),
      bytesPerSecond: number(parseBandwidth(file.bandwidth.rate)),
      bufferBytes: bytes(file.bandwidth.buffer, 0),
    };
  if (file.hold !== undefined) return { kind: "hold", ...match(file.hold) };
  if (file.release !== undefined)
    return {
      kind: "release",
      from: select(file.release.from, ALL),
      to: select(file.release.to, ALL),
      types: typesOf(file.release.types),
    };
  if (file.crash !== undefined) {
    const crash = file.crash;
    if (typeof crash === "string" || Array.isArray(crash))
      return { kind: "crash", on: select(crash as SelectorText, ALL), unsynced: "lose" };
    const where = crash as Exclude<NonNullable<ActionFile["crash"]>, SelectorText>;
    const target: Selector =
      where.zone !== undefined
        ? { kind: "zone", name: where.zone }
        : where.host !== undefined
          ? { kind: "host", name: where.host }
          : select(where.on, ALL);
    return { kind: "crash", on: target, unsynced: where.unsynced ?? "lose" };
  }
  if (file.restart !== undefined) return { kind: "restart", on: on(file.restart) };
  if (file.pause !== undefined) return { kind: "pause", on: on(file.pause) };
  if (file.resume !== undefined) return { kind: "resume", on: on(file.resume) };
  if (file.slow !== undefined)
    return {
      kind: "slow",
      on: select(file.slow.on, ALL),
      cpuMicros: micros(file.slow.cpu, 0),
      applyMicros: micros(file.slow.apply, 0),
    };
  if (file.destroy !== undefined) return { kind: "destroy", on: on(file.destroy) };
  if (file.disk !== undefined) return diskOf(file.disk);
  if (file.clock !== undefined)
    return {
      kind: "clock",
      on: select(file.clock.on, ALL),
      skewMicros: file.clock.skew === undefined ? null : number(parseSignedDuration(String(file.clock.skew))),
      driftPpm:
        file.clock.drift === undefined
          ? null
          : String(file.clock.drift) === "0"
            ? 0
            : number(parsePpm(String(file.clock.drift), true)),
      jumpMicros: file.clock.jump === undefined ? null : number(parseSignedDuration(String(file.clock.jump))),
    };
  if (file.member !== undefined) return memberOf(file.member);
  if (file.transferLeader !== undefined) {
    const to = file.transferLeader;
    return {
      kind: "transferLeader",
      to: typeof to === "object" && "to" in to ? select(to.to, ALL) : select(to, ALL),
    };
  }
  if (file.campaign !== undefined) return { kind: "campaign", on: on(file.campaign) };
  if (file.backup !== undefined)
    return {
      kind: "backup",
      from: select(file.backup.from, LEADER),
      as: file.backup.as,
      of: file.backup.of ?? "state",
    };
  if (file.restore !== undefined) {
    const { forceNewCluster } = file.restore;
    const names = forceNewCluster === undefined ? (file.restore.members ?? []) : [forceNewCluster];
    return {
      kind: "restore",
      snapshot: file.restore.snapshot ?? null,
      members: [...new Set(names.map((name) => Number(name.slice(1))))].sort((a, b) => a - b),
      newClusterId: forceNewCluster === undefined && (file.restore.newClusterId ?? true),
      bumpRevision: file.restore.bumpRevision ?? 0,
      markCompacted: file.restore.markCompacted ?? false,
    };
  }
  if (file.compact !== undefined)
    return {
      kind: "compact",
      revision: file.compact.revision ?? null,
      keepRevisions: file.compact.keep ?? 0,
      physical: file.compact.physical ?? false,
    };
  if (file.defrag !== undefined) return { kind: "defrag", on: on(file.defrag) };
  if (file.upgrade !== undefined)
    return { kind: "upgrade", on: select(file.upgrade.on, ALL), version: file.upgrade.version };
  if (file.certificate !== undefined)
    return {
      kind: "certificate",
      on: select(file.certificate.on, ALL),
      use: file.certificate.use,
      change: file.certificate.change,
    };
  if (file.client !== undefined) return clientOf(file.client);
  if (file.message !== undefined) return messageOf(file.message);
  return null;
}
