// Where a client's program is at: one record of one shape for all kinds of programs, so that clients stay plain data. Each
// program says in its own file what its phases mean and which of the fields it uses.

import type { Recipe } from "../etcd/recipe.ts";

/** A lease that a program keeps alive, as etcd's `concurrency.Session` does. */
export interface Session {
  /** Decimal int64; `0`: none. */
  lease: string;
  ttlSeconds: number;
  /** When it is to be renewed, and when it is over as far as the client can tell. Client's clock, micros. */
  renewAtMicros: number;
  expiresAtMicros: number;
  /** The operation that grants or renews it; 0: none is under way. */
  asking: number;
  askedAtMicros: number;
  /** Nobody renews it any more: it is to run out. */
  lapses: boolean;
}

/** A program. */
export interface Task {
  /** Its number among the clients of its workload, from 0. */
  readonly index: number;
  phase: string;
  /** When it goes on by itself; 0: not before something is answered. */
  wakeAtMicros: number;
  /** The operation it waits for; 0: none. */
  asking: number;
  session: Session;
  recipe: Recipe | null;
  /** Its key, the create revision of that, and what it read last. */
  key: string;
  token: number;
  /** Revision of what a recipe was told last, by which it went on. */
  toldRevision: number;
  /** When it lets go of what it holds. */
  untilMicros: number;
  /** Rounds so far; and tries of the round. */
  rounds: number;
  tries: number;
  /** The operation number of its watch; 0: none. */
  watch: number;
  /** A program that keeps a copy: each key with the revision of its version, and the revision up to which the copy goes. */
  cache: Map<string, number>;
  cachedTo: number;
  /** Numbers that it read, by the position of their keys. */
  values: number[];
  revisions: number[];
}

/** A session without a lease. */
export function createSession(): Session {
  return {
    lease: "0",
    ttlSeconds: 0,
    renewAtMicros: 0,
    expiresAtMicros: 0,
    asking: 0,
    askedAtMicros: 0,
    lapses: false,
  };
}

/** A program that has not begun. */
export function createTask(index: number): Task {
  return {
    index,
    phase: "start",
    wakeAtMicros: 0,
    asking: 0,
    session: createSession(),
    recipe: null,
    key: "",
    token: 0,
    toldRevision: 0,
    untilMicros: 0,
    rounds: 0,
    tries: 0,
    watch: 0,
    cache: new Map(),
    cachedTo: 0,
    values: [],
    revisions: [],
  };
}

/** A copy that shares nothing that changes. */
export function cloneTask(task: Task): Task {
  return {
    ...task,
    session: { ...task.session },
    recipe: task.recipe === null ? null : { ...task.recipe },
    cache: new Map(task.cache),
    values: task.values.slice(),
    revisions: task.revisions.slice(),
  };
}
