// Swarm testing: each seed draws which kinds of faults there are, how strong they are, the size of the cluster and its options,
// so that rare combinations are common and no kind hides another (Groce et al., "Swarm Testing", 2012). What is drawn becomes an
// ordinary scenario with fixed faults, complete in the artifact; nothing is left to be drawn again.

import { RandomChoices, type Stream } from "../kernel/choose.ts";
import { constant, type Distribution, INSTANT, uniform } from "../kernel/distribution.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import type { Expectation } from "../scenario/expectation.ts";
import type {
  ClusterSettings,
  Fault,
  MemberSettings,
  NetworkSettings,
  RaftSettings,
  Scenario,
  Workload,
  WorkloadOp,
} from "../scenario/scenario.ts";
import { WORKLOAD_OPS } from "../scenario/scenario.ts";
import { CHARACTERS, type Character, type Pace } from "./characters.ts";
import { between, doubled, happens, oneOf, someOf, weighted } from "./draw.ts";
import { drawLoss, drawRelay, drawStanding, drawStorm, possibleIn } from "./storm.ts";
import { STORM_KINDS, type StormKind, type StormPlan } from "./storm-state.ts";

/** Faults begin after one part of the run in so many. */
const STORM_FROM = 32;

/** Behind the storm so many election timeouts are left for judging liveness, but never more than half of the run. */
const CALM_TIMEOUTS = 40;

/** Clocks that drift further than this break the promises that even correct timeouts rest on: a lease has a margin of a fifth. */
const DRIFT_PPM_MAX = 80_000;

/** Fewer messages on their way, or smaller ones, than these bound what a leader gets through. */
const INFLIGHT_FEW = 16;
const BYTES_FEW = 1024;

/** So many worlds of so many have a character; in the others everything is drawn by itself. */
const CHARACTERS_OF = [1, 2] as const;

/** None. */
const PLAIN: Character = { name: "plain", kinds: [], programs: [] };

/** What the loads of a world are drawn for. */
interface Mood {
  readonly base: Scenario;
  readonly character: Character;
  /** Nobody may send without waiting for answers. */
  readonly patient: boolean;
}

/** A run that the swarm drew. */
export interface SwarmRun {
  readonly scenario: Scenario;
  /** What was drawn, in words: `5 members`, `no PreVote`, `crash`, …. */
  readonly drawn: readonly string[];
}

/**
 * The scenario as the seed varies it. Members, options, network and disks are drawn anew where the scenario does not name
 * members one by one; the load is varied where it is a plain key-value load; a storm is added to its faults. Expectations
 * about moments of the story no longer mean anything and are left out: the properties stay.
 */
export function swarmOf(base: Scenario, seed: string): SwarmRun {
  const stream = new RandomChoices(`swarm/${seed}`).open("fault", 0);
  const drawn: string[] = [];
  const free = isFree(base);
  const character = free && happens(stream, CHARACTERS_OF[0], CHARACTERS_OF[1]) ? oneOf(stream, CHARACTERS) : PLAIN;
  if (character !== PLAIN) drawn.push(character.name);
  const cluster = free ? drawCluster(base.cluster, character, stream, drawn) : base.cluster;
  const network = free
    ? drawNetwork(base.network, cluster.raft.electionMicros, character, stream, drawn)
    : base.network;
  // With a few messages on their way at a time no more goes through than so many a round trip: whoever does not wait for
  // answers would only pile them up.
  const patient = cluster.raft.maxInflight < INFLIGHT_FEW || cluster.raft.maxSizePerMsgBytes < BYTES_FEW;
  const mood = { base, character, patient };
  const workload = free ? base.workload.flatMap((one) => drawLoad(one, mood, stream, drawn)) : base.workload;
  const ids = cluster.members.filter((member) => member.role === "voter").map((member) => member.id);
  // Whoever is made to stand as if its patience were over breaks the promise that read leases rest on: no cluster does that.
  const leases = cluster.members.some((member) => member.raft.readOnly === "lease");
  const kinds = kindsOf(character, stream).filter((kind) => !leases || (kind !== "campaign" && kind !== "rivals"));
  const { durationMicros } = base;
  const plan: StormPlan = {
    ids,
    fromMicros: Math.floor(durationMicros / STORM_FROM),
    untilMicros: wholeMillis(durationMicros - calmAfter(durationMicros, cluster.raft.electionMicros, stream)),
    electionMicros: cluster.raft.electionMicros,
    kinds,
    tempo: character.tempo ?? "any",
    driftPpmMax: DRIFT_PPM_MAX,
    reconfigures: free,
    clients: workload.reduce((sum, one) => sum + one.clients, 0),
    watchers: watchersOf(workload),
    nextId: Math.max(...cluster.members.map((member) => member.id)) + 1,
  };
  const storm = base.protocol === "etcd" ? drawStorm(plan, stream) : [];
  if (base.protocol === "etcd") drawn.push(...new Set(possibleIn(plan)));
  const standing = standingOf(character, plan, storm, stream);
  if (standing.length > 0) drawn.push("one fault that stays");
  return {
    scenario: {
      ...base,
      cluster,
      network,
      workload,
      faults: [...base.faults.map(withoutAnswer), ...storm, ...standing],
      random: null,
      expect: base.expect.filter(outlivesTheStory),
      variants: [],
      study: null,
    },
    drawn,
  };
}

