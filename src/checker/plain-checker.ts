// The checker of protocols without revisions: knows only what clients saw. One online frontier per key decides whether an order
// still exists that explains all answers, at exactly the event where none does any more.

import type { Client, ClientObserver, OpenOperation, Outcome } from "../client/client.ts";
import { copyFields } from "../kernel/plain.ts";
import type { ClientResponse, PlainAnswer, PlainOperation } from "../kernel/request.ts";
import type { World } from "../world/world.ts";
import {
  cloneFrontier,
  complete,
  createFrontier,
  describeFrontier,
  FRONTIER_BUDGET,
  type Frontier,
  failed,
  invoke,
  unknown,
} from "./linearizability/frontier.ts";
import type { CallModel } from "./linearizability/model/register.ts";
import { modelOf } from "./linearizability/models.ts";
import { Call, type Value } from "./linearizability/value.ts";
import type { Violation } from "./violation.ts";

/** One key's history so far. */
interface KeyHistory {
  readonly frontier: Frontier<Value, Call, Value>;
  /** Completed operations, newest last, for evidence. */
  readonly recent: string[];
}

const RECENT = 8;

/** Judges a key-value history without revisions as it happens. */
export class PlainChecker implements ClientObserver {
  readonly violations: Violation[] = [];
  /** Set when a budget ran out: the history is not judged from there on. */
  undecided: string | null = null;
  private world: World;
  private readonly model: CallModel = modelOf("kv-cas", null) as CallModel;
  private readonly keys: Map<string, KeyHistory> = new Map();

  constructor(world: World) {
    this.world = world;
  }

  /** The world of the step under way. */
  bind(world: World): void {
    this.world = world;
  }

  /** A checker of another world that remembers the same, and goes its own way. */
  fork(world: World): PlainChecker {
    const fork = copyFields<PlainChecker>(this, new PlainChecker(world));
    fork.world = world;
    for (const [key, { frontier, recent }] of this.keys) {
      fork.keys.set(key, { frontier: cloneFrontier(frontier), recent: recent.slice() });
    }
    return fork;
  }

  private historyOf(key: string): KeyHistory {
    let history = this.keys.get(key);
    if (history === undefined) {
      history = { frontier: createFrontier(this.model, FRONTIER_BUDGET, key), recent: [] };
      this.keys.set(key, history);
    }
    return history;
  }

  invoked(client: Client, operation: OpenOperation, _atMicros: number): void {
    const body = operation.body as PlainOperation;
    invoke(this.historyOf(body.key).frontier, this.model, idOf(client, operation), callOf(body));
  }

  completed(
    client: Client,
    operation: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    atMicros: number,
  ): void {
    const body = operation.body as PlainOperation;
    const { frontier, recent } = this.historyOf(body.key);
    const id = idOf(client, operation);
    if (outcome === "unknown") unknown(frontier, this.model, id);
    else if (outcome === "failed" || response === null) {
      if (body.f === "get") unknown(frontier, this.model, id);
      else failed(frontier, this.model, id);
    } else {
      const answer = answerOf(body, response.body as PlainAnswer);
      const before = frontier.verdict;
      const verdict = complete(frontier, this.model, id, answer);
      const text = bare(this.model.describe(callOf(body), answer));
      if (verdict === "illegal" && before !== "illegal") {
        this.violations.push({
          property: "linearizability",
          step: this.world.steps,
          atMicros,
          members: [],
          text: `${text} of c${client.id} cannot be placed: no order explains all answers for ${body.key}`,
          evidence: [...recent, ...describeFrontier(frontier, this.model).map(bare)].slice(0, 12),
        });
      }
      recent.push(`c${client.id} ${text}`);
      if (recent.length > RECENT) recent.shift();
    }
    if (frontier.verdict === "undecided" && this.undecided === null) {
      this.undecided = `the history of ${body.key} outgrew the checker's budget`;
    }
  }
}

/** Without the padding that gives values their size. */
function bare(text: string): string {
  return text.replace(/_+(?=\W|$)/g, "");
}

function idOf(client: Client, operation: OpenOperation): number {
  return operation.operation * 4096 + client.id;
}

function callOf(body: PlainOperation): Call {
  return new Call(body.f, body.key, body.f === "cas" ? [body.expected, body.value] : body.value);
}

function answerOf(body: PlainOperation, answer: PlainAnswer): Value {
  if (body.f === "get") return answer.value;
  return body.f === "cas" ? answer.done : true;
}
