// Who may write what, replayed from the commands about users and roles: a put that was carried out must have been allowed at its
// place in the log, and none may be while the database is known to be full. Nothing is shared with the code that decides it.

import { type PutRequest, type Request, RequestKind } from "../etcd/api.ts";
import type { AuthInfo } from "../etcd/auth-check.ts";
import type { Store } from "../etcd/store.ts";
import type { Ghost, RightsGhost } from "./ghost.ts";
import type { Findings } from "./violation.ts";

type Grant = { readonly permType: number; readonly key: string; readonly rangeEnd: string };

const WRITES: readonly number[] = [1, 2];
const NO_SPACE = 1;
const ACTIVATE = 1;
const DEACTIVATE = 2;

/** A new cluster begins with this state: its users, roles and alarms are the backup's. */
export function seedRights(rights: RightsGhost, { auth, alarms }: Store): void {
  rights.enabled = auth.enabled;
  for (const { name, roles } of auth.users) rights.users.set(name, roles);
  for (const { name, permissions } of auth.roles) rights.roles.set(name, permissions);
  rights.full = alarms.filter(({ alarm }) => alarm === NO_SPACE).map(({ memberId }) => memberId);
}

/** A command about users, roles or alarms was carried out for the first time. */
export function noteRights(rights: RightsGhost, request: Request): void {
  switch (request.kind) {
    case RequestKind.AuthEnable:
      rights.enabled = true;
      break;
    case RequestKind.AuthDisable:
      rights.enabled = false;
      break;
    case RequestKind.AuthUserAdd:
      rights.users.set(request.name, []);
      break;
    case RequestKind.AuthUserDelete:
      rights.users.delete(request.name);
      break;
    case RequestKind.AuthUserGrantRole:
      rights.users.set(request.user, [...(rights.users.get(request.user) ?? []), request.role]);
      break;
    case RequestKind.AuthUserRevokeRole: {
      const roles = rights.users.get(request.user) ?? [];
      rights.users.set(
        request.user,
        roles.filter((role) => role !== request.role),
      );
      break;
    }
    case RequestKind.AuthRoleDelete:
      rights.roles.delete(request.name);
      for (const [user, roles] of rights.users) {
        rights.users.set(
          user,
          roles.filter((role) => role !== request.name),
        );
      }
      break;
    case RequestKind.AuthRoleGrantPermission: {
      const { permission } = request;
      if (permission === null) break;
      const others = grantsOf(rights, request.role, permission.key, permission.rangeEnd);
      rights.roles.set(request.role, [...others, permission]);
      break;
    }
    case RequestKind.AuthRoleRevokePermission:
      rights.roles.set(request.role, grantsOf(rights, request.role, request.key, request.rangeEnd));
      break;
    case RequestKind.Alarm: {
      if (request.alarm !== NO_SPACE) break;
      const others = rights.full.filter((member) => member !== request.memberId);
      if (request.action === ACTIVATE) rights.full = [...others, request.memberId];
      else if (request.action === DEACTIVATE) rights.full = others;
      break;
    }
    default:
  }
}

/** The grants of a role but the one of that range. */
function grantsOf(rights: RightsGhost, role: string, key: string, end: string): readonly Grant[] {
  return (rights.roles.get(role) ?? []).filter((grant) => grant.key !== key || grant.rangeEnd !== end);
}

/** A put was carried out in that name, for the first time. */
export function checkRights(ghost: Ghost, out: Findings, member: number, put: PutRequest, info: AuthInfo): void {
  const { rights } = ghost;
  if (rights.full.length > 0) {
    out.report("linearizability", [member], `n${member} wrote ${put.key} while the alarm says that there is no space`);
  }
  if (!rights.enabled) return;
  const roles = rights.users.get(info.username) ?? [];
  if (
    roles.includes("root") ||
    roles.some((role) => (rights.roles.get(role) ?? []).some((one) => allows(one, put.key)))
  )
    return;
  const who = info.username === "" ? "nobody in particular" : `user ${info.username}`;
  out.report(
    "linearizability",
    [member],
    `n${member} wrote ${put.key} for ${who}, who may not at that place in the log`,
  );
}

function allows(grant: Grant, key: string): boolean {
  if (!WRITES.includes(grant.permType)) return false;
  if (grant.rangeEnd === "") return grant.key === key;
  return key >= grant.key && (grant.rangeEnd === "\0" || key < grant.rangeEnd);
}