/**
 * The scenario over another time, for the swarm, which tells another story anyway: faults of what was cut off are gone, and loads
 * that went on to the end still do.
 */
export function lasting(base: Scenario, durationMicros: number): Scenario {
  return {
    ...base,
    durationMicros,
    faults: base.faults.filter(({ trigger }) => trigger.kind !== "time" || trigger.atMicros < durationMicros),
    workload: base.workload
      .filter(({ fromMicros }) => fromMicros < durationMicros)
      .map((load) => {
        const toTheEnd = load.untilMicros >= Math.min(base.durationMicros, durationMicros);
        return { ...load, untilMicros: toTheEnd ? durationMicros : load.untilMicros };
      }),
    random: null,
    expect: base.expect.filter(outlivesTheStory),
  };
}

/** What stays to the end: as the character has it, else something in one run of two. */
function standingOf({ standing }: Character, plan: StormPlan, storm: readonly Fault[], stream: Stream): Fault[] {
  if (standing === "relay") return drawRelay(plan, stream);
  if (standing === "leader") return drawLoss(plan, stream);
  if (standing === "nothing") return [];
  return happens(stream, 1, 2) ? drawStanding(plan, storm, stream) : [];
}

/** Numbers of the clients that watch. */
function watchersOf(workload: readonly Workload[]): number[] {
  const numbers: number[] = [];
  let before = 0;
  for (const { kind, clients } of workload) {
    for (let n = 1; n <= clients; n++) if (kind === "watch" || kind === "informer") numbers.push(before + n);
    before += clients;
  }
  return numbers;
}

/** Time without new faults at the end: half of the run, or less where elections are quick. */
function calmAfter(durationMicros: number, electionMicros: number, stream: Stream): number {
  const half = Math.floor(durationMicros / 2);
  if (happens(stream, 1, 3)) return half;
  return Math.max(Math.floor(durationMicros / 4), Math.min(half, CALM_TIMEOUTS * electionMicros));
}

function wholeMillis(micros: number): number {
  return Math.floor(micros / MILLISECOND) * MILLISECOND;
}

/** Members, options and loads may be drawn anew. */
export function isFree(base: Scenario): boolean {
  return namesNobody(base) && base.protocol === "etcd";
}

/** Members may be drawn anew: nothing in the scenario names one, or says where one stands. */
function namesNobody(base: Scenario): boolean {
  const { cluster, network, faults, workload } = base;
  const plain = cluster.members.every((member, at) => {
    return member.id === at + 1 && member.role === "voter" && member.zone === null && member.host === null;
  });
  return (
    plain &&
    cluster.topology === null &&
    network.links.length === 0 &&
    faults.length === 0 &&
    workload.every((one) => one.endpoints.kind === "all")
  );
}

