/**
 * Requests and answers of etcd's Auth service, as immutable values.
 *
 * All of them go through the log, also those that only read. A password is hashed before it is proposed: the log and the
 * store never hold one. The hash stands in for bcrypt; nothing here is meant to keep a secret.
 */

import type { Permission } from "./auth-state.ts";
import { hashBytes, mix, mixBytes, scramble } from "./hash.ts";
import { RequestKind } from "./request-kind.ts";
import { bytesFieldSize, intFieldSize } from "./wire.ts";

/** The stand-in for bcrypt: never 0, so that 0 can mean "no password". */
export function hashPassword(password: string): number {
  return mixBytes(0x70617373, password) | 1;
}

/** Turns auth on. */
export class AuthEnableRequest {
  readonly kind: 10;
  readonly size: number;
  readonly hash: number;

  constructor() {
    this.kind = RequestKind.AuthEnable;
    this.size = 0;
    this.hash = scramble(RequestKind.AuthEnable);
  }
}

/** Turns auth off. */
export class AuthDisableRequest {
  readonly kind: 11;
  readonly size: number;
  readonly hash: number;

  constructor() {
    this.kind = RequestKind.AuthDisable;
    this.size = 0;
    this.hash = scramble(RequestKind.AuthDisable);
  }
}

/** Asks whether auth is on. */
export class AuthStatusRequest {
  readonly kind: 12;
  readonly size: number;
  readonly hash: number;

  constructor() {
    this.kind = RequestKind.AuthStatus;
    this.size = 0;
    this.hash = scramble(RequestKind.AuthStatus);
  }
}

/** Hands out a token. The password was checked before; the prefix was drawn by the member that proposes. */
export class AuthenticateRequest {
  readonly kind: 13;
  readonly name: string;
  readonly simpleToken: string;
  readonly size: number;
  readonly hash: number;

  constructor(name: string, simpleToken: string) {
    this.kind = RequestKind.Authenticate;
    this.name = name;
    this.simpleToken = simpleToken;
    this.size = bytesFieldSize(name.length) + bytesFieldSize(simpleToken.length);
    this.hash = scramble(mixBytes(mixBytes(RequestKind.Authenticate, name), simpleToken));
  }
}

/** Adds a user. */
export class AuthUserAddRequest {
  readonly kind: 14;
  readonly name: string;
  readonly passwordHash: number;
  readonly noPassword: boolean;
  readonly size: number;
  readonly hash: number;

  constructor(name: string, passwordHash: number, noPassword: boolean) {
    this.kind = RequestKind.AuthUserAdd;
    this.name = name;
    this.passwordHash = passwordHash;
    this.noPassword = noPassword;
    this.size = bytesFieldSize(name.length) + 60;
    this.hash = scramble(mix(mixBytes(RequestKind.AuthUserAdd, name), passwordHash) ^ (noPassword ? 1 : 0));
  }
}

/** Changes a user's password. */
export class AuthUserChangePasswordRequest {
  readonly kind: 18;
  readonly name: string;
  readonly passwordHash: number;
  readonly size: number;
  readonly hash: number;

  constructor(name: string, passwordHash: number) {
    this.kind = RequestKind.AuthUserChangePassword;
    this.name = name;
    this.passwordHash = passwordHash;
    this.size = bytesFieldSize(name.length) + 60;
    this.hash = scramble(mix(mixBytes(RequestKind.AuthUserChangePassword, name), passwordHash));
  }
}

/** The requests that name nothing or one thing: a user or a role; lists name nothing. */
export class AuthNameRequest {
  readonly kind: 15 | 16 | 17 | 21 | 22 | 23 | 24;
  /** User (delete, get) or role (add, delete, get). */
  readonly name: string;
  readonly size: number;
  readonly hash: number;

  constructor(kind: 15 | 16 | 17 | 21 | 22 | 23 | 24, name: string) {
    this.kind = kind;
    this.name = name;
    this.size = bytesFieldSize(name.length);
    this.hash = scramble(mix(hashBytes(name), kind));
  }
}

/** Gives a user a role, or takes it away. */
export class AuthUserRoleRequest {
  readonly kind: 19 | 20;
  readonly user: string;
  readonly role: string;
  readonly size: number;
  readonly hash: number;

