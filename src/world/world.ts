// Everything that a run remembers, as plain data: processes with their disks and clocks, the network, clients, what the
// timetable has done so far. The event queue, the streams of choice, the digest and the trace are the run's, not the world's.

import { type Client, cloneClient, createClient, type WorkloadPlan } from "../client/client.ts";
import { type CloneBackend, cloneDisk, createDisk, type Disk, type DiskConfig } from "../disk/disk.ts";
import type { Action } from "../fault/action.ts";
import type { ResolvedCut } from "../fault/resolve-selector.ts";
import { COUNTERS } from "../kernel/counter.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { cloneNetwork, createNetwork, type LinkName, type Network } from "../network/network.ts";

/** The two clocks of a member. Local time = base + elapsed true time · (1 + rate). */
export interface Clock {
  /** Gained per second, in ppm; 0 for a true clock. */
  ratePpm: number;
  baseTrueMicros: number;
  baseLocalMicros: number;
  /** Wall clock = monotonic clock + this. */
  wallOffsetMicros: number;
}

/** What a process could not handle yet, kept in order. */
export interface Deferred {
  readonly kind: number;
  readonly b: number;
  readonly payload: unknown;
}

/** Whether a process runs. `destroyed`: its disk is gone and it never comes back. */
export type ProcessStatus = "up" | "down" | "destroyed";

/** One member's process, with what it stands on. */
export interface Process {
  readonly id: number;
  status: ProcessStatus;
  /** Version of the program that it runs, or will run when it starts. */
  version: string;
  /** Starts so far; events of earlier boots are void. */
  boot: number;
  /** State of the protocol; null unless up. */
  state: unknown;
  disk: Disk;
  clock: Clock;
  /** Number of faults that pause it. */
  pauses: number;
  inbox: Deferred[];
  /** Added to the handling of each event, and until when the process is busy because of it. */
  cpuMicros: number;
  busyUntilMicros: number;
  applyMicros: number;
  zone: string | null;
  host: string | null;
  /** What the scenario wants it to be; the configuration in force is Raft's. */
  role: "voter" | "learner";
  /** It was removed from the cluster: it never starts again and is nobody's target. */
  removed: boolean;
  /** Why it is down, for people; empty while up. */
  reason: string;
  /** `term * 4 + role` after its last step; role 0 while it is down. */
  office: number;
}

/** What became of an action of the timetable. */
export interface TimetableState {
  status: "waiting" | "active" | "done" | "ineffective";
  firedAtMicros: number;
  /** How many actions had fired before it. */
  order: number;
  /** Members it was aimed at, resolved when it fired. */
  targets: number[];
  /** Links it cut, to be mended. */
  links: LinkName[];
  /** Connections of clients that it closed to them, by `clientLinkKey`. */
  denied: number[];
  /** What it replaced, to be put back. */
  undo: Undo[];
  /** An operator's work: which target it is at, tries for it, the request it waits for (0: none) and until when. */
  step: number;
  attempts: number;
  operation: number;
  /** One of the tries may have been carried out: nobody answered it, or the answer was lost. */
  unsure: boolean;
  /** The member that it asked. */
  asked: number;
  deadlineMicros: number;
  /** What happened, for people and traces. */
  note: string;
}

/** A value that an action replaced. */
export interface Undo {
  readonly member: number;
  readonly what:
    | "cpu"
    | "apply"
    | "skew"
    | "rate"
    | "write"
    | "fsync"
    | "slow"
    | "error"
    | "write-error"
    | "read-error"
    | "slow-watch";
  readonly value: number;
  readonly distribution: Distribution | null;
}

/** The world. */
export interface World {
  atMicros: number;
  /** Steps taken. */
  steps: number;
  /** By id; null where no such member ever was. `processes[0]` is null. */
  processes: (Process | null)[];
  /** Ids of the processes there are, ascending. */
  ids: number[];
  network: Network;
  /** By number; `clients[0]` is null: the operator is no client. */
  clients: (Client | null)[];
  timetable: TimetableState[];
  cuts: ResolvedCut[];
  /** Disk images by name, and backups of members' states; these are immutable. */
  images: Map<string, Disk>;
  backups: Map<string, unknown>;
  /** Clusters restored so far. */
  restored: number;
  counters: number[];
  /** Operator requests made so far. */
  operatorOperations: number;
  /** Processes that call themselves leader, as of the last step. */
  leaders: number;
}

/** One action of the timetable. */
export interface PlannedAction {
  readonly id: string;
  /** When it happens; null: when whoever drives the run says so (a predicate came true, an event number was reached). */
  readonly atMicros: number | null;
  readonly forMicros: number | null;
  readonly action: Action;
}

/** A founding member. */
export interface MemberPlan {
  readonly id: number;
  readonly role: "voter" | "learner";
  readonly zone: string | null;
  readonly host: string | null;
  readonly disk: DiskConfig;
}

/** A link whose latency differs from the rest. */
export interface LinkPlan {
  readonly from: number;
  readonly to: number;
  readonly latency: Distribution;
}