/** What the answer to a single request must be is as much about a moment of the story as any expectation. */
function withoutAnswer(fault: Fault): Fault {
  const { action } = fault;
  return action.kind === "clientOp" && action.expect !== null
    ? { ...fault, action: { ...action, expect: null } }
    : fault;
}

/** Expectations that are about all of a run, whatever its story. */
function outlivesTheStory(expectation: Expectation): boolean {
  switch (expectation.kind) {
    case "always-property":
    case "violates":
    case "scope":
      return true;
    case "linearizable":
      return expectation.sinceMicros === 0;
    default:
      return false;
  }
}

function drawCluster(base: ClusterSettings, character: Character, stream: Stream, drawn: string[]): ClusterSettings {
  const size = drawSize(character, stream);
  drawn.push(`${size} ${size === 1 ? "member" : "members"}`);
  const raft = drawRaft(base.raft, character, stream, drawn);
  const dense = character.snapshots === "dense";
  const long = character.leases === "long";
  const mixed = size > 1 && character.raft === undefined && raft.readOnly === "safe" && happens(stream, 1, 6);
  if (mixed) drawn.push("members with options of their own");
  const members: MemberSettings[] = [];
  for (let id = 1; id <= size; id++) {
    const own = mixed && happens(stream, 1, 2) ? { ...raft, preVote: !raft.preVote } : raft;
    members.push({ id, role: "voter", zone: null, host: null, raft: own, quotaBytes: base.quotaBytes });
  }
  const often = dense || happens(stream, 3, 4);
  const everyEntries = often ? doubled(stream, 10, dense ? 2 : 5) : base.snapshot.everyEntries;
  if (everyEntries !== base.snapshot.everyEntries) drawn.push(`snapshots every ${everyEntries} entries`);
  const catchUpEntries =
    everyEntries === base.snapshot.everyEntries
      ? base.snapshot.catchUpEntries
      : stream.below(1 + (dense ? 4 : everyEntries >> 1));
  const quotaBytes = happens(stream, 1, 12) ? doubled(stream, 16_384, 4) : base.quotaBytes;
  if (quotaBytes !== base.quotaBytes) {
    drawn.push(`${quotaBytes / 1024}KiB of room`);
    // Files of members need not be of one size, nor need their limits be.
    for (const [at, member] of members.entries()) {
      members[at] = { ...member, quotaBytes: happens(stream, 1, 2) ? quotaBytes : quotaBytes * 2 };
    }
  }
  const compacts = happens(stream, 1, 4);
  if (compacts) drawn.push("automatic compaction");
  return {
    ...base,
    quotaBytes,
    members,
    raft,
    snapshot: { everyEntries, keep: between(stream, 1, 5), catchUpEntries },
    compaction: compacts ? { mode: "revision", periodMicros: 0, revisions: doubled(stream, 10, 5) } : base.compaction,
    disk: drawDisk(base.disk, character, stream, drawn),
    leaseCheckpointMicros:
      long || happens(stream, 1, 2) ? doubled(stream, SECOND, long ? 1 : 4) : base.leaseCheckpointMicros,
    requestTimeoutMicros: 5 * SECOND + 2 * raft.electionMicros,
  };
}

function drawSize({ members }: Character, stream: Stream): number {
  if (members !== undefined && happens(stream, 3, 4)) return members;
  return weighted(stream, [
    [9, 3],
    [6, 5],
    [2, 4],
    [2, 1],
    [2, 2],
    [1, 7],
  ]);
}

