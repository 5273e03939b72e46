// From a scenario and a seed to what a run is made of: the first world's plan, the timetable with all chance expanded, the
// members' options. Everything here is decided before the first event.

import type { ProgramPlan, WorkloadPlan } from "../client/client.ts";
import { type ClientMutations, NO_CLIENT_MUTATIONS } from "../client/mutation.ts";
import { getBodies, OPERATION_KINDS, type OperationKind } from "../client/operation.ts";
import type { DiskConfig } from "../disk/disk.ts";
import { type EtcdMutations, NO_ETCD_MUTATIONS } from "../etcd/mutation.ts";
import type { Action } from "../fault/action.ts";
import { type MutationId, type Mutations, mutationsOf } from "../fault/mutation.ts";
import { expandRandom } from "../fault/random.ts";
import { resolveSelector, type SelectorView } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { CLIENTS_MAX, STEPS_MAX_DEFAULT } from "../kernel/limits.ts";
import { type EtcdConfig, type MemberMutations, NO_MEMBER_MUTATIONS } from "../member/etcd-config.ts";
import { confStateOf, createRaftConfig, NO_RAFT_MUTATIONS, type RaftConfig, type RaftMutations } from "../raft/raft.ts";
import type { Path } from "../scenario/problem.ts";
import { type Fault, faultOf, type RaftSettings, type Scenario, type Workload } from "../scenario/scenario.ts";
import type { LinkPlan, PlannedAction, WorldPlan } from "../world/world.ts";

/**
 * The scenario with its random faults made fixed by the seed: what artifacts store and shrinking works on. What the file
 * claims on the whole is no part of a single run.
 */
export function expandScenario(scenario: Scenario, seed: string): Scenario {
  if (scenario.random === null) return scenario.claims.length === 0 ? scenario : { ...scenario, claims: [] };
  const voters = scenario.cluster.members.filter((member) => member.role === "voter").map((member) => member.id);
  const drawn = expandRandom(scenario.random, voters, new RandomChoices(seed));
  return { ...scenario, faults: [...scenario.faults, ...drawn.map(faultOf)], random: null, claims: [] };
}

/** Something that a scenario asks for and this version cannot do: where in the file, and what, in a clause. */
export interface Unsupported {
  /** Leads into the file; after `expect` stands the place in the scenario's own list. */
  readonly path: Path;
  readonly text: string;
}

/** What a scenario asks for that this version cannot do, each in a sentence; empty when it can be run. */
export function unsupported(scenario: Scenario): string[] {
  return unsupportedPlaces(scenario).map(({ text }) => text);
}

/** The same with the places in the file. */
export function unsupportedPlaces(scenario: Scenario): Unsupported[] {
  const missing: Unsupported[] = [];
  const miss = (path: Path, text: string): void => {
    missing.push({ path, text });
  };
  for (const [at, { id, action }] of scenario.faults.entries()) {
    const what = unsupportedAction(action, scenario);
    if (what !== null) miss(["faults", at, fileKeyOf(action)], `fault "${id}": ${what}`);
  }
  for (const [at, workload] of scenario.workload.entries()) {
    if (workload.kind !== "kv" && scenario.protocol !== "etcd") {
      const text = `workload "${workload.name}": kind ${workload.kind} is a program for etcd, and the protocol is ${scenario.protocol}`;
      miss(["workload", at, "kind"], text);
    }
    for (const { op } of workload.ops) {
      if ((OPERATION_KINDS as readonly string[]).includes(op)) continue;
      const program = PROGRAMS[op];
      const instead = program === undefined ? "etcd has no such request" : `it is a program of its own: ${program}`;
      miss(["workload", at, "ops", op], `workload "${workload.name}": operation ${op} cannot be mixed in; ${instead}`);
    }
  }
  for (const host of scenario.cluster.topology?.hosts ?? [])
    host.runs.forEach((name, at) => {
      if (!/^n[1-9][0-9]*$/.test(name))
        miss(
          ["topology", "hosts", host.name, at],
          `${name}: of what runs on a host only members (n1, n2, …) can be simulated`,
        );
    });
  for (const id of scenario.mutate) {
    const why = unplantable(scenario, id);
    if (why !== null) miss(["mutate"], why);
  }
  if (scenario.budget.membersDown !== null && scenario.protocol !== "etcd")
    miss(["budget"], "a fault budget counts the voters of etcd, and the protocol has none");
  const clients = scenario.workload.reduce((sum, workload) => sum + workload.clients, 0);
  if (clients > CLIENTS_MAX) miss(["workload"], `${clients} clients are more than ${CLIENTS_MAX}`);
  return missing;
}

