import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { replayThroughCluster } from "./recorded-cluster.ts";

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const folder = join(shared, "conformance", "etcd");
const present = existsSync(folder);
if (!present) console.info(`the recorded traces are not there (${folder}): they are not run`);
const names = present ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];

describe("a simulated cluster, asked over its network and through Raft", () => {
  for (const name of names) {
    it(`answers as a real etcd was recorded to: ${name}`, () => {
      expect(replayThroughCluster(readFileSync(join(folder, name), "utf8"))).toBeNull();
    });
  }

  it("answers a put and a read of our own, and lets a lease run out", () => {
    const steps = [
      '{"trace":"x","group":"x","etcd":"3.6","cluster":{"members":3,"flags":{}},"steps":5}',
      '{"n":1,"call":"/v3/lease/grant","request":{"ID":"5","TTL":"2"},"response":{"header":{"revision":"1"},"ID":"5","TTL":"2"}}',
      '{"n":2,"call":"/v3/kv/put","request":{"key":"YQ==","lease":"5"},"response":{"header":{"revision":"2"}}}',
      '{"n":3,"wait_ms":3500}',
      '{"n":4,"call":"/v3/kv/range","request":{"key":"YQ=="},"response":{"header":{"revision":"3"}}}',
    ];
    expect(replayThroughCluster(steps.join("\n"))).toBeNull();
  });
});
