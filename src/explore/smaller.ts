// Ways to make a scenario smaller or plainer, each a list of scenarios to try, the boldest first. None of them knows whether the
// failure survives it.

import { unpadded } from "../client/operation.ts";
import { type Action, ALWAYS_PPM, lasts, type PartitionShape } from "../fault/action.ts";
import { ALL, members as named, needsDraw, type Selector } from "../fault/selector.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import type { FaultReport, RunResult } from "../run/result.ts";
import { LEASE_CHECKPOINT_DEFAULT_MICROS, PRESETS, QUOTA_DEFAULT_BYTES } from "../scenario/defaults.ts";
import type { ClusterSettings, Fault, MemberSettings, RaftSettings, Scenario, Workload } from "../scenario/scenario.ts";
import { mapSelectors } from "./selectors-of.ts";

/** The scenario without `count` of its faults from position `from` on. */
export function without(scenario: Scenario, from: number, count: number): Scenario {
  return { ...scenario, faults: [...scenario.faults.slice(0, from), ...scenario.faults.slice(from + count)] };
}

/**
 * Selectors that draw become the names that they came to: a draw belongs to a place in the list, which changes when something
 * before it is taken away.
 */
export function resolved(scenario: Scenario, result: RunResult): Scenario {
  return { ...scenario, faults: scenario.faults.map((fault, at) => withNames(fault, result.faults[at], needsDraw)) };
}

/** The fault with the names of those it hit in place of the selectors that `which` picks. */
function withNames(fault: Fault, report: FaultReport | undefined, which: (selector: Selector) => boolean): Fault {
  const targets = report?.targets ?? [];
  if (report === undefined || targets.length === 0 || report.status === "waiting") return fault;
  const { action } = fault;
  const names = named(...targets);
  const put = (selector: Selector): Selector => (which(selector) ? names : selector);
  switch (action.kind) {
    case "partition": {
      const { shape } = action;
      if (shape.kind === "isolate" && targets.length === 1) {
        return { ...fault, action: { ...action, shape: { ...shape, on: put(shape.on) } } };
      }
      if (shape.kind !== "groups" || shape.groups[0] === undefined) return fault;
      const groups = [put(shape.groups[0]), ...shape.groups.slice(1)];
      return { ...fault, action: { ...action, shape: { ...shape, groups } } };
    }
    case "transferLeader":
      return { ...fault, action: { ...action, to: put(action.to) } };
    case "clientOp":
      return { ...fault, action: { ...action, via: put(action.via) } };
    case "crash":
    case "restart":
    case "pause":
    case "slow":
    case "disk":
    case "clock":
    case "campaign":
    case "destroy":
      return { ...fault, action: { ...action, on: put(action.on) } };
    default:
      return fault;
  }
}

/** Ends right after the failure, or a little later at a round time; what never fired by then is left out. */
export function cutAt(scenario: Scenario, result: RunResult): Scenario[] {
  const { violation } = result;
  if (violation === null || violation.property.startsWith("expectation/")) return [];
  const fired = scenario.faults.filter((_, at) => {
    const report = result.faults[at];
    return report !== undefined && report.status !== "waiting" && report.status !== "ineffective";
  });
  const list: Scenario[] = [];
  for (const unit of [SECOND, 100 * MILLISECOND, MILLISECOND]) {
    const durationMicros = Math.ceil((violation.atMicros + 1) / unit) * unit;
    if (durationMicros > scenario.durationMicros) continue;
    if (durationMicros === scenario.durationMicros && fired.length === scenario.faults.length) return list;
    list.push(shortened({ ...scenario, faults: fired }, durationMicros), shortened(scenario, durationMicros));
    break;
  }
  return list;
}

function shortened(scenario: Scenario, durationMicros: number): Scenario {
  return {
    ...scenario,
    durationMicros,
    faults: scenario.faults
      .filter(({ trigger }) => trigger.kind !== "time" || trigger.atMicros < durationMicros)
      .map((fault) => endingBy(fault, durationMicros)),
    workload: scenario.workload
      .filter((load) => load.fromMicros < durationMicros)
      .map((load) => ({ ...load, untilMicros: Math.min(load.untilMicros, durationMicros) })),
  };
}

/** The fault with no more time than there is. */
export function endingBy(fault: Fault, endMicros: number): Fault {
  const { trigger, forMicros } = fault;
  if (forMicros === null) return fault;
  const most = trigger.kind === "time" ? endMicros - trigger.atMicros : endMicros - MILLISECOND;
  return forMicros <= most ? fault : { ...fault, forMicros: most };
}

