import { expect, test } from "vitest";
import { AssertionError, assert, unreachable } from "../../src/kernel/assert.ts";
import { COUNTERS, CounterAt } from "../../src/kernel/counter.ts";
import { ClientRequest, ClientResponse, RequestError } from "../../src/kernel/request.ts";

test("an assertion that holds says nothing, one that fails says what we believed", () => {
  expect(() => assert(true, "never")).not.toThrow();
  expect(() => assert(false, "two leaders in our own table")).toThrow(
    new AssertionError("two leaders in our own table"),
  );
});

test("a case that was left out is our own mistake and is named", () => {
  expect(() => unreachable("surprise" as never)).toThrow(/left out: surprise/);
});

test("every counter stands at its own position", () => {
  expect(COUNTERS.map((name) => CounterAt[name])).toEqual(COUNTERS.map((_, at) => at));
  expect(new Set(COUNTERS).size).toBe(COUNTERS.length);
});

test("a response carries the number of the attempt that it answers", () => {
  const request = new ClientRequest(3, 14, 2, "body");
  const response = new ClientResponse(request, null, new RequestError(14, "unavailable", true), 0);
  expect([response.client, response.operation, response.attempt]).toEqual([3, 14, 2]);
});
