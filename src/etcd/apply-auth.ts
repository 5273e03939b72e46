/**
 * What the commands of the Auth service do to a store.
 *
 * Every change raises the auth revision by one (turning auth on does not), and commands stamped with an older revision are
 * refused: that is how a right taken away also stops what is on its way. After etcd `auth/store.go`.
 */

import {
  AuthDoneResponse,
  type AuthenticateRequest,
  AuthenticateResponse,
  type AuthNameRequest,
  AuthNamesResponse,
  type AuthRequest,
  type AuthResponse,
  AuthRoleGetResponse,
  type AuthRoleGrantPermissionRequest,
  type AuthRoleRevokePermissionRequest,
  AuthStatusResponse,
  type AuthUserAddRequest,
  type AuthUserChangePasswordRequest,
  type AuthUserRoleRequest,
} from "./auth-api.ts";
import { type AuthInfo, hasRootRole, ROOT, refuseNonAdmin } from "./auth-check.ts";
import { AuthState, findRole, findUser, Permission, PermissionType, Role, User } from "./auth-state.ts";
import {
  ErrAuthFailed,
  ErrAuthNotEnabled,
  ErrInvalidAuthMgmt,
  ErrPermissionNotGiven,
  ErrPermissionNotGranted,
  ErrRoleAlreadyExist,
  ErrRoleEmpty,
  ErrRoleNotFound,
  ErrRoleNotGranted,
  ErrRootRoleNotExist,
  ErrRootUserNotExist,
  ErrUserAlreadyExist,
  ErrUserEmpty,
  ErrUserNotFound,
  type EtcdError,
} from "./error.ts";
import { RequestKind } from "./request-kind.ts";
import { addToDigest, type Store, takeFromDigest } from "./store.ts";

/** What role get shows for the root role, whatever was granted to it. */
const ROOT_PERMISSION: Permission = new Permission(PermissionType.READWRITE, "", "\0");

/** Applies an auth command in the name of `info`. `index` is the place of the command in the log: tokens carry it. */
export function applyAuth(store: Store, request: AuthRequest, info: AuthInfo, index: number): AuthResponse | EtcdError {
  switch (request.kind) {
    case RequestKind.AuthEnable:
      return enable(store);
    case RequestKind.AuthDisable:
      if (store.auth.enabled) replaceAuth(store, false, store.auth.users, store.auth.roles, 1);
      return new AuthDoneResponse(request.kind, store.revision);
    case RequestKind.AuthStatus:
      return new AuthStatusResponse(store.revision, store.auth.enabled, store.auth.revision);
    case RequestKind.Authenticate:
      return authenticate(store, request, index);
    case RequestKind.AuthUserAdd:
      return addUser(store, request);
    case RequestKind.AuthUserChangePassword:
      return changePassword(store, request);
    case RequestKind.AuthUserGrantRole:
      return grantRole(store, request);
    case RequestKind.AuthUserRevokeRole:
      return revokeRole(store, request);
    case RequestKind.AuthRoleGrantPermission:
      return grantPermission(store, request);
    case RequestKind.AuthRoleRevokePermission:
      return revokePermission(store, request);
    default:
      return applyNamed(store, request, info);
  }
}

function applyNamed(store: Store, request: AuthNameRequest, info: AuthInfo): AuthResponse | EtcdError {
  switch (request.kind) {
    case RequestKind.AuthUserDelete:
      return deleteUser(store, request.name);
    case RequestKind.AuthUserGet:
      return getUser(store, request.name, info);
    case RequestKind.AuthUserList:
      return new AuthNamesResponse(
        request.kind,
        store.revision,
        store.auth.users.map((user) => user.name),
      );
    case RequestKind.AuthRoleAdd:
      return addRole(store, request.name);
    case RequestKind.AuthRoleDelete:
      return deleteRole(store, request.name);
    case RequestKind.AuthRoleGet:
      return getRole(store, request.name, info);
    case RequestKind.AuthRoleList:
      return new AuthNamesResponse(
        request.kind,
        store.revision,
        store.auth.roles.map((role) => role.name),
      );
  }
}

