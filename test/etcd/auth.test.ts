import { describe, expect, it } from "vitest";
import {
  AuthEnableRequest,
  AuthNameRequest,
  AuthRoleGrantPermissionRequest,
  AuthUserAddRequest,
  AuthUserRoleRequest,
  DeleteRangeRequest,
  EtcdError,
  hashPassword,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  RangeRequest,
  type Request,
  RequestKind,
  type Response,
  TxnRequest,
} from "../../src/etcd/api.ts";
import { applyCommand } from "../../src/etcd/apply.ts";
import { AuthInfo, refuseRange } from "../../src/etcd/auth-check.ts";
import { Permission, PermissionType } from "../../src/etcd/auth-state.ts";
import { Command } from "../../src/etcd/command.ts";
import { createStore, type Store } from "../../src/etcd/store.ts";
import { must, refused } from "./vocabulary.ts";

const { READ, WRITE, READWRITE } = PermissionType;

function grant(store: Store, role: string, type: number, key: string, end = "", as = "root"): void {
  mustAs(store, as, new AuthRoleGrantPermissionRequest(role, new Permission(type, key, end)));
}

/** A store with auth on; root may do all, alice has role `r`. */
function guarded(): Store {
  const store = createStore();
  must(store, new AuthUserAddRequest("root", hashPassword("secret"), false));
  must(store, new AuthNameRequest(RequestKind.AuthRoleAdd, "root"));
  must(store, new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, "root", "root"));
  must(store, new AuthUserAddRequest("alice", hashPassword("a"), false));
  must(store, new AuthNameRequest(RequestKind.AuthRoleAdd, "r"));
  must(store, new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, "alice", "r"));
  must(store, new AuthEnableRequest());
  return store;
}

function as(store: Store, user: string, request: Request): Response | EtcdError {
  return applyCommand(store, new Command(request, new AuthInfo(user, store.auth.revision)));
}

function mustAs(store: Store, user: string, request: Request): void {
  const outcome = as(store, user, request);
  if (outcome instanceof EtcdError) throw new Error(outcome.message);
}

function refusedAs(store: Store, user: string, request: Request): string {
  const outcome = as(store, user, request);
  return outcome instanceof EtcdError ? outcome.message : "";
}

const DENIED = "etcdserver: permission denied";

describe("turning auth on", () => {
  it("needs a root user with the root role", () => {
    const store = createStore();
    expect(refused(store, new AuthEnableRequest())).toBe("etcdserver: root user does not exist");
    must(store, new AuthUserAddRequest("root", 1, false));
    expect(refused(store, new AuthEnableRequest())).toBe("etcdserver: root user does not have root role");
  });

  it("shuts out whoever comes without a name", () => {
    const store = guarded();
    expect(refused(store, new PutRequest("a", "1"))).toBe("etcdserver: user name is empty");
    expect(refused(store, new AuthEnableRequest())).toBe("etcdserver: user name is empty");
  });
});

