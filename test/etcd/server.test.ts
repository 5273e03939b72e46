import { describe, expect, it } from "vitest";
import {
  AlarmRequest,
  type AlarmResponse,
  AuthEnableRequest,
  AuthenticateResponse,
  AuthNameRequest,
  AuthUserRoleRequest,
  ClusterVersionSetRequest,
  CompactionRequest,
  DeleteRangeRequest,
  EtcdError,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  MemberAddRequest,
  MemberIdRequest,
  MemberUpdateRequest,
  PutRequest,
  RangeRequest,
  type Request,
  RequestKind,
} from "../../src/etcd/api.ts";
import { applyCommand } from "../../src/etcd/apply.ts";
import type { Answer, Call } from "../../src/etcd/call.ts";
import { AlarmType, ClusterMember } from "../../src/etcd/cluster-state.ts";
import { Command } from "../../src/etcd/command.ts";
import { answerGet } from "../../src/etcd/health.ts";
import { mayAdd, mayPromote, mayRemove, memberIdOf, validPeerUrls } from "../../src/etcd/reconfigure.ts";
import { becomeLeader, createServer, dueCommands, type Server } from "../../src/etcd/server.ts";
import { answerCall, applyAtOnce, isReleased, type PendingRecipe, serveRecipe } from "../../src/etcd/single-node.ts";
import { exportSnapshot, reopenAfterCompactionCrash, restoreSnapshot } from "../../src/etcd/snapshot.ts";
import { createStore, type StoreOptions } from "../../src/etcd/store.ts";
import { TOKEN_TTL_MICROS } from "../../src/etcd/tokens.ts";
import { compact, del, listing, must, planted, put } from "./vocabulary.ts";

const SECOND = 1_000_000;

function single(quotaBytes = 0, store: StoreOptions = {}): Server {
  const server = createServer({ memberId: "1", clusterName: "", quotaBytes, electionMicros: SECOND, store });
  applyAtOnce(server, new Command(new MemberAddRequest(new ClusterMember("1", "n1", ["http://p:1"], [], false))), 0);
  applyAtOnce(server, new Command(new ClusterVersionSetRequest("3.6.0")), 0);
  becomeLeader(server, 2, 0);
  return server;
}

const VIEW = { selfId: "1", connectedIds: ["1"], reachableIds: ["1"], caughtUpIds: ["1"] };

function ask(server: Server, call: Call, atMicros = 0, token: string | null = null) {
  return answerCall(server, call, token, atMicros, VIEW);
}

function send(server: Server, request: Request, atMicros = 0) {
  return ask(server, { call: "request", request }, atMicros);
}

function answered(answer: Answer | EtcdError | PendingRecipe): Answer {
  if (answer instanceof EtcdError) throw new Error(answer.message);
  if ("recipe" in answer) throw new Error("the call waits");
  return answer;
}

function waiting(answer: Answer | EtcdError | PendingRecipe): PendingRecipe {
  if (answer instanceof EtcdError || !("recipe" in answer)) throw new Error("the call does not wait");
  return answer;
}