function replaceAuth(
  store: Store,
  enabled: boolean,
  users: readonly User[],
  roles: readonly Role[],
  revisions: number,
): void {
  const before = store.auth;
  const after = new AuthState(enabled, before.revision + revisions, users, roles);
  takeFromDigest(store, before.digest, ~before.digest);
  addToDigest(store, after.digest, ~after.digest);
  store.auth = after;
}

/** The list with `item` in the place of the one of that name, or added, by name; without it when `item` is null. */
function withNamed<T extends { readonly name: string }>(list: readonly T[], name: string, item: T | null): T[] {
  const others = list.filter((other) => other.name !== name);
  if (item === null) return others;
  const at = others.findIndex((other) => other.name > name);
  others.splice(at === -1 ? others.length : at, 0, item);
  return others;
}

function saveUser(store: Store, name: string, user: User | null): void {
  replaceAuth(store, store.auth.enabled, withNamed(store.auth.users, name, user), store.auth.roles, 1);
}

function saveRole(store: Store, name: string, role: Role | null): void {
  replaceAuth(store, store.auth.enabled, store.auth.users, withNamed(store.auth.roles, name, role), 1);
}

function enable(store: Store): AuthResponse | EtcdError {
  if (!store.auth.enabled) {
    const root = findUser(store.auth, ROOT);
    if (root === undefined) return ErrRootUserNotExist;
    if (!hasRootRole(root)) return ErrRootRoleNotExist;
    replaceAuth(store, true, store.auth.users, store.auth.roles, 0);
  }
  return new AuthDoneResponse(RequestKind.AuthEnable, store.revision);
}

function authenticate(store: Store, request: AuthenticateRequest, index: number): AuthResponse | EtcdError {
  if (!store.auth.enabled) return ErrAuthNotEnabled;
  const user = findUser(store.auth, request.name);
  if (user === undefined || user.noPassword) return ErrAuthFailed;
  return new AuthenticateResponse(store.revision, `${request.simpleToken}.${index}`);
}

function addUser(store: Store, request: AuthUserAddRequest): AuthResponse | EtcdError {
  const { name } = request;
  if (name === "") return ErrUserEmpty;
  if (findUser(store.auth, name) !== undefined) return ErrUserAlreadyExist;
  const passwordHash = request.noPassword ? 0 : request.passwordHash;
  saveUser(store, name, new User(name, passwordHash, request.noPassword, []));
  return new AuthDoneResponse(request.kind, store.revision);
}

function deleteUser(store: Store, name: string): AuthResponse | EtcdError {
  if (store.auth.enabled && name === ROOT) return ErrInvalidAuthMgmt;
  if (findUser(store.auth, name) === undefined) return ErrUserNotFound;
  saveUser(store, name, null);
  return new AuthDoneResponse(RequestKind.AuthUserDelete, store.revision);
}

function changePassword(store: Store, request: AuthUserChangePasswordRequest): AuthResponse | EtcdError {
  const user = findUser(store.auth, request.name);
  if (user === undefined) return ErrUserNotFound;
  const passwordHash = user.noPassword ? 0 : request.passwordHash;
  saveUser(store, user.name, new User(user.name, passwordHash, user.noPassword, user.roles));
  return new AuthDoneResponse(request.kind, store.revision);
}

function grantRole(store: Store, request: AuthUserRoleRequest): AuthResponse | EtcdError {
  const user = findUser(store.auth, request.user);
  if (user === undefined) return ErrUserNotFound;
  if (request.role !== ROOT && findRole(store.auth, request.role) === undefined) return ErrRoleNotFound;
  if (!user.roles.includes(request.role)) {
    const roles = [...user.roles, request.role].sort();
    saveUser(store, user.name, new User(user.name, user.passwordHash, user.noPassword, roles));
  }
  return new AuthDoneResponse(RequestKind.AuthUserGrantRole, store.revision);
}

function withoutRole(user: User, role: string): User {
  const roles = user.roles.filter((name) => name !== role);
  return new User(user.name, user.passwordHash, user.noPassword, roles);
}

