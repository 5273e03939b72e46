/** What a member makes of its disk at start: the log, the snapshot, and when it must not start at all. */

import { describe, expect, test } from "vitest";
import {
  append,
  corruptFile,
  corruptRecord,
  createDisk,
  DamagedRecord,
  type Disk,
  INSTANT_DISK,
  syncNow,
  writeFile,
} from "../../src/disk/disk.ts";
import { endOf, replaceItem } from "../../src/kernel/chunked.ts";
import { readDisk, SnapshotMark, SnapshotRecord, StateRecord, snapshotName } from "../../src/member/wal.ts";
import { createEntry, Entry } from "../../src/raft/entry.ts";
import { entriesBetween } from "../../src/raft/log.ts";
import { confStateOf } from "../../src/raft/raft.ts";

const MEMBERS = confStateOf([1, 2, 3]);

/** Entries of one term behind each other, the first behind `previousChain`. */
function entries(first: number, count: number, term: number, previousChain: number = 0): Entry[] {
  const list: Entry[] = [];
  let chain = previousChain;
  for (let i = 0; i < count; i++) {
    const entry = createEntry(first + i, term, 0, null, chain);
    chain = entry.chain;
    list.push(entry);
  }
  return list;
}

/** A disk as a founding member has it: a snapshot at 1, and what is appended after it. */
function diskWith(records: readonly (Entry | StateRecord | SnapshotMark)[]): Disk {
  const disk = createDisk(INSTANT_DISK);
  snapshotAt(disk, 1, 1, 0);
  append(disk, new StateRecord(1, 0, 1));
  for (const record of records) append(disk, record);
  syncNow(disk);
  return disk;
}

function snapshotAt(disk: Disk, index: number, term: number, chain: number, data: unknown = null): void {
  writeFile(disk, snapshotName(index), new SnapshotRecord(index, term, chain, MEMBERS, data));
}

function read(disk: Disk): { text: string; term: number; vote: number; commit: number } {
  const found = readDisk(disk, 1_000_000);
  if ("refusal" in found) return { text: found.refusal, term: 0, vote: 0, commit: 0 };
  const { snapshot, log, term, vote, commit } = found;
  const list = entriesBetween(log, log.snapshotIndex + 1, log.last + 1).map((one) => `${one.index}/${one.term}`);
  return { text: `${snapshot?.index ?? "-"}: ${list.join(" ")}`, term, vote, commit };
}

describe("a member reads its disk", () => {
  test("an empty one holds nothing", () => {
    expect(read(createDisk(INSTANT_DISK)).text).toBe("-: ");
  });

  test("entries follow the snapshot; of term, vote and commit the newest count", () => {
    const disk = diskWith([
      ...entries(2, 3, 1),
      new StateRecord(2, 3, 3),
      ...entries(5, 1, 2, entries(2, 3, 1)[2]!.chain),
    ]);
    expect(read(disk)).toEqual({ text: "1: 2/1 3/1 4/1 5/2", term: 2, vote: 3, commit: 3 });
  });

  test("an entry at an index that was there before takes the place of all from there on", () => {
    const old = entries(2, 4, 1);
    expect(read(diskWith([...old, ...entries(3, 2, 2, old[0]!.chain)])).text).toBe("1: 2/1 3/2 4/2");
  });

  test("a commit index beyond what is there is cut to it, and one before the snapshot is raised to it", () => {
    expect(read(diskWith([...entries(2, 2, 1), new StateRecord(1, 0, 9)])).commit).toBe(3);
    const list = entries(2, 5, 1);
    const disk = diskWith(list);
    snapshotAt(disk, 4, 1, list[2]!.chain);
    syncNow(disk);
    expect(read(disk)).toMatchObject({ text: "4: 5/1 6/1", commit: 4 });
  });

  test("reading twice, with more written in between, gives what reading once would", () => {
    const list = entries(2, 4, 1);
    const disk = diskWith(list);
    expect(read(disk).text).toBe("1: 2/1 3/1 4/1 5/1");
    for (const entry of entries(4, 3, 2, list[1]!.chain)) append(disk, entry);
    append(disk, new StateRecord(2, 1, 4));
    syncNow(disk);
    const again = read(disk);
    disk.digested = null;
    expect(read(disk)).toEqual(again);
    expect(again).toEqual({ text: "1: 2/1 3/1 4/2 5/2 6/2", term: 2, vote: 1, commit: 4 });
  });
});