/** What has been standing before the first fault of a shortened run: time for a first leader. */
const LEAD_IN_MICROS = 2 * SECOND;

/** Only what was going on in the last moments before the failure, moved to the beginning; the shortest stretch first. */
export function lastMoments(scenario: Scenario, result: RunResult): Scenario[] {
  const { violation } = result;
  if (violation === null || violation.property.startsWith("expectation/")) return [];
  const list: Scenario[] = [];
  for (const stretch of [1, 2, 4, 8]) {
    const from = Math.floor((violation.atMicros - stretch * SECOND) / MILLISECOND) * MILLISECOND;
    if (from <= LEAD_IN_MICROS) break;
    const by = LEAD_IN_MICROS - from;
    const faults: Fault[] = [];
    for (const [at, fault] of scenario.faults.entries()) {
      const fired = result.faults[at]?.firedAtMicros ?? -1;
      const { forMicros } = fault;
      if (fired < 0 || result.faults[at]?.status === "ineffective") continue;
      if (fired >= from) faults.push({ ...fault, trigger: { kind: "time", atMicros: wholeMillis(fired) + by } });
      else if (result.faults[at]?.status === "active" && lasts(fault.action)) {
        const left = forMicros === null ? null : Math.max(MILLISECOND, fired + forMicros - from);
        faults.push({ ...fault, trigger: { kind: "time", atMicros: LEAD_IN_MICROS }, forMicros: left });
      }
    }
    const durationMicros = LEAD_IN_MICROS + (stretch + 4) * SECOND;
    if (durationMicros >= scenario.durationMicros) break;
    const workload = scenario.workload
      .filter((load) => load.untilMicros > from)
      .map((load) => ({ ...load, fromMicros: Math.max(0, load.fromMicros + by), untilMicros: durationMicros }));
    list.push({
      ...scenario,
      durationMicros,
      faults: faults.map((fault) => endingBy(fault, durationMicros)),
      workload,
    });
  }
  return list;
}

/**
 * The scenario with other loads, each in the place of one of its own; null: none. Clients are numbered on from load to load, and
 * what names one goes on to name it. What names nobody that is left goes with them, but for single requests, which anybody makes.
 */
export function withLoads(scenario: Scenario, loads: readonly (Workload | null)[]): Scenario {
  const names = new Map<number, number>();
  let before = 0;
  let next = 1;
  for (const [at, { clients }] of scenario.workload.entries()) {
    const left = Math.min(clients, loads[at]?.clients ?? 0);
    for (let n = 1; n <= left; n++) names.set(before + n, next++);
    before += clients;
  }
  const faults: Fault[] = [];
  for (const fault of scenario.faults) {
    let empty = false;
    const rename = (selector: Selector): Selector => {
      if (selector.kind !== "clients" || selector.ids.length === 0) return selector;
      const ids = selector.ids.flatMap((id) => names.get(id) ?? []);
      if (ids.length === 0) empty = true;
      return { ...selector, ids };
    };
    let action = mapSelectors(fault.action, rename);
    if ("clients" in action) action = { ...action, clients: rename(action.clients) };
    if (action.kind === "clientOp" && action.client !== 0)
      action = { ...action, client: names.get(action.client) ?? 0 };
    if (!empty) faults.push({ ...fault, action });
  }
  return { ...scenario, workload: loads.filter((load) => load !== null), faults };
}