function drawRaft(base: RaftSettings, character: Character, stream: Stream, drawn: string[]): RaftSettings {
  const [heartbeat, election] = weighted<readonly [number, number]>(stream, [
    [2, [base.heartbeatMicros, base.electionMicros]],
    [2, [50 * MILLISECOND, 500 * MILLISECOND]],
    [4, [20 * MILLISECOND, 200 * MILLISECOND]],
  ]);
  const own = character.raft ?? {};
  const heartbeatMicros = own.heartbeatMicros ?? heartbeat;
  const electionMicros = own.electionMicros ?? election;
  const preVote = own.preVote ?? (happens(stream, 1, 4) ? !base.preVote : base.preVote);
  const checkQuorum = own.checkQuorum ?? (happens(stream, 1, 4) ? !base.checkQuorum : base.checkQuorum);
  const drawnReads = own.readOnly ?? (checkQuorum && happens(stream, 1, 4) ? "lease" : base.readOnly);
  // A lease to read by rests on CheckQuorum.
  const readOnly = checkQuorum ? drawnReads : "safe";
  drawn.push(`election timeout ${electionMicros / MILLISECOND}ms`);
  if (!preVote) drawn.push("no PreVote");
  if (!checkQuorum) drawn.push("no CheckQuorum");
  if (readOnly === "lease") drawn.push("reads by lease");
  const few = weighted(stream, [
    [3, base.maxInflight],
    [1, between(stream, 1, 8)],
  ]);
  const small = weighted(stream, [
    [3, base.maxSizePerMsgBytes],
    [1, between(stream, 1, 512)],
  ]);
  return {
    ...base,
    heartbeatMicros,
    electionMicros,
    preVote,
    checkQuorum,
    readOnly,
    maxInflight: own.maxInflight ?? few,
    maxSizePerMsgBytes: own.maxSizePerMsgBytes ?? small,
  };
}

function drawDisk(
  base: ClusterSettings["disk"],
  { disks }: Character,
  stream: Stream,
  drawn: string[],
): ClusterSettings["disk"] {
  if (disks === "quick") return base;
  switch (disks === "slow" ? 1 : stream.below(6)) {
    case 0:
      drawn.push("instant disks");
      return { write: INSTANT, fsync: INSTANT };
    case 1: {
      const most = doubled(stream, 5 * MILLISECOND, 3);
      drawn.push(`disks of up to ${most / MILLISECOND}ms`);
      return { write: base.write, fsync: uniform(MILLISECOND, most) };
    }
    case 2:
      drawn.push("disks with a long tail");
      return { write: base.write, fsync: pareto(500, 2 * MILLISECOND, 100 * MILLISECOND) };
    default:
      return base;
  }
}

function drawNetwork(
  base: NetworkSettings,
  electionMicros: number,
  character: Character,
  stream: Stream,
  drawn: string[],
): NetworkSettings {
  if (character.network === "plain") return base;
  let latency: Distribution = base.latency;
  const unit = electionMicros / 200;
  switch (stream.below(6)) {
    case 0: {
      const micros = unit * doubled(stream, 1, 5);
      latency = constant(micros);
      drawn.push(`every message takes ${micros / MILLISECOND}ms`);
      break;
    }
    case 1: {
      const most = unit * doubled(stream, 2, 4);
      latency = uniform(Math.floor(unit / 2), most);
      drawn.push(`messages take up to ${most / MILLISECOND}ms`);
      break;
    }
    case 2:
      latency = pareto(Math.floor(unit / 4), 2 * unit, happens(stream, 1, 2) ? electionMicros : electionMicros >> 3);
      drawn.push("messages with a long tail");
      break;
    default:
      break;
  }
  const lost = weighted(stream, [
    [6, base.lossPpm],
    [1, 10_000],
    [1, 50_000],
  ]);
  const lossPpm = character.lossPpm ?? lost;
  const duplicatePpm = weighted(stream, [
    [6, base.duplicatePpm],
    [1, 50_000],
    [1, 200_000],
  ]);
  if (lossPpm > 0) drawn.push(`${lossPpm / 10_000}% lost`);
  if (duplicatePpm > 0) drawn.push(`${duplicatePpm / 10_000}% twice`);
  return { ...base, latency, lossPpm, duplicatePpm };
}

function pareto(minMicros: number, meanMicros: number, maxMicros: number): Distribution {
  return { kind: "pareto", minMicros, meanMicros, maxMicros };
}

