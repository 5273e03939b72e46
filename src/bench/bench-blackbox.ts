// `bench blackbox`: a work W, with faults unless told otherwise, judged by what its clients saw and nothing else: as a whole, and
// event by event as it happened. One JSON line.
//
// Flags: --members 3 --clients 5 --virtual 600 --seed 1 --no-faults --repeat 3. Times are CPU time of the judgement alone, best
// of `repeat`: not of the run, and not of putting its events into words.

import { judge } from "../checker/linearizability/check.ts";
import type { Dialect } from "../checker/linearizability/format/event.ts";
import { eventsHistory } from "../checker/linearizability/format/read.ts";
import { createOnline, finish, type Online, observe } from "../checker/linearizability/online.ts";
import type { Client, ClientObserver, OpenOperation, Outcome } from "../client/client.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { CLIENTS_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import type { ClientResponse } from "../kernel/request.ts";
import { SECOND } from "../kernel/time.ts";
import { EtcdProtocol } from "../member/etcd-protocol.ts";
import type { Protocol } from "../member/protocol.ts";
import { historyOfRun, type RunHistory } from "../report/run-history.ts";
import type { HistoryEvent } from "../run/collector.ts";
import { Run } from "../run/run.ts";
import { printLine, readFlags } from "./flags.ts";
import { etcdOfW, type WorkW, worldOfW } from "./work-w.ts";

const SLICE = 200_000;

/** Keeps what clients saw. */
class Recorder implements ClientObserver {
  readonly events: HistoryEvent[] = [];

  invoked(client: Client, { operation, kind, body }: OpenOperation, atMicros: number): void {
    this.events.push({ atMicros, client: client.id, operation, type: "invoke", kind, body, response: null });
  }

  completed(
    client: Client,
    { operation, kind, body }: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    atMicros: number,
  ): void {
    const type = outcome === "ok" ? "ok" : outcome === "failed" ? "fail" : "info";
    this.events.push({ atMicros, client: client.id, operation, type, kind, body, response });
  }
}

function recorded(work: WorkW): RunHistory {
  const run = new Run({
    plan: worldOfW(work),
    protocol: new EtcdProtocol(etcdOfW(work)) as unknown as Protocol<unknown, unknown>,
    choices: new RandomChoices(work.seed),
    durationMicros: work.virtualSeconds * SECOND,
    stepLimit: Number.MAX_SAFE_INTEGER,
  });
  const recorder = new Recorder();
  run.context.clientObserver = recorder;
  run.begin();
  while (!run.advance(SLICE)) {
    // Goes on until the end of virtual time.
  }
  const history = historyOfRun(recorder.events, "kv-cas");
  if (typeof history === "string") throw new Error(history);
  return history;
}

function watched(dialect: Dialect, read: ReturnType<typeof eventsHistory>, history: RunHistory): Online {
  const online = createOnline(dialect, read.model);
  for (const event of history.events) observe(online, event);
  finish(online);
  return online;
}

function micros(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

const flags = readFlags("blackbox", { members: "3", clients: "5", virtual: "600", seed: "1", repeat: "3" }, [
  "no-faults",
]);
const work: WorkW = {
  members: flags.whole("members", 1, MEMBERS_MAX),
  clients: flags.whole("clients", 1, CLIENTS_MAX),
  virtualSeconds: flags.seconds("virtual", 1, 100_000),
  seed: flags.seed(),
  faults: !flags.on("no-faults"),
  compact: 0,
};
const repeat = flags.whole("repeat", 1, 1000);

await printLine("blackbox", () => {
  const history = recorded(work);
  const read = eventsHistory("kv-cas", history.events);
  // A cas that fails for certain did not happen; W has none.
  const dialect: Dialect = { ...read.dialect, failCas: "discarded" };
  let wholeMicros = Number.POSITIVE_INFINITY;
  let onlineMicros = Number.POSITIVE_INFINITY;
  let judgement = judge(read.model, read.history);
  let online = watched(dialect, read, history);
  for (let n = 0; n < repeat; n++) {
    let from = process.cpuUsage();
    judgement = judge(read.model, read.history);
    wholeMicros = Math.min(wholeMicros, micros(from));
    from = process.cpuUsage();
    online = watched(dialect, read, history);
    onlineMicros = Math.min(onlineMicros, micros(from));
  }
  return {
    work: "blackbox",
    members: work.members,
    clients: work.clients,
    faults: work.faults,
    virtualSeconds: work.virtualSeconds,
    ops: read.invoked,
    opsUnknown: read.unknown,
    verdict: judgement.verdict,
    method: judgement.method,
    microsPerOp: rounded(wholeMicros / read.invoked),
    online: {
      verdict: online.verdict,
      microsPerOp: rounded(onlineMicros / read.invoked),
      largestFrontier: online.largest,
      partsJudgedLate: online.late,
    },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    engine: ENGINE_VERSION,
    node: process.versions.node,
  };
});