/** The load made lighter: one of several, fewer clients, later, shorter, slower, fewer kinds. `finely`: in small steps as well. */
export function fewerClients(scenario: Scenario, result: RunResult, finely: boolean): Scenario[] {
  const list: Scenario[] = [];
  const loads = scenario.workload;
  const put = (at: number, load: Workload | null): void => {
    list.push(
      withLoads(
        scenario,
        loads.map((one, other) => (other === at ? load : one)),
      ),
    );
  };
  const end = result.violation?.atMicros ?? scenario.durationMicros;
  for (const [at, load] of loads.entries()) {
    put(at, null);
    if (load.clients > 1) {
      put(at, { ...load, clients: 1 });
      put(at, { ...load, clients: load.clients >> 1 });
      if (finely && load.clients > 2) put(at, { ...load, clients: load.clients - 1 });
    }
    const until = Math.min(load.untilMicros, end);
    const length = until - load.fromMicros;
    if (length > 200 * MILLISECOND) {
      put(at, { ...load, fromMicros: wholeMillis(until - length / 4) });
      put(at, { ...load, fromMicros: wholeMillis(until - length / 2) });
      put(at, { ...load, untilMicros: wholeMillis(load.fromMicros + length / 2) });
    }
    if (finely && length > 200 * MILLISECOND) {
      put(at, { ...load, fromMicros: wholeMillis(load.fromMicros + length / 8) });
      put(at, { ...load, untilMicros: wholeMillis(until - length / 8) });
    }
    const { loop } = load;
    for (const times of [8, 2]) {
      if (loop.kind === "closed" && loop.thinkMicros < 4 * SECOND)
        put(at, { ...load, loop: { kind: "closed", thinkMicros: Math.max(MILLISECOND, loop.thinkMicros) * times } });
      if (loop.kind === "open" && loop.operations >= times)
        put(at, { ...load, loop: { ...loop, operations: Math.floor(loop.operations / times) } });
    }
    if (load.kind !== "kv") {
      // A lease that lives longer is renewed less often.
      if (load.ttlMicros < 16 * SECOND) put(at, { ...load, ttlMicros: load.ttlMicros * 4 });
      if (load.holdMicros > SECOND) put(at, { ...load, holdMicros: wholeMillis(load.holdMicros / 4) });
    }
    if (load.ops.length > 1) for (const op of load.ops) put(at, { ...load, ops: load.ops.filter((one) => one !== op) });
    if (load.keys.count > 1) put(at, { ...load, keys: { ...load.keys, count: 1 } });
  }
  return list;
}

/** Snapshots sooner: a failure that needs one then needs few operations for it. */
export function fewerEntries(scenario: Scenario): Scenario[] {
  const { snapshot } = scenario.cluster;
  return [2, 5, 10]
    .filter((everyEntries) => everyEntries < snapshot.everyEntries)
    .map((everyEntries) => withCluster(scenario, { snapshot: { ...snapshot, everyEntries, catchUpEntries: 1 } }));
}

/** Compactions sooner. */
export function fewerRevisions(scenario: Scenario): Scenario[] {
  const { compaction } = scenario.cluster;
  return [2, 5, 10]
    .filter((revisions) => compaction.mode === "revision" && revisions < compaction.revisions)
    .map((revisions) => withCluster(scenario, { compaction: { ...compaction, revisions } }));
}

/** What a file grows by, and how large one is that has something in it. */
const PAGE_BYTES = 4096;
const FILE_BYTES = 7 * PAGE_BYTES;

/** Quotas that are used up sooner, the lowest after a few pages. They stay as many as they are, and in their order. */
export function lessRoom(scenario: Scenario): Scenario[] {
  const { members, quotaBytes } = scenario.cluster;
  const quotas = [...new Set([quotaBytes, ...members.map((member) => member.quotaBytes)])].sort((a, b) => a - b);
  const [lowest] = quotas as [number];
  const list: Scenario[] = [];
  if (lowest === QUOTA_DEFAULT_BYTES) return list;
  for (const room of [FILE_BYTES, FILE_BYTES + 2 * PAGE_BYTES, 2 * FILE_BYTES]) {
    if (room >= lowest) break;
    for (const step of [QUOTA_DEFAULT_BYTES, PAGE_BYTES, 4 * PAGE_BYTES]) {
      const less = (bytes: number): number => Math.min(bytes, room + step * quotas.indexOf(bytes));
      list.push(
        withCluster(scenario, {
          quotaBytes: less(quotaBytes),
          members: members.map((member) => ({ ...member, quotaBytes: less(member.quotaBytes) })),
        }),
      );
    }
  }
  return list;
}

function withCluster(scenario: Scenario, part: Partial<ClusterSettings>): Scenario {
  return { ...scenario, cluster: { ...scenario.cluster, ...part } };
}

function wholeMillis(micros: number): number {
  return Math.floor(micros / MILLISECOND) * MILLISECOND;
}

/** Fewer members: those that no fault names go first, and the others move up to the lowest numbers. */
export function fewerMembers(scenario: Scenario): Scenario[] {
  const { members } = scenario.cluster;
  const list: Scenario[] = [];
  const mentions = new Map<number, number>(members.map(({ id }) => [id, 0]));
  for (const fault of scenario.faults) {
    mapSelectors(fault.action, (selector) => {
      if (selector.kind === "members") for (const id of selector.ids) mentions.set(id, (mentions.get(id) ?? 0) + 1);
      return selector;
    });
  }
  const byUse = members.map(({ id }) => id).sort((a, b) => (mentions.get(a) ?? 0) - (mentions.get(b) ?? 0) || b - a);
  for (const size of [1, 2, 3, 4, 5]) {
    if (size >= members.length) break;
    const gone = byUse.slice(0, members.length - size);
    const fewer = withoutMembers(scenario, gone);
    if (fewer !== null) list.push(fewer);
  }
  return list;
}

