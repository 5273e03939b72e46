// One run: a world, what surrounds it, and the loop that takes the earliest event until the end of virtual time. Hosts drive it
// by `advance` in slices, so that Ctrl-C, progress bars and pages work.

import { startClient } from "../client/client.ts";
import type { ChoiceSource } from "../kernel/choose.ts";
import { digestText } from "../kernel/digest.ts";
import { CHECKPOINT_EVENTS, WAITING_MAX } from "../kernel/limits.ts";
import { TIMETABLE_RANK } from "../kernel/rank.ts";
import type { Protocol } from "../member/protocol.ts";
import { RunContext } from "../world/context.ts";
import { EventKind } from "../world/event.ts";
import { startProcess } from "../world/life.ts";
import { step } from "../world/step.ts";
import { createWorld, type World, type WorldPlan } from "../world/world.ts";

/** Looks at the world after each step. */
export interface StepObserver {
  /** `member` is whose state may have changed, 0: nobody's. True ends the run. */
  stepped(world: World, member: number): boolean;
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
  /** Times, ascending, at which `onLook` is called after every event of that time, whether or not there was one. */
  looks: readonly number[] = [];
  onLook: () => void = () => undefined;
  private nextLook: number = 0;
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
    const { world, context, observers } = this;
    const { durationMicros, stepLimit } = this.setup;
    const queue = context.queue;
    const count = observers.length;
    for (let i = 0; i < maxEvents && this.end === null; i++) {
      const next = queue.peekMicros();
      if (this.nextLook < this.looks.length && next > (this.looks[this.nextLook] as number)) this.lookUntil(next);
      if (next > durationMicros) {
        this.end = queue.size === 0 ? "idle" : "time";
        break;
      }
      if (world.steps >= stepLimit) {
        this.end = "steps";
        break;
      }
      queue.pop();
      const touched = step(world, context);
      if ((world.steps & (CHECKPOINT_EVENTS - 1)) === 0) {
        this.checkpoints.push(digestText(context.digest));
        if (queue.size > WAITING_MAX) this.end = "storm";
      }
      for (let o = 0; o < count; o++) {
        if ((observers[o] as StepObserver).stepped(world, touched)) this.end = "observer";
      }
    }
    return this.end !== null;
  }

  private lookUntil(beforeMicros: number): void {
    while (this.nextLook < this.looks.length && (this.looks[this.nextLook] as number) < beforeMicros) {
      this.world.atMicros = Math.max(this.world.atMicros, this.looks[this.nextLook] as number);
      this.nextLook++;
      this.onLook();
    }
  }
}
