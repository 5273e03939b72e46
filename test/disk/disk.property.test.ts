import { expect, test } from "vitest";
import {
  append,
  beginSync,
  cloneDisk,
  crashDisk,
  createDisk,
  cutLogBefore,
  cutLogFrom,
  type Disk,
  durableImage,
  endSync,
  SECTOR_BYTES,
  type Unsynced,
} from "../../src/disk/disk.ts";
import { RandomChoices } from "../../src/kernel/choose.ts";
import { fc } from "../properties.ts";
import { cloneBackend, logOf, Named, SLOW } from "./story.ts";

/** What a disk is, said naively: each record once, with whether a power failure leaves it. */
interface Twin {
  /** The log from position `first`. */
  first: number;
  records: { readonly name: string; fate: "cached" | "durable" | "failed" }[];
  cutAt: number;
  /** What the sync under way found, by name; null: none. */
  syncing: { readonly names: ReadonlySet<string>; readonly cutAt: number } | null;
}

const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(127, 128, 129)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("sync" as const), fails: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("begin" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), back: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("crash" as const), unsynced: fc.constantFrom<Unsynced>("lose", "keep") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("image" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clone" as const) }) },
);

/** Names of the records that a power failure leaves: all before the first that is not durable. */
function durableOf(twin: Twin): string[] {
  const end = twin.records.findIndex((record) => record.fate !== "durable");
  return (end < 0 ? twin.records : twin.records.slice(0, end)).map((record) => record.name);
}

function begin(disk: Disk, twin: Twin): void {
  beginSync(disk, 1, { below: () => 0 });
  twin.syncing = { names: new Set(twin.records.map((record) => record.name)), cutAt: twin.cutAt };
}

function end(disk: Disk, twin: Twin, fails: boolean): void {
  const { names, cutAt } = twin.syncing as NonNullable<Twin["syncing"]>;
  disk.faults.errorPpm = fails ? 1_000_000 : 0;
  expect(endSync(disk, { below: () => 0 })).toBe(!fails);
  twin.syncing = null;
  for (const record of twin.records) {
    if (names.has(record.name) && record.fate === "cached") record.fate = fails ? "failed" : "durable";
  }
  if (fails || cutAt <= twin.first) return;
  twin.records.splice(0, cutAt - twin.first);
  twin.first = cutAt;
}

test("after a power failure exactly the records before the first that no sync made durable are there", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let disk = createDisk(SLOW);
      const twin: Twin = { first: 0, records: [], cutAt: 0, syncing: null };
      let named = 0;
      for (const c of commands) {
        switch (c.do) {
          case "append":
            for (let i = 0; i < c.count; i++) {
              const name = `r${named++}`;
              append(disk, new Named(name));
              twin.records.push({ name, fate: "cached" });
            }
            break;
          case "sync":
            if (twin.syncing === null) begin(disk, twin);
            end(disk, twin, c.fails);
            break;
          case "begin":
            if (twin.syncing === null) begin(disk, twin);
            break;
          case "end":
            if (twin.syncing !== null) end(disk, twin, c.fails);
            break;
          case "cut": {
            const position = Math.max(twin.first, twin.first + twin.records.length - c.back);
            cutLogBefore(disk, position);
            twin.cutAt = Math.max(twin.cutAt, position);
            break;
          }
          case "crash": {
            const before = logOf(disk).length;
            const lost = crashDisk(disk, c.unsynced, { below: () => 0 });
            const failed = twin.records.some((record) => record.fate === "failed");
            if (c.unsynced === "lose" || failed) twin.records.length = durableOf(twin).length;
            // What is appended later is not what the cut was meant for.
            twin.cutAt = c.unsynced === "lose" ? twin.first : Math.min(twin.cutAt, twin.first + twin.records.length);
            twin.syncing = null;
            expect(lost).toBe(before - twin.records.length);
            break;
          }
          case "image":
            expect(logOf(durableImage(disk, cloneBackend))).toEqual(durableOf(twin));
            break;
          case "clone": {
            const left = disk;
            disk = cloneDisk(left, cloneBackend);
            append(left, new Named("elsewhere"));
            crashDisk(left, "lose", { below: () => 0 });
            break;
          }
        }
        expect([disk.log.first, logOf(disk)]).toEqual([twin.first, twin.records.map((record) => record.name)]);
        expect(disk.durableEnd - disk.log.first).toBe(durableOf(twin).length);
      }
      crashDisk(disk, "lose", { below: () => 0 });
      expect(logOf(disk)).toEqual(durableOf(twin));
    }),
    { numRuns: 300 },
  );
});

test("a torn write leaves what was synced, then whole records, then at most one damaged record, then nothing", () => {
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 5 * SECTOR_BYTES }), fc.constantFrom(SECTOR_BYTES, SECTOR_BYTES + 1)),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(sizes, sizes, fc.nat(), (synced, cached, seed) => {
      const disk = createDisk(SLOW);
      const records = [...synced, ...cached].map((size, at) => new Named(`r${at}`, size));
      for (const record of records.slice(0, synced.length)) append(disk, record);
      beginSync(disk, 1, { below: () => 0 });
      endSync(disk, { below: () => 0 });
      for (const record of records.slice(synced.length)) append(disk, record);
      const names = logOf(disk);
      const lost = crashDisk(disk, "tear", new RandomChoices(String(seed)).open("disk-crash", 1));
      const left = logOf(disk);
      const torn = left.findIndex((name) => name.startsWith("torn"));
      if (torn >= 0) {
        expect(torn).toBe(left.length - 1);
        expect(torn).toBeGreaterThanOrEqual(synced.length);
        expect(left[torn]).toBe(`torn ${names[torn]}`);
        // A record within one sector is there or not: nothing of it can be half written.
        expect((records[torn] as Named).size).toBeGreaterThan(SECTOR_BYTES);
      }
      const whole = torn < 0 ? left : left.slice(0, -1);
      expect(whole).toEqual(names.slice(0, whole.length));
      expect(whole.length).toBeGreaterThanOrEqual(synced.length);
      expect(lost).toBe(names.length - whole.length);
      expect(disk.durableEnd).toBe(left.length);
      // A reader repairs the tail, and the log goes on from there.
      if (torn >= 0) cutLogFrom(disk, torn);
      append(disk, new Named("after"));
      expect(logOf(disk)).toEqual([...whole, "after"]);
    }),
    { numRuns: 400 },
  );
});

test("a torn write does tear, keep all and lose all, in some seed each", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const disk = createDisk(SLOW);
    append(disk, new Named("a", 2 * SECTOR_BYTES));
    append(disk, new Named("b"));
    crashDisk(disk, "tear", new RandomChoices(String(seed)).open("disk-crash", 1));
    seen.add(logOf(disk).join());
  }
  expect([...seen].sort()).toEqual(["", "a", "a,b", "torn a"]);
});
