// Workload `auth`: a cluster that asks who you are. The first client of the workload sets it up (users, roles, rights, then auth
// itself) and now and then changes somebody's rights; the others log in and read and write what they may, and now and then what
// they may not. A token that is not known any more, or an auth revision that is old, makes a client log in again, as etcd's
// client does.

import {
  AuthDoneResponse,
  AuthEnableRequest,
  AuthenticateResponse,
  AuthNameRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthUserRoleRequest,
  ErrAuthOldRevision,
  ErrInvalidAuthToken,
  ErrUserEmpty,
  PutRequest,
  RangeRequest,
  type Request,
  RequestKind,
} from "../etcd/api.ts";
import { Permission, PermissionType } from "../etcd/auth-state.ts";
import type { Call } from "../etcd/call.ts";
import { prefixEnd } from "../etcd/recipe.ts";
import type { ClientResponse } from "../kernel/request.ts";
import {
  type Client,
  type ClientHost,
  type OpenOperation,
  type Outcome,
  submitBody,
  type WorkloadPlan,
} from "./client.ts";
import type { Driver } from "./drivers.ts";
import type { Task } from "./task.ts";

/** After a refusal it tries again after this long. */
const PAUSE_MICROS = 200_000;
/** The administrator changes somebody's rights about this often. */
const CHANGE_MICROS = 2_000_000;
/** A key outside of everybody's rights. */
const FORBIDDEN = "~forbidden";

const ADMIN = "root";
const USER = "user";
const ROLE = "worker";

function taskOf(client: Client): Task {
  return client.task as Task;
}

function addUser(name: string): Call {
  return { call: "user-add", name, password: name, hashedPassword: "", noPassword: false };
}

/** What the first client does to set it up, in order. */
function setup(plan: WorkloadPlan): readonly (Request | Call)[] {
  return [
    addUser(ADMIN),
    new AuthNameRequest(RequestKind.AuthRoleAdd, ADMIN),
    new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, ADMIN, ADMIN),
    addUser(USER),
    new AuthNameRequest(RequestKind.AuthRoleAdd, ROLE),
    grant(plan),
    new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, USER, ROLE),
    new AuthEnableRequest(),
  ];
}

function grant({ prefix }: WorkloadPlan): AuthRoleGrantPermissionRequest {
  return new AuthRoleGrantPermissionRequest(ROLE, new Permission(PermissionType.READWRITE, prefix, prefixEnd(prefix)));
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (task.asking !== 0 || host.clientMicros >= plan.untilMicros) return;
  if (task.index === 0 && task.phase === "start") {
    task.asking = submitBody(client, plan, host, "auth", setup(plan)[task.tries]);
    return;
  }
  if (client.token === null) {
    const name = task.index === 0 ? ADMIN : USER;
    const call: Call = { call: "authenticate", name, password: name };
    task.asking = submitBody(client, plan, host, "authenticate", call);
    return;
  }
  if (task.index === 0) change(client, plan, host);
  else use(client, plan, host);
}

/** The administrator takes a right away, or gives it. */
function change(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  task.rounds++;
  const { prefix } = plan;
  const body =
    task.rounds % 2 === 1 ? new AuthRoleRevokePermissionRequest(ROLE, prefix, prefixEnd(prefix)) : grant(plan);
  task.asking = submitBody(client, plan, host, "auth", body);
}

function use(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  task.rounds++;
  const draw = host.operationStream(client.id).below(16);
  const key = plan.keys[host.keyStream(client.id).below(plan.keys.length)] as string;
  if (draw === 0) task.asking = submitBody(client, plan, host, "put", new PutRequest(FORBIDDEN, "x"));
  else if (draw < 8) {
    task.asking = submitBody(client, plan, host, "put", new PutRequest(key, `${client.id}.${task.rounds}`));
  } else task.asking = submitBody(client, plan, host, "get", new RangeRequest(key));
}

function answered(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  open: OpenOperation,
  _outcome: Outcome,
  response: ClientResponse | null,
): void {
  const task = taskOf(client);
  if (open.operation !== task.asking) return;
  task.asking = 0;
  const body = response?.body ?? null;
  const error = response?.error ?? null;
  if (body instanceof AuthenticateResponse) client.token = body.token;
  else if (task.index === 0 && task.phase === "start") settle(task, plan, body, error?.message ?? "");
  else if (error !== null && wantsLogin(error.message)) client.token = null;
  let pause = response === null || error !== null ? PAUSE_MICROS : Math.max(1, plan.thinkMicros ?? 0);
  if (task.index === 0 && task.phase !== "start" && body instanceof AuthDoneResponse) pause = CHANGE_MICROS;
  task.wakeAtMicros = host.clientMicros + pause;
}

/** One step of setting up is done, or was done before by a request whose answer was lost. */
function settle(task: Task, plan: WorkloadPlan, body: unknown, message: string): void {
  const done = body !== null || message.includes("already exists");
  // With auth on, whoever brings no token is turned away: then all was done.
  const over = message === ErrUserEmpty.message;
  if (done) task.tries++;
  if (over || task.tries >= setup(plan).length) task.phase = "set up";
}

/** Refusals after which etcd's client fetches a new token. */
function wantsLogin(message: string): boolean {
  return (
    message === ErrInvalidAuthToken.message ||
    message === ErrAuthOldRevision.message ||
    message === ErrUserEmpty.message
  );
}

/** An administrator and users. */
export const AUTH: Driver = { wake, answered, watched: () => undefined };
