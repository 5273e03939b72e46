import { expect, test } from "vitest";
import type { RaftEnv } from "../../src/raft/config.ts";
import { createEntry, type Entry } from "../../src/raft/entry.ts";
import {
  appendEntries,
  COMPACTED,
  chainAt,
  cloneLog,
  compactLog,
  createLog,
  entriesBetween,
  entriesLimited,
  entryAt,
  findConflictByTerm,
  firstIndex,
  matchTerm,
  type RaftLog,
  stableTo,
  termAt,
} from "../../src/raft/log.ts";
import { fc } from "../properties.ts";

const env: RaftEnv = {
  electionTimeout: (_id, electionTicks) => electionTicks,
  logger: null,
  violation: (text) => {
    throw new Error(text);
  },
};

/** A log as a plain array from index 1, and how far it is compacted. */
interface Twin {
  entries: Entry[];
  compacted: number;
  stable: number;
}

interface Operation {
  readonly kind: "append" | "truncate" | "compact" | "stable" | "commit" | "clone";
  readonly size: number;
  readonly at: number;
}

// Sizes around multiples of 128, where chunks begin and end, come up often.
const size = fc.oneof(fc.nat(5), fc.constantFrom(126, 127, 128, 129, 255, 256, 257));
const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom("append", "append", "truncate", "compact", "stable", "commit", "clone"),
  size,
  at: fc.nat(1000),
});

function fresh(previous: Entry | undefined, term: number): Entry {
  return createEntry((previous?.index ?? 0) + 1, term, 0, null, previous?.chain ?? 0);
}

function same(log: RaftLog, twin: Twin): void {
  const last = twin.entries.length;
  expect(log.last).toBe(last);
  expect(firstIndex(log)).toBe(twin.compacted + 1);
  expect(log.unstableOffset).toBe(twin.stable + 1);
  for (const index of [twin.compacted - 1, twin.compacted, twin.compacted + 1, 127, 128, 129, 256, last, last + 1]) {
    if (index < 0) continue;
    const expected =
      index < twin.compacted ? COMPACTED : index === 0 || index > last ? 0 : twin.entries[index - 1]!.term;
    expect(termAt(log, index)).toBe(expected);
    if (index >= Math.max(twin.compacted, 1) && index <= last) {
      expect(chainAt(log, index)).toBe(twin.entries[index - 1]!.chain);
    }
    if (index > twin.compacted && index <= last) expect(entryAt(log, index)).toBe(twin.entries[index - 1]);
  }
  expect(entriesBetween(log, twin.compacted + 1, last + 1)).toEqual(twin.entries.slice(twin.compacted));
}

test("the chunked log is the plain array under any order of appends, truncations, compactions and clones", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      let log = createLog(null, [], Number.MAX_SAFE_INTEGER);
      const twin: Twin = { entries: [], compacted: 0, stable: 0 };
      let abandoned: { log: RaftLog; twin: Twin } | null = null;
      let term = 1;
      for (const { kind, size: count, at } of operations) {
        const last = twin.entries.length;
        if (kind === "append" || kind === "truncate") {
          const low = Math.max(log.committed, twin.compacted);
          const from = kind === "append" ? last : low + (at % (last - low + 1));
          if (kind === "truncate") term++;
          const kept = twin.entries.slice(0, from);
          const added: Entry[] = [];
          for (let k = 0; k < count + 1; k++) added.push(fresh(added.at(-1) ?? kept.at(-1), term));
          appendEntries(log, added, 0, env);
          twin.entries = [...kept, ...added];
          twin.stable = Math.min(twin.stable, from);
        } else if (kind === "stable" && last > twin.stable) {
          const index = twin.stable + 1 + (at % (last - twin.stable));
          stableTo(log, index, twin.entries[index - 1]!.term, env);
          twin.stable = index;
        } else if (kind === "commit" && twin.stable > log.committed) {
          log.committed = log.applying = log.applied = twin.stable;
        } else if (kind === "compact" && log.applied > twin.compacted) {
          const index = twin.compacted + 1 + (at % (log.applied - twin.compacted));
          expect(compactLog(log, index)).toBe(null);
          twin.compacted = index;
        } else if (kind === "clone") {
          // The original goes on; the clone must not move. Then they change places.
          const copy = cloneLog(log);
          if (abandoned !== null) same(abandoned.log, abandoned.twin);
          abandoned = { log, twin: { ...twin, entries: twin.entries.slice() } };
          log = copy;
        }
        same(log, twin);
        if (abandoned !== null) same(abandoned.log, abandoned.twin);
      }
    }),
    { numRuns: 300 },
  );
});