/** The scenario without these members, the others renamed n1, n2, …; null where a fault would be left with nobody. */
function withoutMembers(scenario: Scenario, gone: readonly number[]): Scenario | null {
  const kept = scenario.cluster.members.filter(({ id }) => !gone.includes(id));
  const names = new Map<number, number>(kept.map(({ id }, at) => [id, at + 1]));
  let empty = false;
  const rename = (selector: Selector): Selector => {
    if (selector.kind !== "members") return selector;
    const ids = selector.ids.filter((id) => !gone.includes(id)).map((id) => names.get(id) ?? id);
    if (ids.length === 0) empty = true;
    return named(...ids);
  };
  const faults: Fault[] = [];
  for (const fault of scenario.faults) {
    empty = false;
    const action = mapSelectors(fault.action, rename);
    if (!empty) faults.push({ ...fault, action });
  }
  if (scenario.network.links.length > 0) return null;
  const members: MemberSettings[] = kept.map((member, at) => ({ ...member, id: at + 1 }));
  const workload = scenario.workload.map((load) => ({ ...load, endpoints: mapOne(load.endpoints, rename) }));
  return { ...scenario, cluster: { ...scenario.cluster, members }, faults, workload };
}

function mapOne(selector: Selector, change: (selector: Selector) => Selector): Selector {
  const changed = change(selector);
  return changed.kind === "members" && changed.ids.length === 0 ? ALL : changed;
}

/** One option at a time back to its default; none where all are. */
export function optionEdits(scenario: Scenario): Scenario[] {
  const list: Scenario[] = [];
  const preset = PRESETS.etcd;
  const { cluster, network } = scenario;
  const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const offer = (changed: Scenario): void => {
    if (!isSame(changed, scenario)) list.push(changed);
  };
  const putCluster = (part: Partial<ClusterSettings>): void => offer(withCluster(scenario, part));
  putCluster({ snapshot: preset.snapshot });
  putCluster({ compaction: { mode: "off", periodMicros: 0, revisions: 0 } });
  putCluster({ leaseCheckpointMicros: LEASE_CHECKPOINT_DEFAULT_MICROS });
  putCluster({
    quotaBytes: QUOTA_DEFAULT_BYTES,
    members: cluster.members.map((member) => ({ ...member, quotaBytes: QUOTA_DEFAULT_BYTES })),
  });
  putCluster({ disk: preset.disk });
  offer({ ...scenario, network: { ...network, latency: preset.latency } });
  offer({ ...scenario, network: { ...network, lossPpm: 0 } });
  offer({ ...scenario, network: { ...network, duplicatePpm: 0 } });
  putCluster({ members: cluster.members.map((member) => ({ ...member, raft: cluster.raft })) });
  const [first] = cluster.members;
  if (first !== undefined && cluster.members.every((member) => isSame(member.raft, first.raft))) {
    putCluster({ raft: first.raft });
  }
  for (const key of Object.keys(preset.raft) as (keyof RaftSettings)[]) {
    if (cluster.raft[key] === preset.raft[key]) continue;
    // The two times go together.
    const both: Partial<RaftSettings> =
      key === "heartbeatMicros" || key === "electionMicros"
        ? { heartbeatMicros: preset.raft.heartbeatMicros, electionMicros: preset.raft.electionMicros }
        : { [key]: preset.raft[key] };
    const change = (raft: RaftSettings): RaftSettings => ({ ...raft, ...both });
    const raft = change(cluster.raft);
    putCluster({
      raft,
      members: cluster.members.map((member) => ({ ...member, raft: change(member.raft) })),
      requestTimeoutMicros: 5 * SECOND + 2 * raft.electionMicros,
    });
  }
  putCluster({ requestTimeoutMicros: 5 * SECOND + 2 * cluster.raft.electionMicros });
  putCluster({ snapshot: { ...cluster.snapshot, keep: preset.snapshot.keep } });
  for (const [at, load] of scenario.workload.entries()) {
    const put = (part: Partial<Workload>): void =>
      offer({
        ...scenario,
        workload: scenario.workload.map((one, other) => (other === at ? { ...one, ...part } : one)),
      });
    put({ keys: { count: 1, dist: "uniform", prefix: load.keys.prefix } });
    put({ keys: { ...load.keys, dist: "uniform" } });
    put({ retry: "none" });
    put({ failover: true });
    put({ timeoutMicros: 2 * SECOND });
  }
  return list;
}