  constructor(kind: 19 | 20, user: string, role: string) {
    this.kind = kind;
    this.user = user;
    this.role = role;
    this.size = bytesFieldSize(user.length) + bytesFieldSize(role.length);
    this.hash = scramble(mixBytes(mixBytes(kind, user), role));
  }
}

/** Gives a role a permission; `permission` is null when the request named none. */
export class AuthRoleGrantPermissionRequest {
  readonly kind: 25;
  readonly role: string;
  readonly permission: Permission | null;
  readonly size: number;
  readonly hash: number;

  constructor(role: string, permission: Permission | null) {
    this.kind = RequestKind.AuthRoleGrantPermission;
    this.role = role;
    this.permission = permission;
    const hash = mixBytes(RequestKind.AuthRoleGrantPermission, role);
    if (permission === null) {
      this.size = bytesFieldSize(role.length);
      this.hash = scramble(hash);
    } else {
      const { key, rangeEnd, permType } = permission;
      this.size = bytesFieldSize(role.length) + bytesFieldSize(key.length) + bytesFieldSize(rangeEnd.length) + 4;
      this.size += intFieldSize(permType);
      this.hash = scramble(mix(mixBytes(mixBytes(hash, key), rangeEnd), permType));
    }
  }
}

/** Takes the permission for exactly this range from a role. */
export class AuthRoleRevokePermissionRequest {
  readonly kind: 26;
  readonly role: string;
  readonly key: string;
  readonly rangeEnd: string;
  readonly size: number;
  readonly hash: number;

  constructor(role: string, key: string, rangeEnd: string) {
    this.kind = RequestKind.AuthRoleRevokePermission;
    this.role = role;
    this.key = key;
    this.rangeEnd = rangeEnd;
    this.size = bytesFieldSize(role.length) + bytesFieldSize(key.length) + bytesFieldSize(rangeEnd.length);
    this.hash = scramble(mixBytes(mixBytes(mixBytes(RequestKind.AuthRoleRevokePermission, role), key), rangeEnd));
  }
}

/** All requests of the Auth service. */
export type AuthRequest =
  | AuthEnableRequest
  | AuthDisableRequest
  | AuthStatusRequest
  | AuthenticateRequest
  | AuthUserAddRequest
  | AuthUserChangePasswordRequest
  | AuthNameRequest
  | AuthUserRoleRequest
  | AuthRoleGrantPermissionRequest
  | AuthRoleRevokePermissionRequest;

/** The answers that say no more than that it is done. */
export class AuthDoneResponse {
  readonly kind: 10 | 11 | 14 | 15 | 18 | 19 | 20 | 21 | 22 | 25 | 26;
  readonly revision: number;

  constructor(kind: 10 | 11 | 14 | 15 | 18 | 19 | 20 | 21 | 22 | 25 | 26, revision: number) {
    this.kind = kind;
    this.revision = revision;
  }
}

/** Answer to a status request. */
export class AuthStatusResponse {
  readonly kind: 12;
  readonly revision: number;
  readonly enabled: boolean;
  readonly authRevision: number;

  constructor(revision: number, enabled: boolean, authRevision: number) {
    this.kind = RequestKind.AuthStatus;
    this.revision = revision;
    this.enabled = enabled;
    this.authRevision = authRevision;
  }
}

/** Answer to an authentication: every member that applies it knows the token from then on. */
export class AuthenticateResponse {
  readonly kind: 13;
  readonly revision: number;
  readonly token: string;

  constructor(revision: number, token: string) {
    this.kind = RequestKind.Authenticate;
    this.revision = revision;
    this.token = token;
  }
}

/** A user's roles, all users, or all roles, by name. */
export class AuthNamesResponse {
  readonly kind: 16 | 17 | 24;
  readonly revision: number;
  readonly names: readonly string[];

  constructor(kind: 16 | 17 | 24, revision: number, names: readonly string[]) {
    this.kind = kind;
    this.revision = revision;
    this.names = names;
  }
}

/** A role's permissions. */
export class AuthRoleGetResponse {
  readonly kind: 23;
  readonly revision: number;
  readonly permissions: readonly Permission[];

  constructor(revision: number, permissions: readonly Permission[]) {
    this.kind = RequestKind.AuthRoleGet;
    this.revision = revision;
    this.permissions = permissions;
  }
}

/** All answers of the Auth service. */
export type AuthResponse =
  | AuthDoneResponse
  | AuthStatusResponse
  | AuthenticateResponse
  | AuthNamesResponse
  | AuthRoleGetResponse;
