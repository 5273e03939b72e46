import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runEtcdTrace } from "../../src/cli/conformance/etcd.ts";

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const folder = join(shared, "conformance", "etcd");
const present = existsSync(folder);
if (!present) console.info(`the recorded traces are not there (${folder}): they are not run`);
const names = present ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];

describe("the recorded traces of a real etcd", () => {
  it.runIf(present)("are there in number", () => {
    expect(names.length).toBeGreaterThan(20);
  });

  for (const name of names) {
    it(`are answered as recorded: ${name}`, () => {
      expect(runEtcdTrace(readFileSync(join(folder, name), "utf8"))).toBeNull();
    });
  }
});

describe("a trace of our own", () => {
  const head = '{"trace":"x","group":"x","etcd":"3.6","cluster":{"members":1,"flags":{}},"steps":1}';

  it("is told apart at its first difference", () => {
    const right = '{"n":1,"call":"/v3/kv/put","request":{"key":"YQ=="},"response":{"header":{"revision":"2"}}}';
    const wrong = '{"n":2,"call":"/v3/kv/put","request":{"key":"YQ=="},"response":{"header":{"revision":"4"}}}';
    expect(runEtcdTrace([head, right].join("\n"))).toBeNull();
    expect(runEtcdTrace([head, right, wrong].join("\n"))).toContain(
      'step 2 (/v3/kv/put): header.revision: expected "4", got "3"',
    );
  });

  it("expires leases while it waits", () => {
    const steps = [
      '{"n":1,"call":"/v3/lease/grant","request":{"ID":"5","TTL":"2"},"response":{"header":{"revision":"1"},"ID":"5","TTL":"2"}}',
      '{"n":2,"call":"/v3/kv/put","request":{"key":"YQ==","lease":"5"},"response":{"header":{"revision":"2"}}}',
      '{"n":3,"wait_ms":3000}',
      '{"n":4,"call":"/v3/kv/range","request":{"key":"YQ=="},"response":{"header":{"revision":"3"}}}',
    ];
    expect(runEtcdTrace([head, ...steps].join("\n"))).toBeNull();
  });
});
