// A naive primary and its backup, on the same interface as the etcd member. The primary applies, tells the backup and answers;
// the backup takes over when it has not heard the primary for a while. Under a partition both serve: it splits its brain.
// Here as proof that the interface carries other protocols, and that the checks catch what they should.

import { hashString } from "../kernel/hash.ts";
import { type ClientRequest, ClientResponse, PlainAnswer, PlainOperation } from "../kernel/request.ts";
import type { MessageFacts, ProcessContext, ProcessFacts, Protocol } from "./protocol.ts";

/** One message: the primary is alive, and (with a key) this is the newest value of it. */
class Update {
  readonly term: number;
  readonly key: string | null;
  readonly value: string | null;

  constructor(term: number, key: string | null, value: string | null) {
    this.term = term;
    this.key = key;
    this.value = value;
  }
}

/** The state of one of the two. */
interface Replica {
  primary: boolean;
  term: number;
  heardMicros: number;
  writes: number;
  readonly data: Map<string, string>;
}

const BEAT_MICROS = 100_000;
const SILENCE_MICROS = 500_000;

/** Member 1 begins as primary, all others as backups. */
export class PrimaryBackup implements Protocol<Replica, Update> {
  readonly name = "primary-backup";
  private readonly members: readonly number[];

  constructor(members: readonly number[]) {
    this.members = members;
  }

  init(): void {}

  start(context: ProcessContext): Replica {
    context.setTimer(BEAT_MICROS, 1);
    const primary = context.self === 1 && context.boot === 1;
    return { primary, term: primary ? 1 : 0, heardMicros: context.localMicros(), writes: 0, data: new Map() };
  }

  private tell(replica: Replica, context: ProcessContext, key: string | null, value: string | null): void {
    for (const id of this.members) if (id !== context.self) context.send(id, new Update(replica.term, key, value));
  }

  receive(replica: Replica, _from: number, update: Update, context: ProcessContext): void {
    if (update.term < replica.term) return;
    replica.heardMicros = context.localMicros();
    if (update.term > replica.term) replica.primary = false;
    replica.term = update.term;
    if (update.key === null) return;
    if (update.value === null) replica.data.delete(update.key);
    else replica.data.set(update.key, update.value);
    replica.writes++;
  }

  timer(replica: Replica, _timer: number, context: ProcessContext): void {
    context.setTimer(BEAT_MICROS, 1);
    if (!replica.primary && context.localMicros() - replica.heardMicros > SILENCE_MICROS * context.self) {
      replica.primary = true;
      replica.term++;
    }
    if (replica.primary) this.tell(replica, context, null, null);
  }

  diskDone(): void {}

  request(replica: Replica, request: ClientRequest, context: ProcessContext): void {
    if (!replica.primary || !(request.body instanceof PlainOperation)) return;
    const { f, key, value, expected } = request.body;
    const before = replica.data.get(key) ?? null;
    const done = f !== "cas" || before === expected;
    if (f !== "get" && done) {
      if (value === null) replica.data.delete(key);
      else replica.data.set(key, value);
      replica.writes++;
      this.tell(replica, context, key, value);
    }
    context.reply(request, new ClientResponse(request, new PlainAnswer(done, before), null, 0));
  }

  messageType(message: Update): string {
    return message.key === null ? "Beat" : "Update";
  }

  mayDuplicate(): boolean {
    return true;
  }

  traceMessage(message: Update, facts: MessageFacts): void {
    facts.type = message.key === null ? 0 : 1;
    facts.term = message.term;
    facts.index = 0;
  }

  messageHash(message: Update): number {
    return message.term * 31 + (message.key === null ? 0 : hashString(`${message.key}=${message.value}`));
  }

  messageBytes(message: Update): number {
    return 32 + (message.value === null ? 0 : message.value.length);
  }

  describe(replica: Replica, facts: ProcessFacts): void {
    facts.role = replica.primary ? 2 : 0;
    facts.term = replica.term;
    facts.commit = facts.applied = facts.lastIndex = replica.writes;
  }

  office(replica: Replica): number {
    return replica.term * 4 + (replica.primary ? 2 : 0);
  }

  fingerprint(replica: Replica): number {
    return (replica.term << 20) ^ (replica.writes << 1) ^ (replica.primary ? 1 : 0);
  }

  backupOf(): null {
    return null;
  }

  restore(): boolean {
    return false;
  }

  clone(replica: Replica): Replica {
    return { ...replica, data: new Map(replica.data) };
  }

  cloneBackend(backend: unknown): unknown {
    return backend;
  }
}