/** The key under which a file gives the action. */
function fileKeyOf({ kind }: Action): string {
  return kind.startsWith("client") ? "client" : kind;
}

/** Why the bug cannot be planted here; null where it can. */
function unplantable(scenario: Scenario, id: MutationId): string | null {
  const name = camelOf(id);
  const known: object[] = [NO_RAFT_MUTATIONS, NO_MEMBER_MUTATIONS, NO_ETCD_MUTATIONS, NO_CLIENT_MUTATIONS];
  if (!known.some((record) => name in record)) return `mutation ${id} cannot be planted yet`;
  if (scenario.protocol !== "etcd") return `mutation ${id} is a bug of etcd, and the protocol is ${scenario.protocol}`;
  return null;
}

/** Faults on links know messages between members only. */
function matchesClients(match: {
  readonly types: readonly string[];
  readonly from: Selector;
  readonly to: Selector;
}): boolean {
  return (
    match.types.includes("request") ||
    match.types.includes("response") ||
    match.from.kind === "clients" ||
    match.to.kind === "clients"
  );
}

/** What no fault can do, in a clause; null for what can be done. */
function unsupportedAction(action: Action, { protocol }: Scenario): string | null {
  if (action.kind === "clientOp" && action.body !== null && protocol !== "etcd") {
    return `${action.op} is a request of etcd's API, and the protocol is ${protocol}`;
  }
  if (action.kind !== "message" || !matchesClients(action)) return null;
  return "acting on a single message between a client and a member; act on their connection with drop, delay or hold";
}

/** What to write instead of an operation that is not one request. */
const PROGRAMS: Readonly<Record<string, string>> = {
  increment: "kind: stm",
  lease: "kind: lease",
  watch: "kind: watch",
  lock: "kind: lock",
};