/** Kinds of operations that are drawn in and out; those of the base that are not among them stay. */
const VARIED: readonly WorkloadOp[] = [
  "put",
  "get",
  "getSerializable",
  "range",
  "delete",
  "cas",
  "txn",
  "txnAt",
  "compact",
];

/** Of several loads, programs are drawn in and out: one in so many stays. */
const PROGRAMS_OF = 3;

/** What becomes of one load of the base. */
function drawLoad(load: Workload, mood: Mood, stream: Stream, drawn: string[]): Workload[] {
  return load.kind === "kv" ? drawWorkload(load, mood, stream, drawn) : drawProgram(load, mood, stream, drawn);
}

function drawProgram(base: Workload, mood: Mood, stream: Stream, drawn: string[]): Workload[] {
  if (!stays(base.kind, mood, stream)) return [];
  drawn.push(base.name);
  const long = mood.character.leases === "long";
  const ttlMicros =
    !long && happens(stream, 1, 2) ? base.ttlMicros : doubled(stream, long ? 16 * SECOND : SECOND, long ? 1 : 4);
  const holdMicros =
    !long && happens(stream, 1, 2) ? base.holdMicros : doubled(stream, 500 * MILLISECOND, long ? 2 : 5);
  return [{ ...base, clients: between(stream, 1, base.clients + 1), ttlMicros, holdMicros }];
}

/** A program stays where it is all that there is. */
function stays(kind: Workload["kind"], { base, character }: Mood, stream: Stream): boolean {
  if (base.workload.length === 1) return true;
  return character === PLAIN ? happens(stream, 1, PROGRAMS_OF) : character.programs.includes(kind);
}

const READS: readonly WorkloadOp[] = ["get", "range"];

/** One load becomes one or two: clients that go from member to member, and clients that stay with theirs whatever happens. */
function drawWorkload(base: Workload, mood: Mood, stream: Stream, drawn: string[]): Workload[] {
  const { character, patient } = mood;
  const { durationMicros } = mood.base;
  const weights = new Map<WorkloadOp, number>(base.ops.map(({ op, weight }) => [op, weight]));
  for (const op of VARIED) {
    const most = op === "compact" ? 1 : 4;
    if (op === "put") weights.set(op, 2 + stream.below(most));
    else if (happens(stream, 1, 2)) weights.set(op, 1 + stream.below(most));
    else weights.delete(op);
  }
  const ops = WORKLOAD_OPS.flatMap((op) => {
    const weight = weights.get(op);
    return weight === undefined ? [] : [{ op, weight }];
  });
  const clients = paced(character, { busy: 4, steady: 1, quiet: 1 }) ?? between(stream, 1, 6);
  const thinkMicros = thinking(character, stream);
  // Several liveness bugs hide behind traffic: it ends early, or not at all.
  const untilMicros =
    character.staying === "writes" || happens(stream, 1, 3)
      ? Math.floor((durationMicros * between(stream, 6, 12)) / 16 / MILLISECOND) * MILLISECOND
      : base.untilMicros;
  const varied: Workload = {
    ...base,
    clients,
    loop: { kind: "closed", thinkMicros },
    ops,
    keys: {
      ...base.keys,
      count: between(stream, 1, character.pace === undefined ? 6 : 3),
      dist: oneOf(stream, ["uniform", "zipf"]),
    },
    // Records of more than a sector can be torn.
    valueBytes: character.values === "large" || happens(stream, 1, 3) ? doubled(stream, 512, 3) : base.valueBytes,
    untilMicros: untilMicros > base.fromMicros ? Math.min(base.untilMicros, untilMicros) : base.untilMicros,
    timeoutMicros: doubled(stream, 250 * MILLISECOND, 4),
    retry: weighted<Workload["retry"]>(stream, [
      [2, "none"],
      [1, "safe"],
    ]),
    failover: true,
  };
  drawn.push(`${clients} clients`);
  if (character.staying !== undefined) return [varied, drawStaying(varied, character, patient, stream, drawn)];
  if (happens(stream, 1, 3)) return [varied];
  const staying = between(stream, 1, 4);
  drawn.push(`${staying} that stay with their member`);
  // Clients that do not wait for answers leave a leader that is cut off a long tail that nobody else has.
  const loop: Workload["loop"] =
    happens(stream, 1, 2) && !patient
      ? { kind: "open", operations: doubled(stream, 10, 3), perMicros: SECOND }
      : varied.loop;
  // A client that waits for its write reads nothing meanwhile: some only read.
  const reads = happens(stream, 1, 2) ? READS.filter(() => happens(stream, 2, 3)) : [];
  return [
    varied,
    {
      ...varied,
      name: `${base.name}-staying`,
      clients: staying,
      loop,
      ops: reads.length === 0 ? ops : reads.map((op) => ({ op, weight: 1 })),
      failover: false,
    },
  ];
}