/** All that is fixed about a run besides its seed and its protocol. */
export interface WorldPlan {
  readonly members: readonly MemberPlan[];
  /** Disk of members that join later. */
  readonly disk: DiskConfig;
  readonly latency: Distribution;
  readonly clientLatency: Distribution;
  readonly links: readonly LinkPlan[];
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  /** Whether messages of one link arrive in the order of sending, as over one TCP connection. */
  readonly ordered: boolean;
  /** Whether clients notice at once that a member is not there; else their requests vanish. */
  readonly connections: boolean;
  readonly workloads: readonly WorkloadPlan[];
  readonly timetable: readonly PlannedAction[];
}

/** The program that members run from the start. */
const PROGRAM_VERSION = "3.6.16";

function createClock(): Clock {
  return { ratePpm: 0, baseTrueMicros: 0, baseLocalMicros: 0, wallOffsetMicros: 0 };
}

/** A process that has never been started, on an empty disk. */
export function createProcess(id: number, role: "voter" | "learner", disk: DiskConfig): Process {
  return {
    id,
    status: "down",
    version: PROGRAM_VERSION,
    boot: 0,
    state: null,
    disk: createDisk(disk),
    clock: createClock(),
    pauses: 0,
    inbox: [],
    cpuMicros: 0,
    busyUntilMicros: 0,
    applyMicros: 0,
    zone: null,
    host: null,
    role,
    removed: false,
    reason: "not started",
    office: 0,
  };
}

/** The world before its first event: members on their disks, nothing started. */
export function createWorld(plan: WorldPlan): World {
  const processes: (Process | null)[] = [null];
  const ids: number[] = [];
  for (const member of plan.members) {
    while (processes.length <= member.id) processes.push(null);
    const process = createProcess(member.id, member.role, member.disk);
    process.zone = member.zone;
    process.host = member.host;
    processes[member.id] = process;
    ids.push(member.id);
  }
  ids.sort((a, b) => a - b);
  const clients: (Client | null)[] = [null];
  for (const [at, workload] of plan.workloads.entries()) {
    for (let index = 0; index < workload.clients; index++) {
      clients.push(createClient(workload.firstClient + index, at, workload, index));
    }
  }
  return {
    atMicros: 0,
    steps: 0,
    processes,
    ids,
    network: createNetwork(),
    clients,
    timetable: plan.timetable.map(() => createTimetableState()),
    cuts: [],
    images: new Map(),
    backups: new Map(),
    restored: 0,
    counters: COUNTERS.map(() => 0),
    operatorOperations: 0,
    leaders: 0,
  };
}

/** An action that has not fired. */
export function createTimetableState(): TimetableState {
  return {
    status: "waiting",
    firedAtMicros: 0,
    order: 0,
    targets: [],
    links: [],
    denied: [],
    undo: [],
    step: 0,
    attempts: 0,
    unsure: false,
    operation: 0,
    asked: 0,
    deadlineMicros: 0,
    note: "",
  };
}

/** Reads a member's monotonic clock. */
export function localMicros(clock: Clock, trueMicros: number): number {
  const elapsed = trueMicros - clock.baseTrueMicros;
  if (clock.ratePpm === 0) return clock.baseLocalMicros + elapsed;
  return clock.baseLocalMicros + elapsed + Math.floor((elapsed * clock.ratePpm) / 1_000_000);
}

/** How much true time passes while the member's clock advances by `local` micros. */
export function trueDuration(clock: Clock, local: number): number {
  if (clock.ratePpm === 0) return local;
  return Math.max(1, Math.floor((local * 1_000_000) / (1_000_000 + clock.ratePpm)));
}

/** Changes the rate of a clock from now on. */
export function setClockRate(clock: Clock, ratePpm: number, trueMicros: number): void {
  clock.baseLocalMicros = localMicros(clock, trueMicros);
  clock.baseTrueMicros = trueMicros;
  clock.ratePpm = ratePpm;
}

/** The process of a member. Precondition: it exists. */
export function processOf(world: World, id: number): Process {
  return world.processes[id] as Process;
}

/** How a member's running state is copied; a protocol knows. */
export type CloneState = (state: unknown) => unknown;

/** A copy of a process that shares only immutable values with it. */
export function cloneProcess(process: Process, cloneState: CloneState, cloneBackend: CloneBackend): Process {
  return {
    ...process,
    state: process.state === null ? null : cloneState(process.state),
    disk: cloneDisk(process.disk, cloneBackend),
    clock: { ...process.clock },
    inbox: process.inbox.slice(),
  };
}

/** A copy that shares only immutable values with `world`. How states and databases are copied is the protocol's to say. */
export function cloneWorld(world: World, cloneState: CloneState, cloneBackend: CloneBackend): World {
  return {
    ...world,
    processes: world.processes.map((process) =>
      process === null ? null : cloneProcess(process, cloneState, cloneBackend),
    ),
    ids: world.ids.slice(),
    network: cloneNetwork(world.network),
    clients: world.clients.map((client) => (client === null ? null : cloneClient(client))),
    timetable: world.timetable.map((entry) => ({
      ...entry,
      targets: entry.targets.slice(),
      links: entry.links.slice(),
      denied: entry.denied.slice(),
      undo: entry.undo.slice(),
    })),
    cuts: world.cuts.slice(),
    images: new Map([...world.images].map(([name, image]) => [name, cloneDisk(image, cloneBackend)])),
    backups: new Map(world.backups),
    counters: world.counters.slice(),
  };
}