describe("the space quota", () => {
  it("raises the alarm at the first put that does not fit; reads, deletes and compactions go on", () => {
    const server = single(100_000);
    answered(send(server, new PutRequest("a", "1")));
    expect(send(server, new PutRequest("b", "x".repeat(90_000)))).toMatchObject({ code: 8 });
    expect(send(server, new PutRequest("c", "1"))).toMatchObject({ code: 8 });
    expect(send(server, new LeaseGrantRequest("9", 60))).toMatchObject({ code: 8 });
    answered(send(server, new DeleteRangeRequest("a")));
    answered(send(server, new CompactionRequest(server.store.revision)));
    const disarmed = answered(send(server, new AlarmRequest(2, "1", AlarmType.NOSPACE))) as AlarmResponse;
    expect(disarmed.alarms).toHaveLength(1);
    answered(send(server, new PutRequest("c", "1")));
  });

  it("counts the file, which shrinks only when it is defragmented", () => {
    const server = single();
    for (let i = 0; i < 50; i++) answered(send(server, new PutRequest("a", "x".repeat(1000))));
    const full = server.fileBytes;
    answered(send(server, new CompactionRequest(server.store.revision)));
    expect(server.fileBytes).toBe(full);
    answered(ask(server, { call: "defragment" }));
    expect(server.fileBytes).toBeLessThan(full / 2);
  });

  it("with the planted bug is judged by each member while it applies", () => {
    const revisions = [false, true].map((overQuota) => {
      const server = single(0, { mutations: planted("quotaDecidedAtApply") });
      const command = new Command(new PutRequest("a", "1"));
      applyAtOnce(server, command, 0);
      const before = server.store.revision;
      const store = restoreSnapshot(exportSnapshot(server.store));
      const context = { index: 9, serving: true, overQuota };
      return [before, applyOutcome(store, command, context)];
    });
    expect(revisions).toEqual([
      [2, 3],
      [2, 2],
    ]);
  });
});

function applyOutcome(store: Server["store"], command: Command, context: Parameters<typeof applyCommand>[2]): number {
  applyCommand(store, command, context);
  return store.revision;
}

describe("a corrupt cluster", () => {
  it("serves reads and nothing that goes through the log", () => {
    const server = single();
    answered(send(server, new PutRequest("a", "1")));
    answered(send(server, new AlarmRequest(1, "1", AlarmType.CORRUPT)));
    answered(send(server, new RangeRequest("a")));
    for (const request of [new PutRequest("a", "2"), new DeleteRangeRequest("a"), new CompactionRequest(1)]) {
      expect(send(server, request)).toMatchObject({ code: 15 });
    }
    expect(answerGet(server, "/health", "")?.status).toBe(503);
    expect(answerGet(server, "/readyz", "")?.body).toContain("[-]data_corruption failed");
    expect(answerGet(server, "/livez?verbose", "")?.body).toBe("[+]serializable_read ok\nok\n");
  });
});

it("answers a GET where the gateway takes POSTs that it is not allowed", () => {
  const server = single();
  expect(answerGet(server, "/v3/kv/put", "")).toEqual({
    status: 501,
    body: '{"error":"Method Not Allowed","code":12,"message":"Method Not Allowed"}',
  });
  expect(answerGet(server, "/v3/watch?x=1", "")?.status).toBe(501);
  expect(answerGet(server, "/v3/kv/constructor", "")).toBeNull();
});

describe("a request", () => {
  it("above the limit is refused before it is proposed", () => {
    const server = single();
    const outcome = send(server, new PutRequest("a", "x".repeat(1_600_000)));
    expect(outcome).toMatchObject({ code: 3, message: "etcdserver: request is too large" });
    expect(server.store.revision).toBe(1);
  });
});

describe("a token", () => {
  it("stands for its user until it is not used for five minutes, or the password changes", () => {
    const server = single();
    const add = (name: string) =>
      ask(server, { call: "user-add", name, password: name, hashedPassword: "", noPassword: false });
    answered(add("root"));
    answered(ask(server, { call: "request", request: new AuthNameRequest(RequestKind.AuthRoleAdd, "root") }));
    answered(
      ask(server, { call: "request", request: new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, "root", "root") }),
    );
    answered(ask(server, { call: "request", request: new AuthEnableRequest() }));
    expect(ask(server, { call: "authenticate", name: "root", password: "x" })).toMatchObject({ code: 3 });
    const login = answered(ask(server, { call: "authenticate", name: "root", password: "root" }));
    const token = login instanceof AuthenticateResponse ? login.token : "";
    const read: Call = { call: "request", request: new RangeRequest("a") };
    answered(ask(server, read, TOKEN_TTL_MICROS - 1, token));
    answered(ask(server, read, 2 * TOKEN_TTL_MICROS - 2, token));
    expect(ask(server, read, 4 * TOKEN_TTL_MICROS, token)).toMatchObject({ code: 16 });
    expect(ask(server, read, 0, "invented")).toMatchObject({ code: 16 });
    expect(ask(server, read, 0)).toMatchObject({ message: "etcdserver: user name is empty" });
  });
});