/** Clients that read from every member all the time, or write to it; or one that writes to its own, and goes before the others do. */
function drawStaying(
  varied: Workload,
  { staying, pace }: Character,
  patient: boolean,
  stream: Stream,
  drawn: string[],
): Workload {
  const operations = doubled(stream, pace === "busy" || staying === "writes" ? 80 : 10, 3);
  const loop: Workload["loop"] = patient ? varied.loop : { kind: "open", operations, perMicros: SECOND };
  const clients = staying === "writes" ? 1 : between(stream, 3, 5);
  drawn.push(`${clients} that stay with their member`);
  const own = { ...varied, name: `${varied.name}-staying`, clients, loop, failover: false };
  if (staying === "reads") return { ...own, ops: READS.map((op) => ({ op, weight: 1 })) };
  const untilMicros = wholeMillis(Math.floor((varied.untilMicros * between(stream, 12, 15)) / 16));
  const leaves = staying === "writes" && untilMicros > own.fromMicros;
  return { ...own, ops: [{ op: "put", weight: 1 }], untilMicros: leaves ? untilMicros : own.untilMicros };
}

function paced({ pace }: Character, by: Readonly<Record<Pace, number>>): number | null {
  return pace === undefined ? null : by[pace];
}

function thinking(character: Character, stream: Stream): number {
  const from = paced(character, { busy: 10, steady: 40, quiet: 320 });
  return from === null ? doubled(stream, 10 * MILLISECOND, 6) : doubled(stream, from * MILLISECOND, 2);
}

/** Kinds that belong together: what they do to each other is met more often when they come alone. */
const THEMES: readonly (readonly StormKind[])[] = [
  ["transfer", "campaign", "cut", "cut-leader", "late-rarity", "crash", "partial-cut"],
  ["cut", "cut-leader", "one-way", "partial-cut", "client-pause"],
  ["crash", "power-cut", "slow-disk", "stall", "disk-error", "disk-full", "bit-rot", "wipe"],
  ["reconfigure", "cut", "cut-leader", "crash", "slow-apply", "pause", "transfer"],
  ["partial-cut", "one-way", "lost-answers", "delay", "late-rarity", "duplicate", "reorder", "loss"],
  ["restore", "compact", "reconnect", "slow-watch", "client-pause", "crash", "slow-apply"],
  ["clock", "pause", "cut-leader", "transfer", "late-rarity", "client-pause"],
];

/** Those of the character: all of them in two runs of three. */
function kindsOf(character: Character, stream: Stream): StormKind[] {
  if (character === PLAIN) return drawKinds(stream);
  const { kinds } = character;
  return happens(stream, 2, 3) ? [...kinds] : someOf(stream, kinds, between(stream, 1, kinds.length));
}

/** Some kinds of all, or a part of one theme, or one to three alone. */
function drawKinds(stream: Stream): StormKind[] {
  switch (stream.below(8)) {
    case 0:
    case 1:
      return someOf(stream, STORM_KINDS, between(stream, 1, 3));
    case 2:
    case 3:
    case 4: {
      const theme = oneOf(stream, THEMES);
      return someOf(stream, theme, between(stream, 2, theme.length));
    }
    default:
      return someOf(stream, STORM_KINDS, between(stream, 3, STORM_KINDS.length >> 1));
  }
}
