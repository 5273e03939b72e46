/** What a member refuses must be what the model of all that was applied would refuse. */

import { expect, test } from "vitest";
import { createGhost } from "../../src/checker/ghost.ts";
import { noteFirstApplied } from "../../src/checker/kv-checks.ts";
import { createLease } from "../../src/checker/lease-checks.ts";
import {
  CompactionRequest,
  ErrCompacted,
  ErrFutureRevision,
  ErrLeaseExist,
  ErrLeaseNotFound,
  type EtcdError,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  type Request,
} from "../../src/etcd/api.ts";
import { NOBODY } from "../../src/etcd/auth-check.ts";
import { Command } from "../../src/member/command.ts";

/** What is found when a request is refused so, where lease 7 lives, and of ten revisions five are compacted. */
function found(request: Request, refusal: EtcdError): string[] {
  const ghost = createGhost();
  ghost.leases.set("7", createLease(60));
  ghost.modelRevision = 10;
  ghost.modelCompacted = 5;
  const texts: string[] = [];
  const out = {
    report: (property: string, _members: readonly number[], text: string) => texts.push(`${property}: ${text}`),
  };
  noteFirstApplied(ghost, out as never, 1, 3, new Command(request, NOBODY, 1, 1, 1, 1, 1, 1), refusal);
  return texts;
}

test.each([
  ["a put under a lease that lives", new PutRequest("a", "1", "7"), ErrLeaseNotFound, new PutRequest("a", "1", "8")],
  ["the end of a lease that lives", new LeaseRevokeRequest("7"), ErrLeaseNotFound, new LeaseRevokeRequest("8")],
  ["a lease that is new", new LeaseGrantRequest("8", 5), ErrLeaseExist, new LeaseGrantRequest("7", 5)],
  ["a compaction above the last", new CompactionRequest(6), ErrCompacted, new CompactionRequest(5)],
  ["a compaction of what was reached", new CompactionRequest(10), ErrFutureRevision, new CompactionRequest(11)],
])("%s is not refused", (_what, wrong, refusal, right) => {
  expect(found(wrong, refusal)).toHaveLength(1);
  expect(found(right, refusal)).toEqual([]);
});