function camelOf(id: string): string {
  return id.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Everything fixed about a run. */
export interface CompiledRun {
  readonly scenario: Scenario;
  readonly plan: WorldPlan;
  readonly etcd: EtcdConfig;
  readonly faults: readonly Fault[];
  readonly stepLimit: number;
}

/** Compiles a scenario whose random faults are expanded. */
export function compileRun(scenario: Scenario): CompiledRun {
  const { cluster, network } = scenario;
  const disk: DiskConfig = cluster.disk;
  const view = staticView(scenario);
  const mutations: ClientMutations = pick(NO_CLIENT_MUTATIONS, mutationsOf(scenario.mutate));
  const workloads = scenario.workload.map((workload, at) => workloadPlan(scenario, workload, at, view, mutations));
  const sessions = new Map<string, number>();
  const faults = scenario.faults.map((fault) => withClient(fault, workloads, sessions, scenario));
  const timetable: PlannedAction[] = faults.map((fault) => ({
    id: fault.id,
    atMicros: fault.trigger.kind === "time" ? fault.trigger.atMicros : null,
    forMicros: fault.forMicros,
    action: fault.action,
  }));
  const plan: WorldPlan = {
    members: cluster.members.map(({ id, role, zone, host }) => ({ id, role, zone, host, disk })),
    disk,
    latency: network.latency,
    clientLatency: network.clientLatency,
    links: linkPlans(scenario, view),
    lossPpm: network.lossPpm,
    duplicatePpm: network.duplicatePpm,
    ordered: true,
    connections: true,
    workloads,
    timetable,
  };
  return {
    scenario,
    plan,
    etcd: etcdConfig(scenario),
    faults,
    stepLimit: scenario.stepLimit === 0 ? STEPS_MAX_DEFAULT : scenario.stepLimit,
  };
}

/** The founding members as selectors see them before anything runs. */
function staticView(scenario: Scenario): SelectorView {
  return {
    members: scenario.cluster.members.map(({ id, role, zone, host }) => ({
      id,
      up: true,
      role: "follower",
      configured: role,
      term: 0,
      zone,
      host,
    })),
    cuts: [],
  };
}

function idsOf(selector: Selector, view: SelectorView): number[] {
  return resolveSelector(selector, view, () => 0);
}

function linkPlans(scenario: Scenario, view: SelectorView): LinkPlan[] {
  const links: LinkPlan[] = [];
  for (const link of scenario.network.links) {
    for (const from of idsOf(link.from, view)) {
      for (const to of idsOf(link.to, view)) {
        if (from === to) continue;
        links.push({ from, to, latency: link.latency });
        if (link.both) links.push({ from: to, to: from, latency: link.latency });
      }
    }
  }
  return links;
}

function workloadPlan(
  scenario: Scenario,
  workload: Workload,
  at: number,
  view: SelectorView,
  mutations: ClientMutations,
): WorkloadPlan {
  let firstClient = 1;
  for (let i = 0; i < at; i++) firstClient += (scenario.workload[i] as Workload).clients;
  const kinds: OperationKind[] = [];
  const kindSums: number[] = [];
  let sum = 0;
  for (const { op, weight } of workload.ops) {
    kinds.push(op as OperationKind);
    sum += weight;
    kindSums.push(sum);
  }
  const { count, prefix } = workload.keys;
  const keys = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const closed = workload.loop.kind === "closed";
  return {
    name: workload.name,
    firstClient,
    clients: workload.clients,
    thinkMicros: workload.loop.kind === "closed" ? workload.loop.thinkMicros : null,
    operations: workload.loop.kind === "open" ? workload.loop.operations : 0,
    perMicros: closed ? 0 : (workload.loop as { perMicros: number }).perMicros,
    kinds,
    kindSums,
    keys,
    keySums: workload.keys.dist === "zipf" ? zipfSums(count) : null,
    prefix,
    uniqueValues: workload.values === "unique",
    valueBytes: workload.valueBytes,
    fromMicros: workload.fromMicros,
    untilMicros: workload.untilMicros,
    timeoutMicros: workload.timeoutMicros,
    retry: mutations.retryWithoutDedup ? "blind" : workload.retry,
    unknownFails: mutations.timeoutReportedAsFailure,
    failover: workload.failover,
    endpoints: idsOf(workload.endpoints, view),
    everyMember: workload.endpoints.kind === "all",
    learns: kinds.includes("cas"),
    gets: scenario.protocol === "etcd" ? getBodies(keys) : null,
    etcd: scenario.protocol === "etcd",
    program: programPlan(scenario, workload),
  };
}

function programPlan(scenario: Scenario, workload: Workload): ProgramPlan | null {
  const { kind, ttlMicros, holdMicros, fencing } = workload;
  if (kind === "kv") return null;
  const { lockWithoutFencing, lockLeaseUnchecked } = mutationsOf(scenario.mutate);
  return {
    kind,
    ttlSeconds: Math.max(1, Math.ceil(ttlMicros / 1_000_000)),
    holdMicros,
    fenced: fencing && !lockWithoutFencing,
    lockLeaseUnchecked,
  };
}

/** Running sums of weights 1/rank, as integers: Zipf's law without a power. */
function zipfSums(count: number): number[] {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += Math.max(1, Math.floor(1_000_000 / rank));
    sums.push(sum);
  }
  return sums;
}

/** A single request of nobody in particular gets a client of its own, those of a session one together, numbered after all others. */
function withClient(fault: Fault, workloads: WorkloadPlan[], sessions: Map<string, number>, scenario: Scenario): Fault {
  const action = fault.action;
  if (action.kind !== "clientOp" || action.client !== 0) return fault;
  const known = action.session === null ? undefined : sessions.get(action.session);
  if (known !== undefined) return { ...fault, action: { ...action, client: known } };
  const last = workloads[workloads.length - 1];
  const client = last === undefined ? 1 : last.firstClient + last.clients;
  if (action.session !== null) sessions.set(action.session, client);
  workloads.push({
    name: action.session ?? fault.id,
    firstClient: client,
    clients: 1,
    thinkMicros: 0,
    operations: 0,
    perMicros: 0,
    kinds: ["get"],
    kindSums: [1],
    keys: [action.key],
    keySums: null,
    prefix: action.key,
    uniqueValues: true,
    valueBytes: 0,
    // Its one operation is asked for by the fault: by itself it never begins.
    fromMicros: scenario.durationMicros,
    untilMicros: 0,
    timeoutMicros: action.timeoutMicros ?? 2_000_000,
    retry: "none",
    unknownFails: false,
    failover: false,
    endpoints: scenario.cluster.members.map((member) => member.id),
    everyMember: true,
    learns: false,
    gets: null,
    etcd: scenario.protocol === "etcd",
    program: null,
  });
  return { ...fault, action: { ...action, client } };
}

