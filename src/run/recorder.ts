// Recorded mode: the same `step`, on a draft of the world. Each step gives the next world and its patches, both ways; the world
// before it stays as it was. The one file that knows immer. Why members and clients at work are checked out of the draft, and
// what that is worth, is in docs/decisions/0008-recorded-mode.md.

import { enableMapSet, enablePatches, freeze, Immer, type Patch as ImmerPatch, isDraftable } from "immer";
import { type Client, cloneClient } from "../client/client.ts";
import { cloneClientLinks, cloneLinks, type Link } from "../network/network.ts";
import { CHARGED, EventKind } from "../world/event.ts";
import { step } from "../world/step.ts";
import { cloneProcess, type Process, type World } from "../world/world.ts";
import { CheckedOutWorld, type Owned, withNumbers } from "./checked-out.ts";
import type { Run, StepRecorder } from "./run.ts";
import { type Patch, type PatchPair, type Settling, settle } from "./settle.ts";

enablePatches();
enableMapSet();

/** Recorded worlds are frozen by the recorder itself, once they are complete; drafts never are. */
const IMMER: Immer = new Immer({ autoFreeze: false });

/** Kinds of events that one member handles, and those that one client does: they change nobody else. */
const MEMBER_EVENTS: readonly number[] = [EventKind.Message, EventKind.Timer, EventKind.DiskDone, EventKind.Request];
const CLIENT_EVENTS: readonly number[] = [EventKind.Response, EventKind.ClientTimer];

/** Whether worlds are frozen, and whether owners are checked out. */
export interface RecorderOptions {
  /** Recorded worlds are frozen through and through: whoever writes to the past is stopped. Costs about half as much again. */
  readonly freeze?: boolean;
  /** Every owner is left to the draft, none checked out: slower, and the same worlds. For tests. */
  readonly draftsOnly?: boolean;
}

/** Takes the steps of a run on drafts. Holds the patches of the last step. */
export class Recorder implements StepRecorder {
  /** What the last step changed, and how to undo it. Lists of their own for each step. */
  changes: PatchPair = { patches: [], inverse: [] };
  private readonly freezes: boolean;
  private readonly draftsOnly: boolean;

  constructor(options: RecorderOptions = {}) {
    this.freezes = options.freeze === true;
    this.draftsOnly = options.draftsOnly === true;
  }

  /** Takes over a run that stands between two steps. */
  begin(run: Run): void {
    this.changes = { patches: [], inverse: [] };
    this.keep(run, run.world);
  }

  step(run: Run): number {
    this.changes = { patches: [], inverse: [] };
    const { world, context } = run;
    const kind = context.queue.kind & (CHARGED - 1);
    const id = context.queue.a;
    if (!this.draftsOnly) {
      const process = MEMBER_EVENTS.includes(kind) ? world.processes[id] : null;
      if (process !== null && process !== undefined && process.state !== null) {
        return this.stepMember(run, world, id, process);
      }
      const client = CLIENT_EVENTS.includes(kind) ? world.clients[id] : null;
      if (client !== null && client !== undefined) return this.stepClient(run, world, id, client);
    }
    const draft = IMMER.createDraft(world) as World;
    run.bind(draft);
    const touched = step(draft, context);
    this.keep(run, this.finish(draft));
    return touched;
  }

  change(run: Run, act: (world: World) => void): void {
    const draft = IMMER.createDraft(run.world) as World;
    run.bind(draft);
    act(draft);
    this.keep(run, this.finish(draft));
  }

  /** The member at work and the links that lead away from it are copies of their own; its database and all else are drafts. */
  private stepMember(run: Run, world: World, id: number, before: Process): number {
    const { protocol } = run.setup;
    let backend: object | null = null;
    const process = cloneProcess(
      before,
      (state) => protocol.clone(state),
      (database) => {
        backend = isDraftable(database) ? IMMER.createDraft(database as object) : null;
        return backend ?? database;
      },
    );
    const processes = world.processes.slice();
    processes[id] = process;
    const links = world.network.links.slice();
    const row = links[id];
    if (row !== undefined) links[id] = cloneLinks(row as readonly (Link | undefined)[]);
    const network = { links, clientLinks: cloneClientLinks(world.network.clientLinks) };
    const stepped = checkOut(run, world, { processes, network, clients: null });
    const touched = step(stepped, run.context);
    const next = this.finishRest(world, stepped);
    const { disk } = process;
    let known: object | null = null;
    if (backend !== null && disk.backend === backend) {
      known = this.finishUnder(backend, ["processes", id, "disk", "backend"]);
      disk.backend = known;
    }
    const out: Settling = { ...this.changes, known };
    next.processes = settle(world.processes, processes, ["processes"], out);
    next.network = settle(world.network, network, ["network"], out);
    this.keep(run, next);
    return touched;
  }

  /** The client at work is a copy of its own; all else are drafts. */
  private stepClient(run: Run, world: World, id: number, before: Client): number {
    const clients = world.clients.slice();
    clients[id] = cloneClient(before);
    const stepped = checkOut(run, world, { processes: null, network: null, clients });
    const touched = step(stepped, run.context);
    const next = this.finishRest(world, stepped);
    next.clients = settle(world.clients, clients, ["clients"], { ...this.changes, known: null });
    this.keep(run, next);
    return touched;
  }

  private finishRest(before: World, stepped: CheckedOutWorld): World {
    const kept = stepped.rest === null ? before : this.finish(stepped.rest);
    return withNumbers(before, kept, stepped, this.changes);
  }

  private finish(draft: World): World {
    return this.finishUnder(draft, []) as World;
  }

  /** Ends a draft of what stands at `path` in the world, and takes its patches. */
  private finishUnder(draft: object, path: readonly (string | number)[]): object {
    const { patches, inverse } = this.changes;
    return IMMER.finishDraft(draft, (there: ImmerPatch[], back: ImmerPatch[]) => {
      for (const patch of there) patches.push(under(path, patch));
      for (const patch of back) inverse.push(under(path, patch));
    });
  }

  private keep(run: Run, world: World): void {
    run.bind(this.freezes ? freeze(world, true) : world);
  }
}

/** The world in which the owner of `owned` takes its step; whoever follows the world is told of it. */
function checkOut(run: Run, world: World, owned: Owned): CheckedOutWorld {
  const stepped = new CheckedOutWorld(world, owned, () => IMMER.createDraft(world) as World);
  run.bind(stepped);
  return stepped;
}

function under(path: readonly (string | number)[], patch: ImmerPatch): Patch {
  return path.length === 0 ? (patch as Patch) : ({ ...patch, path: [...path, ...patch.path] } as Patch);
}
