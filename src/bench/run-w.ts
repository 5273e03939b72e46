// A run of the common work W with all its checks, ready to be driven: what `bench w` measures once and `bench sweep` many times.

import { EtcdChecker } from "../checker/etcd-checker.ts";
import { LivenessChecker } from "../checker/liveness.ts";
import type { Client, ClientObserver, OpenOperation, Outcome } from "../client/client.ts";
import { isWrite } from "../client/operation.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { CounterAt } from "../kernel/counter.ts";
import type { ClientResponse } from "../kernel/request.ts";
import { SECOND } from "../kernel/time.ts";
import { EtcdProtocol } from "../member/etcd-protocol.ts";
import type { Protocol } from "../member/protocol.ts";
import { Run } from "../run/run.ts";
import { etcdOfW, type WorkW, worldOfW } from "./work-w.ts";

/** A run of W. */
export interface RunOfW {
  readonly run: Run;
  /** Null: nothing is checked. */
  readonly checker: EtcdChecker | null;
  readonly operations: Operations;
}

/** Makes a run of W. It has not begun. */
export function startW(work: WorkW, checks: boolean): RunOfW {
  const config = etcdOfW(work);
  const plan = worldOfW(work);
  const protocol = new EtcdProtocol(config);
  const run = new Run({
    plan,
    protocol: protocol as unknown as Protocol<unknown, unknown>,
    choices: new RandomChoices(work.seed),
    durationMicros: work.virtualSeconds * SECOND,
    stepLimit: Number.MAX_SAFE_INTEGER,
  });
  const { world, context } = run;
  const checker = checks ? new EtcdChecker(world, plan.workloads) : null;
  const operations = new Operations(checker, world.counters);
  context.clientObserver = operations;
  if (checker !== null) {
    protocol.observer = checker;
    context.lifeObserver = checker;
    const liveness = new LivenessChecker(checker, plan, config);
    run.observers.push({
      stepped(now, member) {
        checker.stepped(now, member);
        liveness.stepped(now);
        return checker.violations.length > 0;
      },
    });
  }
  context.digesting = checks;
  return { run, checker, operations };
}

/** Counts what clients came to, before the checker hears of it. What was not answered in time counts as unknown, as W has it. */
export class Operations implements ClientObserver {
  completedCount: number = 0;
  unknownCount: number = 0;
  private readonly checker: ClientObserver | null;
  private readonly counters: number[];

  constructor(checker: ClientObserver | null, counters: number[]) {
    this.checker = checker;
    this.counters = counters;
  }

  invoked(client: Client, operation: OpenOperation, atMicros: number): void {
    if (this.checker !== null) this.checker.invoked(client, operation, atMicros);
  }

  completed(
    client: Client,
    operation: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    atMicros: number,
  ): void {
    if (outcome === "ok") {
      this.completedCount++;
      if (isWrite(operation.kind)) this.counters[CounterAt["write-ok"]]!++;
    } else this.unknownCount++;
    if (this.checker !== null) this.checker.completed(client, operation, outcome, response, atMicros);
  }
}
