/**
 * From a checked file to the normalised scenario: presets and defaults filled in, texts turned into numbers.
 *
 * Order never comes from a map of the file: weights are listed in the order of the constants, hosts by name.
 */

import { MUTATION_IDS } from "../fault/mutation.ts";
import type { RandomFaults, RandomKind } from "../fault/random.ts";
import { RANDOM_KINDS } from "../fault/random.ts";
import { ALL } from "../fault/selector.ts";
import { assert } from "../kernel/assert.ts";
import { INSTANT } from "../kernel/distribution.ts";
import { bytes, compileAction, distributionOf, micros, number, ppm, select } from "./compile-action.ts";
import { compileExpectation, compileStudy } from "./compile-expect.ts";
import {
  CLIENT_TIMEOUT_DEFAULT_MICROS,
  DURATION_DEFAULT_MICROS,
  HOLD_DEFAULT_MICROS,
  LEASE_CHECKPOINT_DEFAULT_MICROS,
  PRESETS,
  QUOTA_DEFAULT_BYTES,
  RANDOM_CALM_MICROS,
  RANDOM_LASTING_DEFAULT,
  REQUEST_TIMEOUT_BASE_MICROS,
  TTL_DEFAULT_MICROS,
} from "./defaults.ts";
import type { MemberFile, RaftFile, RandomFile, ScenarioFile, WorkloadFile } from "./document.ts";
import { parsePredicate } from "./parse-predicate.ts";
import { parseCount, parseRate } from "./quantity.ts";
import type {
  ClusterSettings,
  Fault,
  MemberSettings,
  Model,
  RaftSettings,
  Scenario,
  TopologySettings,
  Trigger,
  Workload,
} from "./scenario.ts";
import { WORKLOAD_OPS } from "./scenario.ts";
import { parseSeed } from "./seed.ts";

/** The scenario of a file whose shape has been checked, without its variants. */
export function compile(file: ScenarioFile, variant: string | null): Scenario {
  const durationMicros = micros(file.duration, DURATION_DEFAULT_MICROS);
  const preset = PRESETS[file.cluster?.preset ?? "etcd"];
  const seed = file.seed === undefined ? null : parseSeed(String(file.seed));
  assert(seed === null || typeof seed === "string", "a seed passed the schema that does not parse");
  const workloads = file.workload === undefined ? [] : Array.isArray(file.workload) ? file.workload : [file.workload];
  const mutate = file.mutate === undefined ? [] : typeof file.mutate === "string" ? [file.mutate] : file.mutate;
  return {
    name: file.name,
    title: file.title ?? file.name,
    about: file.about ?? "",
    tags: file.tags ?? [],
    variant,
    seed,
    ownSeed: file.seeds === "own",
    durationMicros,
    stepLimit: file.stepLimit ?? 0,
    protocol: file.protocol ?? "etcd",
    cluster: clusterOf(file),
    network: {
      latency: distributionOf(file.network?.latency, preset.latency),
      clientLatency: distributionOf(file.network?.clientLatency, preset.clientLatency),
      lossPpm: ppm(file.network?.loss, 0),
      duplicatePpm: ppm(file.network?.duplicate, 0),
      links: (file.network?.links ?? []).map((link) => ({
        from: select(link.from, ALL),
        to: select(link.to, ALL),
        both: link.both ?? true,
        latency: distributionOf(link.latency, preset.latency),
      })),
    },
    workload: workloads.map((workload: WorkloadFile, at: number) => workloadOf(workload, at, durationMicros)),
    faults: (file.faults ?? []).map((fault, at) => faultFrom(fault, at)),
    random: file.random === undefined ? null : randomOf(file.random, durationMicros),
    expect: (file.expect ?? []).flatMap((expectation) => compileExpectation(expectation)),
    mutate: MUTATION_IDS.filter((id) => mutate.includes(id)),
    budget: { membersDown: file.budget?.membersDown ?? null },
    claims: (file.claims ?? []).map((one) => ({
      id: one.id,
      claim: one.claim,
      verdict: one.verdict,
      condition: one.condition ?? null,
      figure: one.figure,
      real: one.real ?? null,
      note: one.note ?? null,
    })),
    variants: [],
    study: file.over === undefined ? null : compileStudy(file.over.seeds, file.expect ?? []),
  };
}