describe("a lease on the leader", () => {
  it("is over in time, and its keys with it", () => {
    const server = single();
    answered(send(server, new LeaseGrantRequest("5", 3)));
    answered(send(server, new PutRequest("a", "1", "5")));
    answered(ask(server, { call: "lease-keep-alive", id: "5" }, 2 * SECOND));
    expect(dueCommands(server, 4 * SECOND)).toEqual([]);
    for (const command of dueCommands(server, 5 * SECOND)) applyAtOnce(server, command, 5 * SECOND);
    expect(listing(server.store)).toEqual([]);
    expect(answered(ask(server, { call: "lease-keep-alive", id: "5" }, 5 * SECOND))).toMatchObject({ ttlSeconds: 0 });
    expect(answered(ask(server, { call: "lease-time-to-live", id: "5", keys: true }))).toMatchObject({
      ttlSeconds: -1,
    });
  });
});

describe("a lock", () => {
  function scene(options: StoreOptions = {}) {
    const server = single(0, options);
    answered(send(server, new LeaseGrantRequest("16", 60)));
    answered(send(server, new LeaseGrantRequest("17", 60)));
    const first = answered(ask(server, { call: "lock", name: "l", lease: "16" }));
    const second = waiting(ask(server, { call: "lock", name: "l", lease: "17" }));
    return { server, first, second };
  }

  it("belongs to the first caller; the next one waits for the first one's key to go", () => {
    const { server, first, second } = scene();
    expect(first).toMatchObject({ key: "l/10", revision: 2 });
    expect(second.key).toBe("l/10");
    expect(isReleased(server.store, second)).toBe(false);
    answered(ask(server, { call: "unlock", key: "l/10" }));
    expect(isReleased(server.store, second)).toBe(true);
    expect(answered(serveRecipe(server, second, 0))).toMatchObject({ answer: "lock", key: "l/11", revision: 4 });
  });

  it("is not given to a caller whose lease ran out while he waited, but with the planted bug it is", () => {
    for (const bug of [false, true]) {
      const { server, second } = scene(bug ? { mutations: planted("lockLeaseUnchecked") } : {});
      answered(send(server, new LeaseRevokeRequest("17")));
      answered(ask(server, { call: "unlock", key: "l/10" }));
      const outcome = serveRecipe(server, second, 0);
      if (bug) expect(outcome).toMatchObject({ answer: "lock", key: "l/11" });
      else expect(outcome).toMatchObject({ code: 2, message: "mutex: session is expired" });
    }
  });

  it("can be taken again by its holder, and without a lease gets one of its own", () => {
    const { server, first } = scene();
    expect(answered(ask(server, { call: "lock", name: "l", lease: "16" }))).toMatchObject({ key: "l/10" });
    expect(first).toMatchObject({ key: "l/10" });
    answered(ask(server, { call: "lock", name: "free", lease: "0" }));
    expect(server.store.leases.size).toBe(3);
  });
});

describe("an election", () => {
  it("is won by the first candidate, who may proclaim until he resigns", () => {
    const server = single();
    answered(send(server, new LeaseGrantRequest("16", 60)));
    expect(ask(server, { call: "leader", name: "e" })).toMatchObject({ message: "election: no leader" });
    const won = answered(ask(server, { call: "campaign", name: "e", lease: "16", value: "v" }));
    if (!("answer" in won) || won.answer !== "campaign") throw new Error("the campaign was not answered");
    const { leader } = won;
    answered(ask(server, { call: "proclaim", leader, value: "w" }));
    expect(answered(ask(server, { call: "leader", name: "e" }))).toMatchObject({ kv: { value: "w" } });
    answered(ask(server, { call: "resign", leader }));
    expect(ask(server, { call: "proclaim", leader, value: "x" })).toMatchObject({
      code: 2,
      message: "election: not leader",
    });
    expect(ask(server, { call: "resign", leader: null })).toMatchObject({ code: 2 });
  });
});

