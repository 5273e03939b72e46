// The built-in models by their names in the command line and in manifests.

import { mutexModel, queueModel, setModel, stackModel } from "./model/collection.ts";
import { etcdModel } from "./model/etcd.ts";
import type { CallModel } from "./model/register.ts";
import { registerModel } from "./model/register.ts";
import { stringsModel } from "./model/strings.ts";
import { listAppendModel, multiRegisterModel } from "./model/transaction.ts";
import type { Value } from "./value.ts";

/** First values: one for all, or (as a map) one for each key. */
export type Initial = Value | ReadonlyMap<string, Value>;

/** Names of the models that judge histories of calls and values, in the order they are listed to people. */
export const MODEL_NAMES: readonly string[] = [
  "register",
  "cas-register",
  "multi-register",
  "kv",
  "kv-cas",
  "set",
  "queue",
  "stack",
  "mutex",
  "list-append",
  "etcd",
];

const NO_KEYS: ReadonlyMap<string, Value> = new Map();

/** Whether the model `name` takes an initial value of this shape; others would be passed over in silence. */
export function beginsWith(name: string, initial: Initial): boolean {
  if (initial instanceof Map && initial.size === 0) return true;
  const byKey = initial instanceof Map;
  if (name === "list-append") return initial === null || (Array.isArray(initial) && initial.length === 0);
  if (name === "multi-register" || name === "etcd") return byKey || initial === null;
  return !byKey || name === "kv" || name === "kv-cas";
}

/** The model `name` beginning as `initial`, or undefined where there is none of that name. */
export function modelOf(name: string, initial: Initial): CallModel | undefined {
  const byKey = initial instanceof Map ? (initial as ReadonlyMap<string, Value>) : undefined;
  const one = byKey === undefined ? (initial as Value) : null;
  switch (name) {
    case "register":
    case "cas-register":
      return registerModel(name, one);
    case "kv-cas":
      return registerModel(name, one, byKey);
    case "kv":
      return stringsModel(one, byKey);
    case "set":
      return setModel(one);
    case "queue":
      return queueModel(one);
    case "stack":
      return stackModel(one);
    case "mutex":
      return mutexModel(one);
    case "multi-register":
      return multiRegisterModel(byKey ?? NO_KEYS);
    case "list-append":
      return listAppendModel();
    case "etcd":
      return etcdModel(byKey ?? NO_KEYS);
    default:
      return undefined;
  }
}