function raftOf(file: RaftFile | undefined, under: RaftSettings): RaftSettings {
  if (file === undefined) return under;
  return {
    heartbeatMicros: micros(file.heartbeat, under.heartbeatMicros),
    electionMicros: micros(file.election, under.electionMicros),
    preVote: file.preVote ?? under.preVote,
    checkQuorum: file.checkQuorum ?? under.checkQuorum,
    readOnly: file.readOnly ?? under.readOnly,
    maxSizePerMsgBytes: bytes(file.maxSizePerMsg, under.maxSizePerMsgBytes),
    maxInflight: file.maxInflight ?? under.maxInflight,
  };
}

function entriesOf(text: string | 0 | undefined, missing: number): number {
  if (text === undefined) return missing;
  return String(text) === "0" ? 0 : number(parseCount(String(text), "entries"));
}

function clusterOf(file: ScenarioFile): ClusterSettings {
  const cluster = file.cluster ?? {};
  const preset = PRESETS[cluster.preset ?? "etcd"];
  const raft = raftOf(cluster.raft, preset.raft);
  const quotaBytes = bytes(cluster.quota, QUOTA_DEFAULT_BYTES);
  const topology = topologyOf(file);
  const listed: readonly (string | MemberFile)[] =
    typeof cluster.members === "object"
      ? cluster.members
      : Array.from({ length: cluster.members ?? 3 }, (_, offset) => `n${offset + 1}`);
  const members: MemberSettings[] = listed.map((entry) => {
    const member: MemberFile = typeof entry === "string" ? { id: entry } : entry;
    return {
      id: Number(member.id.slice(1)),
      role: member.role ?? "voter",
      zone: member.zone ?? null,
      host: member.host ?? topology?.hosts.find((host) => host.runs.includes(member.id))?.name ?? null,
      raft: raftOf(member.raft, raft),
      quotaBytes: bytes(member.quota, quotaBytes),
    };
  });
  members.sort((a, b) => a.id - b.id);
  const disk = cluster.disk;
  return {
    members,
    raft,
    snapshot: {
      everyEntries: entriesOf(cluster.snapshot?.every, preset.snapshot.everyEntries),
      keep: cluster.snapshot?.keep ?? preset.snapshot.keep,
      // Where a file asks for early snapshots it wants the log compacted early too: 5,000 kept entries would hide that.
      catchUpEntries: entriesOf(
        cluster.snapshot?.catchUp,
        Math.min(preset.snapshot.catchUpEntries, Math.floor(entriesOf(cluster.snapshot?.every, 10_000) / 2)),
      ),
    },
    compaction: {
      mode: cluster.compaction?.mode ?? "off",
      periodMicros: micros(cluster.compaction?.period, 0),
      revisions: cluster.compaction?.revisions ?? 0,
    },
    quotaBytes,
    disk:
      disk === "instant"
        ? { write: INSTANT, fsync: INSTANT }
        : {
            write: distributionOf(disk?.write, preset.disk.write),
            fsync: distributionOf(disk?.fsync, preset.disk.fsync),
          },
    corruptCheckMicros: micros(cluster.corruptCheck, 0),
    leaseCheckpointMicros: micros(cluster.leaseCheckpoint, LEASE_CHECKPOINT_DEFAULT_MICROS),
    requestTimeoutMicros: micros(cluster.requestTimeout, REQUEST_TIMEOUT_BASE_MICROS + 2 * raft.electionMicros),
    topology,
  };
}

