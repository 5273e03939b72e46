// One run: a world, what surrounds it, and the loop that takes the earliest event until the end of virtual time. Hosts drive it
// by `advance` in slices, so that Ctrl-C, progress bars and pages work.

import { startClient } from "../client/client.ts";
import type { ChoiceSource } from "../kernel/choose.ts";
import { digestText } from "../kernel/digest.ts";
import { CHECKPOINT_EVENTS, WAITING_MAX } from "../kernel/limits.ts";
import { TIMETABLE_RANK } from "../kernel/rank.ts";
import type { Protocol } from "../member/protocol.ts";
import { type ContextImage, RunContext } from "../world/context.ts";
import { EventKind } from "../world/event.ts";
import { startProcess } from "../world/life.ts";
import { step } from "../world/step.ts";
import { cloneWorld, createWorld, type World, type WorldPlan } from "../world/world.ts";

/** Looks at the world after each step. */
export interface StepObserver {
  /** `member` is whose state may have changed, 0: nobody's. True ends the run. */
  stepped(world: World, member: number): boolean;
}

/** How a run takes a step when it does not change its world in place: on a draft of it, that becomes the next world. */
export interface StepRecorder {
  /** Takes the event that was popped; returns what `step` does. */
  step(run: Run): number;
  /** Changes the world between two steps; counts as part of the step before. */
  change(run: Run, act: (world: World) => void): void;
}

/** Whoever keeps a reference to the world. */
export interface WorldBound {
  /** From now on `world` is the world. */
  bind(world: World): void;
}

/** A run at one point, enough to go on from there. Immutable: it may be resumed any number of times. */
export interface RunImage {
  readonly world: World;
  readonly context: ContextImage;
  readonly nextLook: number;
  readonly end: RunEnd | null;
  readonly checkpoints: readonly string[];
}

/** What a run is made of. */
export interface RunSetup {
  readonly plan: WorldPlan;
  readonly protocol: Protocol<unknown, unknown>;
  readonly choices: ChoiceSource;
  readonly durationMicros: number;
  readonly stepLimit: number;
}

/** Why a run is over. */
export type RunEnd = "time" | "steps" | "observer" | "idle" | "storm";

/** A run under way. */
export class Run {
  readonly setup: RunSetup;
  world: World;
  readonly context: RunContext;
  readonly observers: StepObserver[] = [];
  /** Told whenever the world is another object than before; in fast mode never. */
  readonly bound: WorldBound[] = [];
  /** Null: fast mode, steps change the world in place. */
  recorder: StepRecorder | null = null;
  /** Times, ascending, at which `onLook` is called after every event of that time, whether or not there was one. */
  looks: readonly number[] = [];
  onLook: () => void = () => undefined;
  private nextLook: number = 0;
  /** Events after this are not taken before somebody has looked: the next of `looks`, or the end. */
  private pauseMicros: number = -1;
  /** Null while it goes on. */
  end: RunEnd | null = null;
  /** Digests after every 1,024 events. */
  readonly checkpoints: string[] = [];

  constructor(setup: RunSetup) {
    this.setup = setup;
    this.world = createWorld(setup.plan);
    this.context = new RunContext(setup.plan, setup.protocol, setup.choices, this.world);
  }

  /** Founds the cluster: disks are written, processes started, clients and the timetable set off. Once, before `advance`. */
  begin(): void {
    const { world, context } = this;
    const { plan } = this.setup;
    for (const [position, planned] of plan.timetable.entries()) {
      if (planned.atMicros !== null) {
        context.queue.push(planned.atMicros, TIMETABLE_RANK, EventKind.FaultBegins, position, 0, null);
      }
    }
    for (const id of world.ids) {
      const process = context.enter(id);
      context.protocol.init(context);
      process.disk.durableEnd = process.disk.log.first + process.disk.log.length;
      process.disk.unsyncedBytes = 0;
      for (const file of process.disk.files) file.durable = true;
    }
    for (const id of world.ids) startProcess(world, context, id);
    for (const client of world.clients) {
      if (client !== null) startClient(client, context.workloadOf(client), context);
    }
  }

