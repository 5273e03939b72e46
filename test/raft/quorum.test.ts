import { expect, test } from "vitest";
import {
  INFINITE_INDEX,
  jointVote,
  majority,
  majorityIndex,
  majorityVote,
  VoteResult,
  voteResultName,
} from "../../src/raft/quorum.ts";

test("a majority is floor(n/2)+1 for 1 to 9 members", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(majority)).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5]);
});

test("three members commit what two of them have", () => {
  expect(majorityIndex([7, 12, 3], 3)).toBe(7);
});

test("an even number commits only what more than half have", () => {
  expect(majorityIndex([9, 9, 4, 4], 4)).toBe(4);
});

test("an empty half of a joint quorum decides everything", () => {
  expect(majorityIndex([], 0)).toBe(INFINITE_INDEX);
  expect(majorityVote(0, 0, 0)).toBe(VoteResult.Won);
});

test("a vote is pending while the missing answers can still win it", () => {
  expect(majorityVote(5, 2, 2)).toBe(VoteResult.Pending);
  expect(majorityVote(5, 2, 3)).toBe(VoteResult.Lost);
  expect(majorityVote(5, 3, 0)).toBe(VoteResult.Won);
  expect(majorityVote(4, 2, 2)).toBe(VoteResult.Lost);
});

test("a joint vote is lost with either half", () => {
  expect(jointVote(VoteResult.Won, VoteResult.Lost)).toBe(VoteResult.Lost);
  expect(jointVote(VoteResult.Won, VoteResult.Pending)).toBe(VoteResult.Pending);
  expect(voteResultName(jointVote(VoteResult.Won, VoteResult.Won))).toBe("VoteWon");
});