function topologyOf(file: ScenarioFile): TopologySettings | null {
  if (file.topology === undefined) return null;
  const hosts = file.topology.hosts;
  return {
    kind: file.topology.kind,
    hosts: Object.keys(hosts)
      .sort()
      .map((name) => ({ name, runs: hosts[name]! })),
  };
}

function workloadOf(file: WorkloadFile, at: number, durationMicros: number): Workload {
  const rate = file.rate === undefined ? null : parseRate(file.rate);
  assert(rate === null || "operations" in rate, "a rate passed the schema that does not parse");
  const keys = typeof file.keys === "number" ? { count: file.keys } : (file.keys ?? {});
  const ops = file.ops ?? { put: 1, get: 1 };
  return {
    name: file.name ?? `workload-${at + 1}`,
    kind: file.kind ?? "kv",
    clients: file.clients,
    loop:
      rate === null
        ? {
            kind: "closed",
            thinkMicros: file.closed === undefined || file.closed === true ? 0 : micros(file.closed, 0),
          }
        : { kind: "open", operations: rate.operations, perMicros: rate.perMicros },
    ops: WORKLOAD_OPS.filter((op) => (ops[op] ?? 0) > 0).map((op) => ({ op, weight: ops[op]! })),
    keys: { count: keys.count ?? 5, dist: keys.dist ?? "uniform", prefix: keys.prefix ?? "k" },
    values: file.values ?? "unique",
    valueBytes: bytes(file.valueSize, 16),
    fromMicros: micros(file.from, 0),
    untilMicros: micros(file.until, durationMicros),
    timeoutMicros: micros(file.timeout, CLIENT_TIMEOUT_DEFAULT_MICROS),
    ttlMicros: micros(file.ttl, TTL_DEFAULT_MICROS),
    holdMicros: micros(file.hold, HOLD_DEFAULT_MICROS),
    fencing: file.fencing ?? true,
    retry: file.retry ?? "none",
    endpoints: select(file.endpoints, ALL),
    failover: file.failover ?? true,
    model: (file.model ?? "etcd") as Model,
  };
}

function faultFrom(file: NonNullable<ScenarioFile["faults"]>[number], at: number): Fault {
  const action = compileAction(file);
  assert(action !== null, "a fault passed the schema without an action");
  let trigger: Trigger = { kind: "time", atMicros: 0 };
  if (file.when !== undefined) {
    const { predicate } = parsePredicate(file.when);
    assert(predicate !== null, "a predicate passed the schema that does not parse");
    trigger = { kind: "when", predicate };
  } else if (typeof file.at === "object") trigger = { kind: "event", event: file.at.event };
  else trigger = { kind: "time", atMicros: micros(file.at, 0) };
  return {
    id: file.id ?? `fault-${at + 1}`,
    trigger,
    forMicros: file.for === undefined ? null : micros(file.for, 0),
    action,
  };
}

function randomOf(file: RandomFile, durationMicros: number): RandomFaults {
  const pick: { kind: RandomKind; weight: number }[] = [];
  for (const kind of RANDOM_KINDS) {
    const [outer, inner] = kind.split(".") as [string, string | undefined];
    const weight =
      inner === undefined
        ? (file.pick as Readonly<Record<string, number | undefined>>)[outer]
        : (file.pick.partition as Readonly<Record<string, number | undefined>> | undefined)?.[inner];
    if (weight !== undefined && weight > 0) pick.push({ kind, weight });
  }
  const until = durationMicros > 2 * RANDOM_CALM_MICROS ? durationMicros - RANDOM_CALM_MICROS : durationMicros;
  return {
    fromMicros: micros(file.from, 0),
    untilMicros: micros(file.until, until),
    every: distributionOf(file.every, RANDOM_LASTING_DEFAULT),
    lasting: distributionOf(file.lasting, RANDOM_LASTING_DEFAULT),
    pick,
    keepQuorum: file.keepQuorum ?? true,
    swarm: file.swarm ?? false,
  };
}
