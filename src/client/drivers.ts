// The programs that clients run, by kind of workload: what each does when it is woken, when an operation of its ends, and when
// something arrives on a watch.

import type { WatchResponse } from "../etcd/watch-api.ts";
import type { ClientResponse } from "../kernel/request.ts";
import { AUTH } from "./auth-program.ts";
import {
  type Client,
  type ClientHost,
  type OpenOperation,
  type Outcome,
  programOf,
  type WorkloadPlan,
} from "./client.ts";
import { INFORMER } from "./informer-program.ts";
import { LEASE } from "./lease-program.ts";
import { LOCK } from "./lock-program.ts";
import { STM } from "./stm-program.ts";
import { WATCH } from "./watch-program.ts";
import type { ClientWatch } from "./watching.ts";

/** What a kind of program does. */
export interface Driver {
  /** Its time has come (`Task.wakeAtMicros`). */
  wake(client: Client, plan: WorkloadPlan, host: ClientHost): void;
  /** An operation of its ended; `response` is null for silence. */
  answered(
    client: Client,
    plan: WorkloadPlan,
    host: ClientHost,
    open: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
  ): void;
  /** Events, a notice or a cancellation arrived on one of its watches. */
  watched(client: Client, plan: WorkloadPlan, host: ClientHost, watch: ClientWatch, response: WatchResponse): void;
}

/** The program of a workload. Precondition: it has one. */
export function driverOf(plan: WorkloadPlan): Driver {
  switch (programOf(plan).kind) {
    case "watch":
      return WATCH;
    case "lease":
      return LEASE;
    case "lock":
    case "election":
      return LOCK;
    case "auth":
      return AUTH;
    case "stm":
      return STM;
    default:
      return INFORMER;
  }
}
