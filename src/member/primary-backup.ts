// A naive primary and its backup: the primary applies, tells the backup and answers; the backup takes over when it has not heard
// the primary for a while. Under a partition both serve: it splits its brain, and the checks find that.

import { type ClientRequest, ClientResponse, PlainAnswer, PlainOperation } from "../kernel/request.ts";
import { PlainProtocol } from "./plain-protocol.ts";
import type { ProcessContext, ProcessFacts } from "./protocol.ts";

/** One message: the primary is alive, and (with a key) this is the newest value of it; null: it is gone. Never changed. */
class Update {
  readonly term: number = 0;
  readonly key: string | null = null;
  readonly value: string | null = null;
}

/** The state of one of the two. */
type Replica = { primary: boolean; term: number; heardMicros: number; writes: number; data: Map<string, string> };

const BEAT_MICROS = 100_000;
const SILENCE_MICROS = 500_000;

function write(replica: Replica, key: string, value: string | null): void {
  if (value === null) replica.data.delete(key);
  else replica.data.set(key, value);
  replica.writes++;
}

/** Member 1 begins as primary, all others as backups. */
export class PrimaryBackup extends PlainProtocol<Replica, Update> {
  readonly name = "primary-backup";

  start(context: ProcessContext): Replica {
    context.setTimer(BEAT_MICROS, 1);
    const primary = context.self === 1 && context.boot === 1;
    return { primary, term: primary ? 1 : 0, heardMicros: context.localMicros(), writes: 0, data: new Map() };
  }

  private tell(replica: Replica, context: ProcessContext, key: string | null, value: string | null): void {
    const update = Object.assign(new Update(), { term: replica.term, key, value });
    for (const id of this.members) if (id !== context.self) context.send(id, update);
  }

  receive(replica: Replica, _from: number, update: Update, context: ProcessContext): void {
    if (update.term < replica.term) return;
    replica.heardMicros = context.localMicros();
    if (update.term > replica.term) replica.primary = false;
    replica.term = update.term;
    if (update.key === null) return;
    write(replica, update.key, update.value);
  }

  timer(replica: Replica, _timer: number, context: ProcessContext): void {
    context.setTimer(BEAT_MICROS, 1);
    if (!replica.primary && context.localMicros() - replica.heardMicros > SILENCE_MICROS * context.self) {
      replica.primary = true;
      replica.term++;
    }
    if (replica.primary) this.tell(replica, context, null, null);
  }

  request(replica: Replica, request: ClientRequest, context: ProcessContext): void {
    if (!replica.primary || !(request.body instanceof PlainOperation)) return;
    const { f, key, value, expected } = request.body;
    const before = replica.data.get(key) ?? null;
    const done = f !== "cas" || before === expected;
    if (f !== "get" && done) {
      write(replica, key, value);
      this.tell(replica, context, key, value);
    }
    context.reply(request, new ClientResponse(request, new PlainAnswer(done, before), null, 0));
  }

  describe(replica: Replica, facts: ProcessFacts): void {
    facts.role = replica.primary ? 2 : 0;
    facts.term = replica.term;
    facts.commit = facts.applied = facts.lastIndex = replica.writes;
  }
}