function revokeRole(store: Store, request: AuthUserRoleRequest): AuthResponse | EtcdError {
  if (store.auth.enabled && request.user === ROOT && request.role === ROOT) return ErrInvalidAuthMgmt;
  const user = findUser(store.auth, request.user);
  if (user === undefined) return ErrUserNotFound;
  if (!user.roles.includes(request.role)) return ErrRoleNotGranted;
  saveUser(store, user.name, withoutRole(user, request.role));
  return new AuthDoneResponse(RequestKind.AuthUserRevokeRole, store.revision);
}

function getUser(store: Store, name: string, info: AuthInfo): AuthResponse | EtcdError {
  const refusal = refuseNonAdmin(store.auth, info);
  if (refusal !== null && name !== info.username) return refusal;
  const user = findUser(store.auth, name);
  if (user === undefined) return ErrUserNotFound;
  return new AuthNamesResponse(RequestKind.AuthUserGet, store.revision, user.roles);
}

function addRole(store: Store, name: string): AuthResponse | EtcdError {
  if (name === "") return ErrRoleEmpty;
  if (findRole(store.auth, name) !== undefined) return ErrRoleAlreadyExist;
  saveRole(store, name, new Role(name, []));
  return new AuthDoneResponse(RequestKind.AuthRoleAdd, store.revision);
}

function deleteRole(store: Store, name: string): AuthResponse | EtcdError {
  if (store.auth.enabled && name === ROOT) return ErrInvalidAuthMgmt;
  if (findRole(store.auth, name) === undefined) return ErrRoleNotFound;
  const users = store.auth.users.map((user) => (user.roles.includes(name) ? withoutRole(user, name) : user));
  replaceAuth(store, store.auth.enabled, users, withNamed(store.auth.roles, name, null), 1);
  return new AuthDoneResponse(RequestKind.AuthRoleDelete, store.revision);
}

function getRole(store: Store, name: string, info: AuthInfo): AuthResponse | EtcdError {
  const refusal = refuseNonAdmin(store.auth, info);
  const own = findUser(store.auth, info.username)?.roles.includes(name) === true;
  if (refusal !== null && !own) return refusal;
  const role = findRole(store.auth, name);
  if (role === undefined) return ErrRoleNotFound;
  return new AuthRoleGetResponse(store.revision, name === ROOT ? [ROOT_PERMISSION] : role.permissions);
}

/** Whether a permission names at least one key: an end that is not above the key is no range, but for the open end. */
function isRange(key: string, rangeEnd: string): boolean {
  return key !== "" && (rangeEnd === "" || rangeEnd === "\0" || key < rangeEnd);
}

function grantPermission(store: Store, request: AuthRoleGrantPermissionRequest): AuthResponse | EtcdError {
  const { permission } = request;
  if (permission === null) return ErrPermissionNotGiven;
  const { key, rangeEnd } = permission;
  if (!isRange(key, rangeEnd)) return ErrInvalidAuthMgmt;
  const role = findRole(store.auth, request.role);
  if (role === undefined) return ErrRoleNotFound;
  // Only the first permission of this key is looked at, as etcd does: another range from the same key is added beside it.
  const first = role.permissions.findIndex((other) => other.key >= key);
  const permissions = [...role.permissions];
  const found = permissions[first];
  if (found !== undefined && found.key === key && found.rangeEnd === rangeEnd) permissions[first] = permission;
  else {
    const after = permissions.findIndex((other) => other.key > key);
    permissions.splice(after === -1 ? permissions.length : after, 0, permission);
  }
  saveRole(store, role.name, new Role(role.name, permissions));
  return new AuthDoneResponse(request.kind, store.revision);
}

function revokePermission(store: Store, request: AuthRoleRevokePermissionRequest): AuthResponse | EtcdError {
  const role = findRole(store.auth, request.role);
  if (role === undefined) return ErrRoleNotFound;
  const permissions = role.permissions.filter(
    (permission) => permission.key !== request.key || permission.rangeEnd !== request.rangeEnd,
  );
  if (permissions.length === role.permissions.length) return ErrPermissionNotGranted;
  saveRole(store, role.name, new Role(role.name, permissions));
  return new AuthDoneResponse(request.kind, store.revision);
}
