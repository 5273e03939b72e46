/**
 * One member's etcd: the replicated store and what is the member's own beside it, and what becomes of both when a command
 * is committed.
 *
 * Strictly apart: the outcome of a command is a pure function of state and command (`apply.ts`); watches, tokens, lease
 * times and the file only follow. What is done with a client's call is `admit.ts`, what the member answers by itself
 * `answer.ts`, and a cluster of one, with nothing between the call and its effect, `single-node.ts`.
 */

import type { Request, Response } from "./api.ts";
import { type ApplyContext, applyCommand } from "./apply.ts";
import { AuthenticateResponse } from "./auth-api.ts";
import { AuthInfo, NOBODY, ROOT } from "./auth-check.ts";
import { Command } from "./command.ts";
import { ErrInvalidAuthToken, ErrUserEmpty, EtcdError } from "./error.ts";
import { LeaseCheckpointRequest, LeaseRevokeRequest } from "./lease-api.ts";
import {
  createLeaseClock,
  dueCheckpoints,
  expiredLeases,
  type LeaseClock,
  leaseGranted,
  leaseRevoked,
  promoteClock,
} from "./lease-clock.ts";
import { sizeInUseBytes } from "./quota.ts";
import { RequestKind } from "./request-kind.ts";
import { createStore, type Store, type StoreOptions } from "./store.ts";
import { assignToken, createTokenTable, dropAllTokens, dropUserTokens, type TokenTable, useToken } from "./tokens.ts";
import { createWatchHub, notifyWatchers, type WatchHub } from "./watch-hub.ts";

/** What the modelled server calls itself. */
export const SERVER_VERSION = "3.6.16" as const;

/** How a member is set up. */
export interface ServerConfig {
  /** Decimal uint64. */
  readonly memberId: string;
  readonly clusterName: string;
  /** 0 stands for the default, a negative one for none. */
  readonly quotaBytes: number;
  /** A new leader adds this to what leases are due. */
  readonly electionMicros: number;
  readonly store: StoreOptions;
  /** Version of the member's program; absent: `SERVER_VERSION`. */
  readonly version?: string;
}

/** A member's etcd: the replicated store and what is the member's own. */
export interface Server {
  readonly config: ServerConfig;
  store: Store;
  tokens: TokenTable;
  leases: LeaseClock;
  hub: WatchHub;
  /** Size of the member's file: grows with what is retained, shrinks when it is defragmented. */
  fileBytes: number;
  /** Whom the member takes for the leader; `0` for nobody. Set by the host. */
  leaderId: string;
  raftTerm: number;
  commitIndex: number;
  appliedIndex: number;
  /** Server-chosen lease ids and token prefixes are counted from here. */
  nextId: number;
}

/** Milliseconds in an id, 40 bits, before they begin anew. */
const ID_MILLISECONDS = 0x10000000000;

/**
 * Where a member that starts at a time of its wall clock begins to count: 256 ids a millisecond on, so that it gives none a second
 * time that it gave before it stopped. After etcd `pkg/idutil/id.go`.
 */
export function firstIdAt(wallMicros: number): number {
  return (Math.floor(Math.max(0, wallMicros) / 1000) % ID_MILLISECONDS) * 256 + 1;
}

/** A member with an empty store that does not lead. */
export function createServer(config: ServerConfig): Server {
  const store = createStore(config.store);
  return {
    config,
    store,
    tokens: createTokenTable(),
    leases: createLeaseClock(),
    hub: createWatchHub(),
    fileBytes: sizeInUseBytes(store),
    leaderId: "0",
    raftTerm: 0,
    commitIndex: 0,
    appliedIndex: 0,
    nextId: 1,
  };
}

/** The member leads from now on (a single node does at once). */
export function becomeLeader(server: Server, term: number, nowMicros: number): void {
  server.leaderId = server.config.memberId;
  server.raftTerm = term;
  promoteClock(server.leases, server.store, nowMicros, server.config.electionMicros);
}

/** In whose name a call with this token comes; nobody when auth is off or no token was given. */
export function authOf(server: Server, token: string | null, nowMicros: number): AuthInfo | EtcdError {
  if (!server.store.auth.enabled || token === null) return NOBODY;
  const user = useToken(server.tokens, token, nowMicros);
  return user === null ? ErrInvalidAuthToken : new AuthInfo(user, server.store.auth.revision);
}

/** Refuses whoever brought no token while auth is on. */
export function refuseNobody(server: Server, info: AuthInfo): EtcdError | null {
  return server.store.auth.enabled && info.username === "" ? ErrUserEmpty : null;
}

/**
 * Applies a committed command and does what follows from it on this member: watches are told, tokens and lease times kept,
 * the file grows. Gives the outcome, for the client if this member serves it.
 */
export function applyCommitted(
  server: Server,
  command: Command,
  nowMicros: number,
  context: ApplyContext,
): Response | EtcdError {
  const { store } = server;
  const before = store.revision;
  const outcome = applyCommand(store, command, context);
  if (store.revision !== before) notifyWatchers(server.hub, store);
  if (outcome instanceof EtcdError) return outcome;
  followCommand(server, command.request, outcome, nowMicros);
  const inUse = sizeInUseBytes(store);
  if (inUse > server.fileBytes) server.fileBytes = inUse;
  return outcome;
}

/** What an applied command means for a member's tokens and lease times. */
export function followCommand(server: Server, request: Request, outcome: Response, nowMicros: number): void {
  switch (request.kind) {
    case RequestKind.LeaseGrant:
      leaseGranted(server.leases, server.store, request.id, nowMicros);
      break;
    case RequestKind.LeaseRevoke:
      leaseRevoked(server.leases, request.id);
      break;
    case RequestKind.Authenticate:
      if (outcome instanceof AuthenticateResponse) assignToken(server.tokens, outcome.token, request.name, nowMicros);
      break;
    case RequestKind.AuthUserDelete:
    case RequestKind.AuthUserChangePassword:
      dropUserTokens(server.tokens, request.name);
      break;
    case RequestKind.AuthDisable:
      dropAllTokens(server.tokens);
      break;
    default:
  }
}

/**
 * The commands that time makes due on a leader: revocations of leases that are over, and checkpoints. To be asked for once
 * in `EXPIRY_PERIOD_MICROS`. They are proposed in the name of root, so that auth does not stop them.
 */
export function dueCommands(server: Server, nowMicros: number): Command[] {
  if (!server.leases.primary) return [];
  const { auth } = server.store;
  const info = auth.enabled ? new AuthInfo(ROOT, auth.revision) : NOBODY;
  const commands = expiredLeases(server.leases, nowMicros).map((id) => new Command(new LeaseRevokeRequest(id), info));
  const checkpoints = dueCheckpoints(server.leases, server.store, nowMicros);
  if (checkpoints.length > 0) commands.push(new Command(new LeaseCheckpointRequest(checkpoints), info));
  return commands;
}
