// What locks promise. The cluster: a lock that was granted exists. Clients: nothing. That two of them never hold one lock at a
// time, and that the resource behind it hears them in order, is checked only where a scenario asks for it. After the bug
// catalogue's section on locks.

import type { Client, ClientFact, ProgramPlan } from "../client/client.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Ghost, LockGhost } from "./ghost.ts";
import { modelAt } from "./kv-model.ts";
import type { Findings } from "./violation.ts";

function lockOf(ghost: Ghost, name: string): LockGhost {
  const known = ghost.locks.get(name);
  if (known !== undefined) return known;
  const lock: LockGhost = { holders: [], granted: 0, grantedRevision: 0, written: 0 };
  ghost.locks.set(name, lock);
  return lock;
}

/** A client's program, of that plan, says that it holds a lock or an office, let it go, or used it. */
export function checkFact(
  ghost: Ghost,
  out: Findings,
  client: Client,
  plan: ProgramPlan,
  fact: ClientFact,
  atMicros: number,
): void {
  // Programs that only keep a lease alive hold no lock.
  if (plan.kind !== "lock" && plan.kind !== "election") return;
  switch (fact.kind) {
    case "acquired":
    case "elected":
      checkGrant(ghost, out, `c${client.id}`, fact.key, fact.token, fact.revision);
      hold(ghost, out, client, fact, atMicros);
      return;
    case "released":
    case "resigned":
    case "lost": {
      const lock = ghost.locks.get(fact.name);
      if (lock !== undefined) lock.holders = lock.holders.filter((holder) => holder.client !== client.id);
      return;
    }
    case "wrote":
      write(ghost, out, client, plan.fenced, fact);
      return;
    default:
  }
}

/** A lock that is granted at a revision exists at it: its key has not gone with its lease meanwhile. */
export function checkGrant(
  ghost: Ghost,
  out: Findings,
  who: string,
  key: string,
  token: number,
  revision: number,
): void {
  if (revision <= ghost.modelPruned) return;
  const found = modelAt(ghost, key, Math.min(revision, ghost.modelRevision));
  if (found !== null && (token === 0 || found.create === token)) return;
  const text = `${who} was granted the lock ${key} at revision ${revision}, and the key ${found === null ? "was gone" : "is another one"} by then`;
  out.report("lock-ownership", [], text);
}

function hold(ghost: Ghost, out: Findings, client: Client, fact: ClientFact, atMicros: number): void {
  const { name, token, revision } = fact;
  const lock = lockOf(ghost, name);
  const other = lock.holders.find((holder) => holder.client !== client.id);
  if (other !== undefined) {
    const since = formatMicros(other.sinceMicros);
    const text = `c${client.id} holds ${name} while c${other.client} has held it since ${since}`;
    out.report("mutual-exclusion", [], text);
  }
  lock.holders.push({ client: client.id, token, sinceMicros: atMicros });
  // Who stood still when it was granted the lock says so late, when others have had it meanwhile: that is no order of grants.
  if (revision < lock.grantedRevision) return;
  if (token <= lock.granted) {
    const text = `c${client.id} was granted ${name} with token ${token} after token ${lock.granted}`;
    out.report("fencing-monotonic", [], text);
    return;
  }
  lock.granted = token;
  lock.grantedRevision = revision;
}

/** The resource behind the lock: with fencing it refuses lower tokens than it has seen, without it takes whatever comes. */
function write(ghost: Ghost, out: Findings, client: Client, fenced: boolean, { name, token }: ClientFact): void {
  const lock = lockOf(ghost, name);
  if (token >= lock.written) {
    lock.written = token;
    return;
  }
  if (fenced) return;
  const text = `the resource behind ${name} took a write of c${client.id} with token ${token} after one with token ${lock.written}`;
  out.report("fencing-monotonic", [], text);
}

/** A client was answered by a lock or election service of the cluster. */
export function checkService(ghost: Ghost, out: Findings, client: Client, body: unknown): void {
  const answer = body as { readonly answer?: string; readonly revision: number; readonly key?: string };
  if (answer === null || typeof answer !== "object") return;
  if (answer.answer === "lock") {
    checkGrant(ghost, out, `c${client.id}`, answer.key as string, 0, answer.revision);
  }
}
