/**
 * Users, roles and permissions as replicated data: one immutable value that every change replaces.
 *
 * Lists are sorted by name, permissions by key and range end, as etcd keeps them in its buckets. Auth changes are rare
 * and small, so a change costs a copy. Who may do what is `auth-check.ts`, the commands are `apply-auth.ts`.
 */

import { mix, mixBytes, mixList, scramble } from "./hash.ts";

/** `authpb.Permission.Type`. */
export const PermissionType = { READ: 0, WRITE: 1, READWRITE: 2 } as const;

/** The right to read, write or both, one key or a range of keys. */
export class Permission {
  readonly permType: number;
  readonly key: string;
  readonly rangeEnd: string;

  constructor(permType: number, key: string, rangeEnd: string) {
    this.permType = permType;
    this.key = key;
    this.rangeEnd = rangeEnd;
  }
}

/** A named set of permissions. */
export class Role {
  readonly name: string;
  readonly permissions: readonly Permission[];

  constructor(name: string, permissions: readonly Permission[]) {
    this.name = name;
    this.permissions = permissions;
  }
}

/** A user; `passwordHash` 0 for one without a password. */
export class User {
  readonly name: string;
  readonly passwordHash: number;
  readonly noPassword: boolean;
  readonly roles: readonly string[];

  constructor(name: string, passwordHash: number, noPassword: boolean, roles: readonly string[]) {
    this.name = name;
    this.passwordHash = passwordHash;
    this.noPassword = noPassword;
    this.roles = roles;
  }
}

/** Everything that auth decides by. `revision` starts at 1 and counts changes. */
export class AuthState {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
  readonly digest: number;

  constructor(enabled: boolean, revision: number, users: readonly User[], roles: readonly Role[]) {
    this.enabled = enabled;
    this.revision = revision;
    this.users = users;
    this.roles = roles;
    let hash = mix(enabled ? 1 : 0, revision);
    for (const user of users) {
      hash = mixList(mix(mixBytes(hash, user.name), user.passwordHash + (user.noPassword ? 1 : 0)), user.roles);
    }
    for (const role of roles) {
      hash = mixBytes(hash, role.name);
      for (const permission of role.permissions) {
        hash = mixBytes(mixBytes(mix(hash, permission.permType), permission.key), permission.rangeEnd);
      }
    }
    this.digest = scramble(hash);
  }
}

/** Auth off, no users, no roles. */
export function createAuthState(): AuthState {
  return EMPTY;
}

const EMPTY: AuthState = new AuthState(false, 1, [], []);

/** The user of that name; undefined when there is none. */
export function findUser(auth: AuthState, name: string): User | undefined {
  return auth.users.find((user) => user.name === name);
}

/** The role of that name; undefined when there is none. */
export function findRole(auth: AuthState, name: string): Role | undefined {
  return auth.roles.find((role) => role.name === name);
}
