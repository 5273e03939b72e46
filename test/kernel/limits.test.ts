import { expect, test } from "vitest";
import * as limits from "../../src/kernel/limits.ts";
import {
  clientRank,
  LINK_STRIDE,
  linkRank,
  memberRank,
  RANKS,
  requestRank,
  responseRank,
  TIMETABLE_RANK,
} from "../../src/kernel/rank.ts";

test("every limit is a whole number above zero that arithmetic keeps exact", () => {
  for (const [name, limit] of Object.entries(limits)) {
    expect(Number.isSafeInteger(limit), name).toBe(true);
    expect(limit, name).toBeGreaterThan(0);
  }
});

test("99 members fit into a cluster, and more have been members in its time", () => {
  expect(limits.MEMBERS_MAX).toBe(99);
  expect(limits.MEMBER_ID_MAX).toBeGreaterThan(limits.MEMBERS_MAX);
});

test("a run's steps times its virtual time stay far below what a number holds exactly", () => {
  expect(limits.MICROS_MAX).toBeLessThan(2 ** 53 / 100);
  expect(limits.QUEUE_MAX).toBeLessThan(limits.STEPS_MAX_DEFAULT);
});

test("a checkpoint is taken every 1,024 events, as artifacts promise", () => {
  expect(limits.CHECKPOINT_EVENTS).toBe(1024);
});

test("no two sources share a rank, and all ranks lie in the table", () => {
  const ranks: number[] = [TIMETABLE_RANK];
  for (let from = 1; from <= limits.MEMBER_ID_MAX; from++) {
    ranks.push(memberRank(from));
    for (let to = 1; to <= limits.MEMBER_ID_MAX; to++) ranks.push(linkRank(from, to));
  }
  for (let client = 0; client <= limits.CLIENTS_MAX; client++) {
    ranks.push(clientRank(client), requestRank(client), responseRank(client));
  }
  expect(new Set(ranks).size).toBe(ranks.length);
  expect(Math.max(...ranks)).toBeLessThan(RANKS);
  expect(Math.min(...ranks)).toBe(0);
});

test("faults come before members, members before links, links before clients", () => {
  expect(TIMETABLE_RANK).toBeLessThan(memberRank(1));
  expect(memberRank(limits.MEMBER_ID_MAX)).toBeLessThan(linkRank(1, 1));
  expect(linkRank(limits.MEMBER_ID_MAX, limits.MEMBER_ID_MAX)).toBeLessThan(clientRank(0));
  expect(LINK_STRIDE).toBeGreaterThan(limits.MEMBER_ID_MAX);
});