  /** Takes up to `maxEvents` events; returns whether the run is over. */
  advance(maxEvents: number): boolean {
    const last = this.world.steps + maxEvents;
    while (this.end === null && this.world.steps < last) {
      const steps = this.world.steps;
      const checkpoint = steps - (steps & (CHECKPOINT_EVENTS - 1)) + CHECKPOINT_EVENTS;
      this.advanceTo(Math.min(checkpoint, last));
      if (this.world.steps !== checkpoint) continue;
      this.checkpoints.push(digestText(this.context.digest));
      if (this.end === null && this.context.queue.size > WAITING_MAX) this.end = "storm";
    }
    return this.end !== null;
  }

  /**
   * Takes events until `steps` have been taken, or the run is over. A few at a time: a loop that is left and entered again is
   * compiled once, when all of it has been seen; one that goes on for ever would be replaced while it runs.
   */
  private advanceTo(steps: number): void {
    const { context, observers } = this;
    const { stepLimit } = this.setup;
    let world = this.world;
    const queue = context.queue;
    const count = observers.length;
    while (world.steps < steps && this.end === null) {
      if (world.steps >= stepLimit || !queue.pop(this.pauseMicros)) {
        this.pause();
        continue;
      }
      let touched: number;
      if (this.recorder === null) touched = step(world, context);
      else {
        touched = this.recorder.step(this);
        world = this.world;
      }
      for (let o = 0; o < count; o++) {
        if ((observers[o] as StepObserver).stepped(world, touched)) this.end = "observer";
      }
      world = this.world;
    }
  }

  /** No event may be taken without thought: it is time to look, or the run is over. */
  private pause(): void {
    const { durationMicros } = this.setup;
    const next = this.context.queue.peekMicros();
    this.lookUntil(next);
    if (next > durationMicros) this.end = this.context.queue.size === 0 ? "idle" : "time";
    else if (this.world.steps >= this.setup.stepLimit) this.end = "steps";
  }

  private lookUntil(beforeMicros: number): void {
    while (this.nextLook < this.looks.length && (this.looks[this.nextLook] as number) < beforeMicros) {
      this.setTime(Math.max(this.world.atMicros, this.looks[this.nextLook] as number));
      this.nextLook++;
      this.onLook();
    }
    this.pauseMicros = this.nextPause();
  }

  private nextPause(): number {
    const { durationMicros } = this.setup;
    return this.nextLook < this.looks.length
      ? Math.min(durationMicros, this.looks[this.nextLook] as number)
      : durationMicros;
  }

  /** Makes `world` the world of the run. */
  bind(world: World): void {
    this.world = world;
    this.context.world = world;
    for (const one of this.bound) one.bind(world);
  }

  /** Changes the world between two steps. */
  change(act: (world: World) => void): void {
    if (this.recorder === null) act(this.world);
    else this.recorder.change(this, act);
  }

  /** Lets time pass in which nothing happens. */
  setTime(atMicros: number): void {
    if (this.recorder === null) this.world.atMicros = atMicros;
    else if (this.world.atMicros !== atMicros) this.bind({ ...this.world, atMicros });
  }

  /** The run as it is now. Between two steps only. */
  save(): RunImage {
    return {
      world: this.recorder === null ? this.copyOf(this.world) : this.world,
      context: this.context.save(),
      nextLook: this.nextLook,
      end: this.end,
      checkpoints: this.checkpoints.slice(),
    };
  }

  /** Goes on from `image`, in place of `begin`. `setup.choices` must be a fork of the image's, and the recorder be set. */
  resume(image: RunImage): void {
    const world = this.recorder === null ? this.copyOf(image.world) : image.world;
    this.context.resume(image.context, world);
    this.bind(world);
    this.nextLook = image.nextLook;
    this.end = image.end;
    this.checkpoints.push(...image.checkpoints);
  }

  private copyOf(world: World): World {
    const { protocol } = this.setup;
    return cloneWorld(
      world,
      (state) => protocol.clone(state),
      (backend) => protocol.cloneBackend(backend),
    );
  }
}