function etcdConfig(scenario: Scenario): EtcdConfig {
  const { cluster } = scenario;
  const mutations: Mutations = mutationsOf(scenario.mutate);
  const raftMutations: RaftMutations = pick(NO_RAFT_MUTATIONS, mutations);
  const memberMutations: MemberMutations = pick(NO_MEMBER_MUTATIONS, mutations);
  const etcdMutations: EtcdMutations = pick(NO_ETCD_MUTATIONS, mutations);
  const raft: (RaftConfig | null)[] = [null];
  for (const member of cluster.members) {
    while (raft.length <= member.id) raft.push(null);
    raft[member.id] = raftConfig(member.id, member.raft, raftMutations);
  }
  const voters = cluster.members.filter((member) => member.role === "voter").map((member) => member.id);
  const learners = cluster.members.filter((member) => member.role === "learner").map((member) => member.id);
  return {
    founding: confStateOf(voters, learners),
    raft,
    joining: raftConfig(1, cluster.raft, raftMutations),
    tickMicros: cluster.raft.heartbeatMicros,
    requestTimeoutMicros: cluster.requestTimeoutMicros,
    snapshotEntries: cluster.snapshot.everyEntries,
    catchUpEntries: cluster.snapshot.catchUpEntries,
    snapshotsKept: cluster.snapshot.keep,
    service: "etcd",
    autoCompactRevisions: cluster.compaction.mode === "revision" ? cluster.compaction.revisions : 0,
    autoCompactPeriodMicros: cluster.compaction.mode === "periodic" ? cluster.compaction.periodMicros : 0,
    corruptCheckMicros: cluster.corruptCheckMicros,
    leaseCheckpointMicros: cluster.leaseCheckpointMicros,
    clusterName: scenario.name,
    quotas: quotasOf(scenario),
    quotaBytes: cluster.quotaBytes === 0 ? -1 : cluster.quotaBytes,
    electionMicros: cluster.raft.electionMicros,
    headStart: true,
    watchesVersions: scenario.faults.some(({ action }) => changesVersions(action)),
    mutations: memberMutations,
    etcdMutations,
  };
}

function changesVersions(action: Action): boolean {
  return action.kind === "upgrade" || (action.kind === "clientOp" && action.op === "maintenance/downgrade");
}

/** Quotas by member id; a quota of 0 in a scenario is none. */
function quotasOf(scenario: Scenario): number[] {
  const quotas: number[] = [];
  for (const { id, quotaBytes } of scenario.cluster.members) {
    while (quotas.length <= id) quotas.push(-1);
    quotas[id] = quotaBytes === 0 ? -1 : quotaBytes;
  }
  return quotas;
}

function raftConfig(id: number, settings: RaftSettings, mutations: RaftMutations): RaftConfig {
  return createRaftConfig({
    id,
    electionTicks: Math.max(2, Math.round(settings.electionMicros / settings.heartbeatMicros)),
    heartbeatTicks: 1,
    maxSizePerMsg: settings.maxSizePerMsgBytes,
    // With no room at all nothing would ever be applied; with a byte of it entries are applied one by one.
    maxCommittedSizePerReady: Math.max(1, settings.maxSizePerMsgBytes),
    maxInflightMsgs: settings.maxInflight,
    preVote: settings.preVote,
    checkQuorum: settings.checkQuorum,
    readOnly: settings.readOnly === "lease" ? "lease-based" : "safe",
    mutations,
  });
}

/** The fields of `from` that `shape` has. */
function pick<T extends object>(shape: T, from: object): T {
  const picked: Record<string, boolean> = {};
  for (const name of Object.keys(shape)) picked[name] = (from as Record<string, boolean>)[name] === true;
  return Object.freeze(picked) as unknown as T;
}
