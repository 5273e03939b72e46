import { describe, expect, it } from "vitest";
import {
  LeaseCheckpoint,
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  type LeaseGrantResponse,
  LeaseRevokeRequest,
} from "../../src/etcd/api.ts";
import { applyRequest } from "../../src/etcd/apply.ts";
import {
  createLeaseClock,
  demoteClock,
  dueCheckpoints,
  expiredLeases,
  leaseGranted,
  promoteClock,
  remainingMicros,
  renewLease,
} from "../../src/etcd/lease-clock.ts";
import { changesAt, createStore, type Store } from "../../src/etcd/store.ts";
import { del, listing, must, planted, put, refused } from "./vocabulary.ts";

const SECOND = 1_000_000;

function withLease(seconds: number, id = "5"): Store {
  const store = createStore();
  must(store, new LeaseGrantRequest(id, seconds));
  return store;
}

describe("a lease", () => {
  it("gets at least the least TTL, and none beyond the longest", () => {
    const store = createStore();
    expect(must<LeaseGrantResponse>(store, new LeaseGrantRequest("-3", 0)).ttlSeconds).toBe(2);
    expect(refused(store, new LeaseGrantRequest("4", 9_000_000_001))).toBe("etcdserver: too large lease TTL");
    expect(refused(store, new LeaseGrantRequest("-3", 60))).toBe("etcdserver: lease already exists");
  });

  it("takes its keys with it, in key order and in one revision", () => {
    const store = withLease(60);
    put(store, "b", "1", "5");
    put(store, "a", "1", "5");
    put(store, "c", "1");
    must(store, new LeaseRevokeRequest("5"));
    expect(changesAt(store, 5).map((kv) => kv.key)).toEqual(["a", "b"]);
    expect(listing(store)).toEqual(["c=1"]);
    expect(refused(store, new LeaseRevokeRequest("5"))).toBe("etcdserver: requested lease not found");
  });

  it("without keys goes without a revision", () => {
    const store = withLease(60);
    must(store, new LeaseRevokeRequest("5"));
    expect(store.revision).toBe(1);
  });

  it("loses a key that is put without it or deleted", () => {
    const store = withLease(60);
    for (const key of ["a", "b", "c"]) put(store, key, "1", "5");
    put(store, "a", "2");
    del(store, "b");
    expect(store.leases.get("5")?.keys).toEqual(["c"]);
  });

  it("leaves nothing in the digest once it is gone with its keys", () => {
    const plain = createStore();
    put(plain, "a", "1");
    del(plain, "a");
    const leased = withLease(60);
    put(leased, "a", "1", "5");
    must(leased, new LeaseRevokeRequest("5"));
    expect([leased.digestLow, leased.digestHigh]).toEqual([plain.digestLow, plain.digestHigh]);
  });
});

describe("the leader's clock", () => {
  it("finds a lease over when its time has passed, and not before", () => {
    const store = createStore();
    const clock = createLeaseClock();
    promoteClock(clock, store, 0, 0);
    must(store, new LeaseGrantRequest("5", 10));
    leaseGranted(clock, store, "5", 0);
    expect(expiredLeases(clock, 10 * SECOND - 1)).toEqual([]);
    expect(expiredLeases(clock, 10 * SECOND)).toEqual(["5"]);
  });

  it("starts a renewed lease over, and does not renew one that is over", () => {
    const store = withLease(10);
    const clock = createLeaseClock();
    promoteClock(clock, store, 0, 0);
    expect(renewLease(clock, store, "5", 9 * SECOND)).toBe(10);
    expect(remainingMicros(clock, "5", 9 * SECOND)).toBe(10 * SECOND);
    expect(renewLease(clock, store, "5", 19 * SECOND)).toBe(0);
    expect(renewLease(clock, store, "404", 0)).toBe(0);
  });

  it("is no one's but the leader's", () => {
    const store = withLease(10);
    const clock = createLeaseClock();
    expect(renewLease(clock, store, "5", 0)).toBeNull();
    promoteClock(clock, store, 0, 0);
    demoteClock(clock);
    expect(expiredLeases(clock, 100 * SECOND)).toEqual([]);
  });

  it("of a new leader starts leases at their full TTL and an election timeout more", () => {
    const store = withLease(10);
    const clock = createLeaseClock();
    promoteClock(clock, store, 8 * SECOND, SECOND);
    expect(remainingMicros(clock, "5", 8 * SECOND)).toBe(11 * SECOND);
  });

  it("tells the others what is left of long leases, and a new leader goes by that", () => {
    const store = withLease(1000);
    const clock = createLeaseClock();
    promoteClock(clock, store, 0, 0);
    expect(dueCheckpoints(clock, store, 299 * SECOND)).toEqual([]);
    const due = dueCheckpoints(clock, store, 300 * SECOND);
    expect(due).toEqual([new LeaseCheckpoint("5", 700)]);
    applyRequest(store, new LeaseCheckpointRequest(due));
    const next = createLeaseClock();
    promoteClock(next, store, 0, 0);
    expect(remainingMicros(next, "5", 0)).toBe(700 * SECOND);
  });

  it("with the planted bug forgets the checkpoints at every change of leaders", () => {
    const store = createStore({ mutations: planted("leaseTtlResetOnLeaderChange") });
    must(store, new LeaseGrantRequest("5", 1000));
    must(store, new LeaseCheckpointRequest([new LeaseCheckpoint("5", 3)]));
    const clock = createLeaseClock();
    promoteClock(clock, store, 0, 0);
    expect(remainingMicros(clock, "5", 0)).toBe(1000 * SECOND);
  });
});