/** Everything a little earlier, where the beginning is empty: in whole seconds. */
export function beginnings(scenario: Scenario): Scenario[] {
  let first = Number.POSITIVE_INFINITY;
  for (const { trigger } of scenario.faults) if (trigger.kind === "time") first = Math.min(first, trigger.atMicros);
  for (const load of scenario.workload) first = Math.min(first, load.fromMicros);
  const list: Scenario[] = [];
  if (first === Number.POSITIVE_INFINITY) return list;
  for (const left of [2 * SECOND, 3 * SECOND, 5 * SECOND]) {
    const by = Math.floor((first - left) / SECOND) * SECOND;
    if (by <= 0) continue;
    list.push({
      ...scenario,
      durationMicros: scenario.durationMicros - by,
      faults: scenario.faults.map((fault) => shifted(fault, -by)),
      workload: scenario.workload.map((load) => ({
        ...load,
        fromMicros: load.fromMicros - by,
        untilMicros: load.untilMicros - by,
      })),
    });
  }
  return list;
}

function shifted(fault: Fault, byMicros: number): Fault {
  if (fault.trigger.kind !== "time") return fault;
  return { ...fault, trigger: { kind: "time", atMicros: fault.trigger.atMicros + byMicros } };
}

/** Plainer forms of one fault: its time and length rounder, its chances certain, its targets named; none where it is plain. */
export function faultEdits(scenario: Scenario, result: RunResult, at: number): Scenario[] {
  const fault = scenario.faults[at];
  if (fault === undefined) return [];
  const list: Scenario[] = [];
  const offer = (changed: Fault): void => {
    if (JSON.stringify(changed) === JSON.stringify(fault)) return;
    list.push({ ...scenario, faults: scenario.faults.map((one, other) => (other === at ? changed : one)) });
  };
  const { trigger, forMicros, action } = fault;
  if (trigger.kind === "time") {
    for (const unit of [SECOND, 100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND]) {
      if (trigger.atMicros % unit === 0) break;
      offer({ ...fault, trigger: { kind: "time", atMicros: Math.round(trigger.atMicros / unit) * unit } });
    }
  } else if (trigger.kind === "when") {
    const fired = result.faults[at]?.firedAtMicros ?? 0;
    if (fired > 0) offer({ ...fault, trigger: { kind: "time", atMicros: fired } });
  }
  if (forMicros !== null) {
    offer({ ...fault, forMicros: null });
    for (const unit of [SECOND, 100 * MILLISECOND, 10 * MILLISECOND]) {
      if (forMicros % unit === 0) break;
      offer({ ...fault, forMicros: Math.max(unit, Math.round(forMicros / unit) * unit) });
    }
  }
  offer(withNames(fault, result.faults[at], () => true));
  for (const plainer of plainerActions(action)) offer({ ...fault, action: plainer });
  return list;
}

function plainerActions(action: Action): Action[] {
  const list: Action[] = [];
  if ("pPpm" in action && action.pPpm !== ALWAYS_PPM) list.push({ ...action, pPpm: ALWAYS_PPM });
  switch (action.kind) {
    case "crash":
      if (action.unsynced !== "lose") list.push({ ...action, unsynced: "lose" });
      break;
    case "delay":
      if (action.jitterMicros > 0) list.push({ ...action, jitterMicros: 0, dist: "constant" });
      break;
    case "partition": {
      const shape: PartitionShape = action.shape;
      if (shape.kind === "groups" && shape.groups.length === 2) {
        const [side, rest] = shape.groups as [Selector, Selector];
        if (rest.kind === "rest" && side.kind === "members" && side.ids.length === 1) {
          list.push({ ...action, shape: { kind: "isolate", on: side } });
        }
      }
      if (action.oneWay !== "no") list.push({ ...action, oneWay: "no" });
      break;
    }
    case "clientOp":
      if (action.timeoutMicros !== null) list.push({ ...action, timeoutMicros: null });
      if (action.value !== null && action.value !== unpadded(action.value))
        list.push({ ...action, value: unpadded(action.value) });
      break;
    default:
      break;
  }
  return list;
}