test("a truncation in the middle of a shared full chunk leaves the clone as it was", () => {
  const log = createLog(null, [], Number.MAX_SAFE_INTEGER);
  const entries: Entry[] = [];
  for (let k = 0; k < 300; k++) entries.push(fresh(entries.at(-1), 1));
  appendEntries(log, entries, 0, env);
  const copy = cloneLog(log);
  appendEntries(log, [fresh(entries[59], 2)], 0, env);
  expect(log.last).toBe(61);
  expect(copy.last).toBe(300);
  expect(entriesBetween(copy, 1, 301)).toEqual(entries);
  expect(termAt(log, 61)).toBe(2);
  expect(termAt(copy, 61)).toBe(1);
});

test("compaction is refused above the applied index and below the first", () => {
  const log = createLog(null, [fresh(undefined, 1)], Number.MAX_SAFE_INTEGER);
  expect(compactLog(log, 1)).toContain("beyond the applied index");
  log.committed = log.applying = log.applied = 1;
  expect(compactLog(log, 1)).toBe(null);
  expect(compactLog(log, 1)).toBe("requested index is unavailable due to compaction");
});

test("a limited slice holds at least one entry and never more bytes than the limit beyond it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(300), (count, limit) => {
      const entries: Entry[] = [];
      for (let k = 0; k < count; k++) entries.push(fresh(entries.at(-1), 1));
      const log = createLog(null, entries, Number.MAX_SAFE_INTEGER);
      const taken = entriesLimited(log, 1, count + 1, limit);
      const bytes = taken.reduce((sum, entry) => sum + entry.size, 0);
      expect(taken.length).toBeGreaterThan(0);
      expect(taken).toEqual(entries.slice(0, taken.length));
      if (taken.length > 1) expect(bytes).toBeLessThanOrEqual(limit);
      if (taken.length < count) expect(bytes + entries[taken.length]!.size).toBeGreaterThan(limit);
    }),
  );
});

test("the hint of a rejection is the last index whose term is not above the one asked for", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }), fc.nat(50), fc.nat(60), (steps, at, term) => {
      const entries: Entry[] = [];
      let now = 1;
      for (const up of steps) entries.push(fresh(entries.at(-1), (now += up)));
      const log = createLog(null, entries, Number.MAX_SAFE_INTEGER);
      const index = 1 + (at % entries.length);
      let naive = index;
      while (naive > 0 && entries[naive - 1]!.term > term) naive--;
      expect(findConflictByTerm(log, index, term)).toBe(naive);
    }),
  );
});

test("two logs agree up to an index exactly when their chain hashes there agree", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { maxLength: 30 }), fc.array(fc.nat(2), { maxLength: 30 }), (a, b) => {
      const build = (steps: readonly number[]): Entry[] => {
        const entries: Entry[] = [];
        let now = 1;
        for (const up of steps) entries.push(fresh(entries.at(-1), (now += up)));
        return entries;
      };
      const [first, second] = [build(a), build(b)];
      let agree = true;
      for (let k = 0; k < Math.min(first.length, second.length); k++) {
        agree &&= first[k]!.term === second[k]!.term;
        expect(first[k]!.chain === second[k]!.chain).toBe(agree);
      }
      const log = createLog(null, first, Number.MAX_SAFE_INTEGER);
      expect(first.every((entry) => matchTerm(log, entry.index, entry.term))).toBe(true);
    }),
  );
});
