// A world for one workload's clients: time that goes from timer to timer, and a server that is a function from each request to
// an answer after a while, or to none.

import {
  type Client,
  type ClientHost,
  type ClientObserver,
  clientTimer,
  createClient,
  type OpenOperation,
  type Outcome,
  receiveResponse,
  resumeClient,
  startClient,
  type WorkloadPlan,
} from "../../src/client/client.ts";
import { RandomChoices, type Stream } from "../../src/kernel/choose.ts";
import { type ClientRequest, ClientResponse, PlainAnswer, RequestError } from "../../src/kernel/request.ts";

/** A closed loop of one client that puts plain values to one key of three members, without a pause, for ten seconds. */
export function workload(changes: Partial<WorkloadPlan> = {}): WorkloadPlan {
  return {
    name: "load",
    firstClient: 1,
    clients: 1,
    thinkMicros: 0,
    operations: 0,
    perMicros: 0,
    kinds: ["put"],
    kindSums: [1],
    keys: ["k"],
    keySums: null,
    prefix: "k",
    uniqueValues: true,
    valueBytes: 0,
    fromMicros: 0,
    untilMicros: 10_000_000,
    timeoutMicros: 1_000_000,
    retry: "none",
    unknownFails: false,
    failover: true,
    endpoints: [1, 2, 3],
    everyMember: true,
    learns: false,
    gets: null,
    etcd: false,
    program: null,
    ...changes,
  };
}

/** What the server does with one try of a request. */
export interface Reply {
  readonly afterMicros: number;
  readonly body?: unknown;
  readonly error?: RequestError;
  readonly revision?: number;
}

/** An answer after a while. */
export function answer(afterMicros: number, body: unknown = new PlainAnswer(true, null), revision: number = 0): Reply {
  return { afterMicros, body, revision };
}

/** A refusal after a while; `definite`: it had no effect. */
export function refusal(afterMicros: number, definite: boolean): Reply {
  return { afterMicros, error: new RequestError(14, "unavailable", definite) };
}

/** One request as the server saw it. */
export interface Sent {
  readonly atMicros: number;
  readonly client: number;
  readonly to: number;
  readonly operation: number;
  readonly attempt: number;
  readonly body: unknown;
}

/** One operation as its client saw it; `outcome` null while it is open. */
export interface Seen {
  readonly client: number;
  readonly operation: number;
  readonly kind: string;
  readonly invokedAtMicros: number;
  outcome: Outcome | null;
  completedAtMicros: number;
}

interface Due {
  readonly atMicros: number;
  readonly number: number;
  readonly act: () => void;
}

export class FakeHost implements ClientHost, ClientObserver {
  readonly plan: WorkloadPlan;
  readonly clients: Client[] = [];
  readonly sent: Sent[] = [];
  readonly seen: Seen[] = [];
  clientMicros = 0;
  readonly clientObserver: ClientObserver = this;
  readonly programObserver = null;
  private readonly server: (sent: Sent) => Reply | null;
  private readonly choices: RandomChoices = new RandomChoices("client");
  private readonly due: Due[] = [];
  private scheduled = 0;

  constructor(plan: WorkloadPlan, server: (sent: Sent) => Reply | null) {
    this.plan = plan;
    this.server = server;
    for (let index = 0; index < plan.clients; index++) {
      this.clients.push(createClient(plan.firstClient + index, 0, plan, index));
    }
  }

  /** Starts all clients and lets time pass up to and including `untilMicros`. */
  run(untilMicros: number): this {
    if (this.scheduled === 0) for (const client of this.clients) startClient(client, this.plan, this);
    for (;;) {
      this.due.sort((x, y) => x.atMicros - y.atMicros || x.number - y.number);
      const next = this.due[0];
      if (next === undefined || next.atMicros > untilMicros) break;
      this.due.shift();
      this.clientMicros = next.atMicros;
      next.act();
      if (this.scheduled > 100_000) throw new Error("the clients schedule without end");
    }
    this.clientMicros = untilMicros;
    return this;
  }

  /** The only client of most stories. */
  get client(): Client {
    return this.clients[0] as Client;
  }

  /** Pauses or resumes a client. */
  pause(client: Client = this.client): void {
    client.pauses++;
  }

  resume(client: Client = this.client): void {
    if (--client.pauses === 0) resumeClient(client, this.plan, this);
  }

  /** Outcomes of all operations, in the order of their invocations. */
  get outcomes(): (Outcome | null)[] {
    return this.seen.map((seen) => seen.outcome);
  }

  private at(atMicros: number, act: () => void): void {
    this.due.push({ atMicros, number: this.scheduled++, act });
  }

  private clientOf(id: number): Client {
    return this.clients[id - this.plan.firstClient] as Client;
  }

  sendRequest(to: number, request: ClientRequest): void {
    const { client, operation, attempt, body } = request;
    const sent: Sent = { atMicros: this.clientMicros, client, to, operation, attempt, body };
    this.sent.push(sent);
    const reply = this.server(sent);
    if (reply === null) return;
    const response = new ClientResponse(request, reply.body ?? null, reply.error ?? null, reply.revision ?? 0);
    this.at(this.clientMicros + reply.afterMicros, () => {
      receiveResponse(this.clientOf(client), this.plan, this, response);
    });
  }

  sendOnStream(to: number, request: ClientRequest): void {
    this.sendRequest(to, request);
  }

  setClientTimer(id: number, atMicros: number): void {
    if (atMicros < this.clientMicros) throw new Error("a timer was set for the past");
    this.at(atMicros, () => clientTimer(this.clientOf(id), this.plan, this, atMicros));
  }

  operationStream(client: number): Stream {
    return this.choices.open("operation", client);
  }

  keyStream(client: number): Stream {
    return this.choices.open("key", client);
  }

  invoked(client: Client, operation: OpenOperation, atMicros: number): void {
    this.seen.push({
      client: client.id,
      operation: operation.operation,
      kind: operation.kind,
      invokedAtMicros: atMicros,
      outcome: null,
      completedAtMicros: -1,
    });
  }

  completed(client: Client, operation: OpenOperation, outcome: Outcome, _response: unknown, atMicros: number): void {
    const seen = this.seen.find((s) => s.client === client.id && s.operation === operation.operation) as Seen;
    if (seen.outcome !== null) throw new Error("an operation ended twice");
    seen.outcome = outcome;
    seen.completedAtMicros = atMicros;
  }
}