describe("the members", () => {
  const learner = (id: string, url: string) => new MemberAddRequest(new ClusterMember(id, "", [url], [], true));

  it("are added, changed, promoted and removed; an id never comes back", () => {
    const { store } = single();
    must(store, learner("2", "http://p:2"));
    expect(outcomeOf(store, learner("3", "http://p:3"))).toContain("too many learner");
    expect(outcomeOf(store, learner("2", "http://p:9"))).toContain("member ID already exist");
    expect(outcomeOf(store, new MemberUpdateRequest("2", ["http://p:1"]))).toContain("Peer URLs already exists");
    must(store, new MemberIdRequest(RequestKind.MemberPromote, "2"));
    expect(outcomeOf(store, new MemberIdRequest(RequestKind.MemberPromote, "2"))).toContain(
      "can only promote a learner",
    );
    must(store, new MemberIdRequest(RequestKind.MemberRemove, "2"));
    expect(outcomeOf(store, learner("2", "http://p:2"))).toBe("etcdserver: member not found");
  });

  it("show in the digest", () => {
    const { store } = single();
    const { digestLow } = store;
    must(store, learner("2", "http://p:2"));
    expect(store.digestLow).not.toBe(digestLow);
    const { digestLow: added } = store;
    must(store, new MemberIdRequest(RequestKind.MemberRemove, "2"));
    // The id is spent: what a later addition answers depends on it.
    expect([digestLow, added]).not.toContain(store.digestLow);
  });

  it("change only when a quorum stays, started and connected", () => {
    const { store } = single();
    expect(mayAdd(store, VIEW, false)).toBeNull();
    must(store, new MemberAddRequest(new ClusterMember("2", "", ["http://p:2"], [], false)));
    expect(mayAdd(store, VIEW, false)?.message).toContain("not enough started members");
    expect(mayAdd(store, VIEW, true)?.message).toBe("etcdserver: unhealthy cluster");
    expect(mayRemove(store, VIEW, "1")?.message).toContain("not enough started members");
    expect(mayRemove(store, VIEW, "2")).toBeNull();
    expect(mayPromote(store, VIEW, "2")?.message).toContain("in sync with leader");
    expect(mayPromote(store, VIEW, "9")?.message).toBe("etcdserver: member not found");
  });

  it("get an id that depends on URLs, cluster and second", () => {
    const id = memberIdOf(["http://b:1", "http://a:1"], "c", 7);
    expect(memberIdOf(["http://a:1", "http://b:1"], "c", 7)).toBe(id);
    expect(memberIdOf(["http://a:1", "http://b:1"], "c", 8)).not.toBe(id);
    expect(BigInt(id) < 2n ** 64n).toBe(true);
  });

  it("have peer URLs with a host, a port and no path", () => {
    for (const url of ["http://h:1", "https://[::1]:2", "unix://x"]) expect(validPeerUrls([url])).toBe(true);
    for (const url of ["nonsense", "http://h", "ftp://h:1", "http://h:1/", "http://h:x", "http:// h:1"]) {
      expect(validPeerUrls([url])).toBe(false);
    }
    expect(validPeerUrls([])).toBe(false);
  });
});

function outcomeOf(store: Server["store"], request: Request): string {
  const outcome = applyCommand(store, new Command(request));
  return outcome instanceof EtcdError ? outcome.message : "";
}

describe("a member that crashed within a compaction", () => {
  it("keeps its revision, but with the planted bug takes numbers again that were given out", () => {
    for (const bug of [false, true]) {
      const store = createStore(bug ? { mutations: planted("revisionRegressesAfterCompactionCrash") } : {});
      put(store, "a", "1");
      put(store, "b", "1");
      del(store, "b");
      compact(store, 4);
      reopenAfterCompactionCrash(store, -1);
      expect(store.revision).toBe(bug ? 2 : 4);
    }
  });
});