describe("a torn write at the end of the log", () => {
  test("is cut off: nobody was told of it", () => {
    const disk = diskWith(entries(2, 3, 1));
    const last = endOf(disk.log) - 1;
    replaceItem(disk.log, last, new DamagedRecord(entries(2, 3, 1)[2]!, "torn"));
    expect(read(disk).text).toBe("1: 2/1 3/1");
    expect(endOf(disk.log)).toBe(last);
  });

  test("anywhere else is damage", () => {
    const disk = diskWith(entries(2, 3, 1));
    replaceItem(disk.log, 2, new DamagedRecord(entries(2, 3, 1)[1]!, "torn"));
    expect(read(disk).text).toBe("walpb: crc mismatch in record 2 of the write-ahead log");
  });
});

describe("damage is refused", () => {
  test("bit rot in any record, the last one included", () => {
    for (let back = 0; back < 4; back++) {
      const disk = diskWith(entries(2, 3, 1));
      expect(corruptRecord(disk, back)).toBe(true);
      expect(read(disk).text).toBe(`walpb: crc mismatch in record ${3 - back} of the write-ahead log`);
    }
  });

  test("bit rot found by a reader that had read the log before", () => {
    const disk = diskWith(entries(2, 3, 1));
    read(disk);
    corruptRecord(disk, 1);
    expect(read(disk).text).toContain("crc mismatch");
  });

  test("an entry whose chain does not come of its content", () => {
    const [good] = entries(2, 1, 1);
    const { index, term, type, data, size, previousChain, chain } = good!;
    expect(read(diskWith([new Entry(index, term, type, data, size, previousChain, chain ^ 1)])).text).toContain(
      "crc mismatch",
    );
  });

  test("a gap between entries, or before the first", () => {
    const list = entries(2, 4, 1);
    expect(read(diskWith([list[0]!, list[2]!])).text).toBe("wal: entry 4 has none before it");
    expect(read(diskWith([list[1]!])).text).toBe("wal: entry 3 has none before it");
  });
});

describe("snapshot files", () => {
  test("a damaged one is passed over for the one before, with the log from there", () => {
    const list = entries(2, 5, 1);
    const disk = diskWith(list);
    snapshotAt(disk, 4, 1, list[2]!.chain);
    syncNow(disk);
    expect(read(disk).text).toBe("4: 5/1 6/1");
    corruptFile(disk);
    expect(read(disk).text).toBe("1: 2/1 3/1 4/1 5/1 6/1");
  });

  test("one that was received ends what stood in the log before it", () => {
    const disk = diskWith(entries(2, 5, 1));
    snapshotAt(disk, 4, 2, 77, {});
    append(disk, new SnapshotMark(4));
    const after = entries(5, 1, 2, 77);
    for (const entry of after) append(disk, entry);
    syncNow(disk);
    expect(read(disk).text).toBe("4: 5/2");
  });

  test("one that was received, with its mark lost to a torn write, does not bring back what it replaced", () => {
    const disk = diskWith(entries(2, 5, 1));
    // 5 and 6 of term 1 stand behind another entry 4 than the snapshot ends with.
    snapshotAt(disk, 4, 2, 77, {});
    syncNow(disk);
    expect(read(disk).text).toBe("4: ");
  });

  test("all damaged: a log that does not begin at the beginning is of no use", () => {
    const disk = diskWith(entries(2, 3, 1));
    corruptFile(disk);
    expect(read(disk).text).toBe("wal: entry 2 has none before it");
  });
});