describe("a user", () => {
  it("may do what a role of his says, and nothing else", () => {
    const store = guarded();
    grant(store, "r", READ, "a", "c");
    grant(store, "r", WRITE, "k");
    mustAs(store, "alice", new RangeRequest("a", "c"));
    mustAs(store, "alice", new PutRequest("k", "1"));
    expect(refusedAs(store, "alice", new PutRequest("b", "1"))).toBe(DENIED);
    expect(refusedAs(store, "alice", new RangeRequest("k"))).toBe(DENIED);
    expect(refusedAs(store, "alice", new PutRequest("k", "1", "0", true))).toBe(DENIED);
    expect(refusedAs(store, "alice", new RangeRequest("a", "d"))).toBe(DENIED);
    expect(refusedAs(store, "alice", new RangeRequest("a", "\0"))).toBe(DENIED);
  });

  it("may use ranges that several permissions cover together without a gap", () => {
    const store = guarded();
    grant(store, "r", READWRITE, "a", "c");
    grant(store, "r", READ, "c", "e");
    mustAs(store, "alice", new RangeRequest("a", "e"));
    grant(store, "r", READ, "f", "\0");
    expect(refusedAs(store, "alice", new RangeRequest("a", "g"))).toBe(DENIED);
    grant(store, "r", READ, "e");
    expect(refusedAs(store, "alice", new RangeRequest("a", "g"))).toBe(DENIED);
    grant(store, "r", READ, "e", "f");
    mustAs(store, "alice", new RangeRequest("a", "\0"));
  });

  it("is refused a transaction if any part of it, in either branch, is not allowed", () => {
    const store = guarded();
    grant(store, "r", READWRITE, "a", "c");
    const inside = new PutRequest("a", "1");
    const outside = new DeleteRangeRequest("z");
    mustAs(store, "alice", new TxnRequest([], [inside], []));
    expect(refusedAs(store, "alice", new TxnRequest([], [inside], [outside]))).toBe(DENIED);
    expect(refusedAs(store, "alice", new TxnRequest([], [new TxnRequest([], [outside], [])], []))).toBe(DENIED);
  });

  it("may not revoke, nor put on, a lease that holds a key he may not write", () => {
    const store = guarded();
    grant(store, "r", READWRITE, "a", "c");
    mustAs(store, "root", new LeaseGrantRequest("5", 60));
    mustAs(store, "alice", new PutRequest("a", "1", "5"));
    mustAs(store, "root", new PutRequest("z", "1", "5"));
    expect(refusedAs(store, "alice", new PutRequest("b", "1", "5"))).toBe(DENIED);
    expect(refusedAs(store, "alice", new LeaseRevokeRequest("5"))).toBe(DENIED);
    mustAs(store, "root", new LeaseRevokeRequest("5"));
  });

  it("who is not an administrator sees himself and his roles only", () => {
    const store = guarded();
    mustAs(store, "alice", new AuthNameRequest(RequestKind.AuthUserGet, "alice"));
    mustAs(store, "alice", new AuthNameRequest(RequestKind.AuthRoleGet, "r"));
    expect(refusedAs(store, "alice", new AuthNameRequest(RequestKind.AuthUserGet, "root"))).toBe(DENIED);
    expect(refusedAs(store, "alice", new AuthNameRequest(RequestKind.AuthUserList, ""))).toBe(DENIED);
  });
});

describe("an auth change", () => {
  it("outdates every command that was stamped before it", () => {
    const store = guarded();
    grant(store, "r", READWRITE, "a", "c");
    const early = new Command(new PutRequest("a", "1"), new AuthInfo("alice", store.auth.revision));
    grant(store, "r", READ, "x");
    expect(applyCommand(store, early)).toMatchObject({ message: "etcdserver: revision of auth store is old" });
  });

  it("shows in the digest, and its undoing does not, but for the auth revision", () => {
    const store = guarded();
    const before = store.digestLow;
    grant(store, "r", READ, "a");
    expect(store.digestLow).not.toBe(before);
    const { digestLow, digestHigh } = store;
    const again = guarded();
    grant(again, "r", READ, "a");
    expect([again.digestLow, again.digestHigh]).toEqual([digestLow, digestHigh]);
  });

  it("cannot take root's own rights while auth is on", () => {
    const store = guarded();
    const invalid = "etcdserver: invalid auth management";
    expect(refusedAs(store, "root", new AuthNameRequest(RequestKind.AuthUserDelete, "root"))).toBe(invalid);
    expect(refusedAs(store, "root", new AuthNameRequest(RequestKind.AuthRoleDelete, "root"))).toBe(invalid);
    const revoke = new AuthUserRoleRequest(RequestKind.AuthUserRevokeRole, "root", "root");
    expect(refusedAs(store, "root", revoke)).toBe(invalid);
  });

  it("that deletes a role takes it from all its users", () => {
    const store = guarded();
    grant(store, "r", READ, "a");
    mustAs(store, "root", new AuthNameRequest(RequestKind.AuthRoleDelete, "r"));
    expect(refuseRange(store.auth, new AuthInfo("alice", store.auth.revision), "a", "")?.message).toBe(DENIED);
  });
});
