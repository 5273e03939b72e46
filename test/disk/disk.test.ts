import { describe, expect, test } from "vitest";
import {
  append,
  beginSync,
  cloneDisk,
  corruptFile,
  corruptRecord,
  crashDisk,
  createDisk,
  cutLogBefore,
  cutLogFrom,
  DamagedRecord,
  durableImage,
  endSync,
  INSTANT_DISK,
  isInstant,
  removeFile,
  restoreImage,
  resumeSync,
  SECTOR_BYTES,
  settleDisk,
  syncNow,
  wipeDisk,
  writeFile,
} from "../../src/disk/disk.ts";
import { itemAt } from "../../src/kernel/chunked.ts";
import { constant } from "../../src/kernel/distribution.ts";
import {
  choosing,
  cloneBackend,
  diskWith,
  FIRST,
  filesOf,
  LAST,
  logOf,
  Named,
  SLOW,
  sync,
  UNASKED,
  write,
} from "./story.ts";

describe("writing and syncing are two things", () => {
  test("what was written and not synced is gone after a power failure", () => {
    const disk = diskWith("a", "b");
    sync(disk);
    write(disk, "c");
    expect(logOf(disk)).toEqual(["a", "b", "c"]);
    expect(crashDisk(disk, "lose", UNASKED)).toBe(1);
    expect(logOf(disk)).toEqual(["a", "b"]);
  });

  test("a sync covers what was written before it began, not what came while it was under way", () => {
    const disk = diskWith("a");
    beginSync(disk, 1, FIRST);
    write(disk, "b");
    expect(disk.durableEnd).toBe(0);
    expect(endSync(disk, UNASKED)).toBe(true);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["a"]);
  });

  test("a sync that had not ended made nothing durable", () => {
    const disk = diskWith("a");
    beginSync(disk, 1, FIRST);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual([]);
    expect(disk.sync).toBeNull();
  });

  test("a sync takes the time of the sync, and of the write where something was written", () => {
    const disk = diskWith("a");
    expect(beginSync(disk, 1, FIRST)).toBe(320);
    endSync(disk, FIRST);
    expect(beginSync(disk, 1, FIRST)).toBe(300);
  });

  test("a slow disk adds its delay to the share of syncs it was told to", () => {
    const disk = diskWith("a");
    disk.faults.slowMicros = 5000;
    disk.faults.slowPpm = 250_000;
    expect(beginSync(disk, 1, choosing(249_999))).toBe(5320);
    endSync(disk, FIRST);
    expect(beginSync(disk, 1, choosing(250_000))).toBe(300);
  });

  test("a killed process leaves the cache of the system as it was", () => {
    const disk = diskWith("a");
    writeFile(disk, "f", new Named("F"));
    expect(crashDisk(disk, "keep", UNASKED)).toBe(0);
    expect([logOf(disk), filesOf(disk)]).toEqual([["a"], ["f=F"]]);
    crashDisk(disk, "lose", UNASKED);
    expect([logOf(disk), filesOf(disk)]).toEqual([[], []]);
  });

  test("what a process settles when it starts is durable, also what a killed one left in the cache", () => {
    const disk = diskWith("a");
    writeFile(disk, "f", new Named("F"));
    crashDisk(disk, "keep", UNASKED);
    settleDisk(disk);
    write(disk, "b");
    crashDisk(disk, "lose", UNASKED);
    expect([logOf(disk), filesOf(disk)]).toEqual([["a"], ["f=F"]]);
  });

  test("an instant disk syncs in no time, and is none while a fault is in force", () => {
    const disk = createDisk(INSTANT_DISK);
    expect(isInstant(disk)).toBe(true);
    write(disk, "a");
    writeFile(disk, "f", new Named("F"));
    syncNow(disk);
    crashDisk(disk, "lose", UNASKED);
    expect([logOf(disk), filesOf(disk), disk.syncs]).toEqual([["a"], ["f=F"], 1]);
    for (const fault of ["stalls", "slowMicros", "errorPpm"] as const) {
      disk.faults[fault] = 1;
      expect(isInstant(disk)).toBe(false);
      disk.faults[fault] = 0;
    }
    expect(isInstant(disk)).toBe(true);
    expect(isInstant(createDisk(SLOW))).toBe(false);
    expect(isInstant(createDisk({ ...INSTANT_DISK, write: constant(1) }))).toBe(false);
  });
});

describe("a power failure in the middle of writing", () => {
  test("keeps a record whose sectors were all written, and goes on to the next", () => {
    const disk = diskWith("a", "b", "c");
    expect(crashDisk(disk, "tear", choosing(1, 1, 0))).toBe(1);
    expect(logOf(disk)).toEqual(["a", "b"]);
  });

  test("tears a record of which some sectors were written, and ends the log there", () => {
    const disk = createDisk(SLOW);
    append(disk, new Named("big", 3 * SECTOR_BYTES));
    write(disk, "next");
    expect(crashDisk(disk, "tear", choosing(1, 0, 1))).toBe(2);
    expect(logOf(disk)).toEqual(["torn big"]);
    expect((itemAt(disk.log, 0) as DamagedRecord).size).toBe(3 * SECTOR_BYTES);
  });

  test("loses a record of which no sector was written", () => {
    const disk = createDisk(SLOW);
    append(disk, new Named("big", 3 * SECTOR_BYTES));
    expect(crashDisk(disk, "tear", FIRST)).toBe(1);
    expect(logOf(disk)).toEqual([]);
  });

  test("never touches what was synced", () => {
    const disk = diskWith("a", "b");
    sync(disk);
    write(disk, "c");
    crashDisk(disk, "tear", FIRST);
    expect(logOf(disk)).toEqual(["a", "b"]);
  });

  test("what it left is on the disk for good: a second power failure takes no more", () => {
    const disk = createDisk(SLOW);
    append(disk, new Named("big", 2 * SECTOR_BYTES));
    crashDisk(disk, "tear", choosing(1, 0));
    expect(crashDisk(disk, "lose", UNASKED)).toBe(0);
    expect(logOf(disk)).toEqual(["torn big"]);
  });

  test("keeps or loses a new file as a whole", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    writeFile(disk, "g", new Named("G"));
    crashDisk(disk, "tear", choosing(0, 1));
    expect(filesOf(disk)).toEqual(["g=G"]);
  });

  test("a reader that repairs the torn tail cuts it off at once", () => {
    const disk = createDisk(SLOW);
    write(disk, "a");
    sync(disk);
    append(disk, new Named("big", 2 * SECTOR_BYTES));
    crashDisk(disk, "tear", choosing(0, 1));
    cutLogFrom(disk, 1);
    write(disk, "b");
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["a", "b"]);
  });

  test("what was made of the log is forgotten when a record that it was made of is damaged", () => {
    const disk = createDisk(SLOW);
    append(disk, new Named("big", 2 * SECTOR_BYTES));
    disk.digested = { position: 1 };
    expect(crashDisk(disk, "keep", UNASKED)).toBe(0);
    expect(disk.digested).not.toBeNull();
    crashDisk(disk, "tear", choosing(1, 0));
    expect(disk.digested).toBeNull();
  });
});

describe("a stalled disk", () => {
  test("does not end the syncs that begin, until the stall is over", () => {
    const disk = diskWith("a");
    disk.faults.stalls = 1;
    expect(beginSync(disk, 1, FIRST)).toBe(Number.POSITIVE_INFINITY);
    expect(resumeSync(disk, FIRST)).toBeNull();
    disk.faults.stalls = 0;
    expect(resumeSync(disk, FIRST)).toBe(300);
    expect(endSync(disk, UNASKED)).toBe(true);
    expect(disk.durableEnd).toBe(1);
  });

  test("two stalls at a time end with the second", () => {
    const disk = diskWith("a");
    disk.faults.stalls = 2;
    beginSync(disk, 1, FIRST);
    disk.faults.stalls--;
    expect(resumeSync(disk, FIRST)).toBeNull();
    disk.faults.stalls--;
    expect(resumeSync(disk, FIRST)).toBe(300);
  });

  // 1. a sync begins and is due at 320; 2. the disk stalls and resumes; 3. were the sync given a second end, that one would
  // end the next sync before its time.
  test("gives no second end to a sync that began before the stall", () => {
    const disk = diskWith("a");
    expect(beginSync(disk, 1, FIRST)).toBe(320);
    disk.faults.stalls = 1;
    disk.faults.stalls = 0;
    expect(resumeSync(disk, UNASKED)).toBeNull();
  });

  test("gives a sync that waited one end, though another stall follows", () => {
    const disk = diskWith("a");
    disk.faults.stalls = 1;
    beginSync(disk, 1, FIRST);
    disk.faults.stalls = 0;
    expect(resumeSync(disk, FIRST)).toBe(300);
    expect(resumeSync(disk, UNASKED)).toBeNull();
  });

  test("has nothing to resume where nothing waits", () => {
    expect(resumeSync(diskWith("a"), UNASKED)).toBeNull();
  });
});

describe("a full disk", () => {
  test("refuses records and files, and takes them again when there is room", () => {
    const disk = diskWith("a");
    disk.faults.full = 1;
    expect(append(disk, new Named("b"))).toBe(false);
    expect(writeFile(disk, "f", new Named("F"))).toBe(false);
    expect([logOf(disk), filesOf(disk)]).toEqual([["a"], []]);
    disk.faults.full = 0;
    expect(append(disk, new Named("c"))).toBe(true);
    expect(logOf(disk)).toEqual(["a", "c"]);
  });

  test("still syncs what it has", () => {
    const disk = diskWith("a");
    disk.faults.full = 1;
    expect(sync(disk)).toBe(true);
    expect(disk.durableEnd).toBe(1);
  });

  test("a destroyed disk takes nothing either", () => {
    const disk = createDisk(SLOW);
    disk.destroyed = true;
    expect([append(disk, new Named("a")), writeFile(disk, "f", new Named("F"))]).toEqual([false, false]);
  });
});

describe("a failed sync", () => {
  function failedSync(disk = diskWith("lost")): ReturnType<typeof diskWith> {
    beginSync(disk, 1, FIRST);
    disk.faults.errorPpm = 1_000_000;
    expect(endSync(disk, LAST)).toBe(false);
    disk.faults.errorPpm = 0;
    return disk;
  }

  test("fails in the share of syncs it was told to", () => {
    const disk = diskWith("a");
    disk.faults.errorPpm = 300_000;
    beginSync(disk, 1, FIRST);
    expect(endSync(disk, choosing(300_000))).toBe(true);
    beginSync(disk, 1, FIRST);
    expect(endSync(disk, choosing(299_999))).toBe(false);
    expect(disk.syncs).toBe(1);
  });

  test("leaves its data where it looks written, and a power failure takes it", () => {
    const disk = failedSync();
    expect(logOf(disk)).toEqual(["lost"]);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual([]);
  });

  test("is not mended by a later sync, which says that all is well", () => {
    const disk = failedSync();
    write(disk, "later");
    expect(sync(disk)).toBe(true);
    expect(logOf(disk)).toEqual(["lost", "later"]);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual([]);
  });

  test("is not mended by a torn write either: the log ends before what it lost", () => {
    const disk = diskWith("kept");
    sync(disk);
    write(disk, "lost");
    failedSync(disk);
    write(disk, "later");
    expect(crashDisk(disk, "tear", UNASKED)).toBe(2);
    expect(logOf(disk)).toEqual(["kept"]);
  });

  test("a process that dies of it finds what is on the disk", () => {
    const disk = diskWith("kept");
    sync(disk);
    write(disk, "lost");
    writeFile(disk, "f", new Named("F"));
    failedSync(disk);
    expect(crashDisk(disk, "keep", UNASKED)).toBe(1);
    expect([logOf(disk), filesOf(disk)]).toEqual([["kept"], []]);
  });

  test("is over once the log is cut there: what is written anew becomes durable", () => {
    const disk = failedSync();
    crashDisk(disk, "keep", UNASKED);
    write(disk, "again");
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["again"]);
  });

  test("is over once the log before its end is dropped", () => {
    const disk = failedSync();
    write(disk, "later");
    cutLogBefore(disk, 1);
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["later"]);
  });

  test("loses a new file, whatever later syncs say", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    failedSync(disk);
    writeFile(disk, "g", new Named("G"));
    sync(disk);
    expect(filesOf(disk)).toEqual(["f=F", "g=G"]);
    crashDisk(disk, "tear", LAST);
    expect(filesOf(disk)).toEqual(["g=G"]);
  });
});

describe("bit rot", () => {
  test("is found by a reader as a damaged record, with what had been written", () => {
    const disk = diskWith("a", "b", "c");
    sync(disk);
    expect(corruptRecord(disk, 1)).toBe(true);
    expect(logOf(disk)).toEqual(["a", "flipped b", "c"]);
    const record = itemAt(disk.log, 1) as DamagedRecord;
    expect(record).toBeInstanceOf(DamagedRecord);
    expect([(record.original as Named).name, record.size]).toEqual(["b", 100]);
  });

  test("strikes durable records only, and none twice", () => {
    const disk = diskWith("a");
    sync(disk);
    write(disk, "b");
    expect(corruptRecord(disk, 0)).toBe(true);
    expect(logOf(disk)).toEqual(["flipped a", "b"]);
    expect(corruptRecord(disk, 0)).toBe(false);
    expect(corruptRecord(disk, 1)).toBe(false);
  });

  test("strikes the newest durable file that is whole", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    writeFile(disk, "g", new Named("G"));
    sync(disk);
    writeFile(disk, "h", new Named("H"));
    expect([corruptFile(disk), corruptFile(disk), corruptFile(disk)]).toEqual([true, true, false]);
    expect(filesOf(disk)).toEqual(["f=flipped F", "g=flipped G", "h=H"]);
  });

  test("in a full chunk of the log leaves a copy alone", () => {
    const disk = createDisk(SLOW);
    for (let i = 0; i < 200; i++) write(disk, `r${i}`);
    sync(disk);
    const copy = cloneDisk(disk, cloneBackend);
    corruptRecord(disk, 150);
    expect(logOf(disk)[49]).toBe("flipped r49");
    expect(logOf(copy)[49]).toBe("r49");
  });
});

describe("directory operations", () => {
  test("a new file is durable with the next sync, not before", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    sync(disk);
    writeFile(disk, "g", new Named("G"));
    crashDisk(disk, "lose", UNASKED);
    expect(filesOf(disk)).toEqual(["f=F"]);
  });

  test("a removed file comes back after a power failure, unless a sync came between", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    writeFile(disk, "g", new Named("G"));
    sync(disk);
    removeFile(disk, "f");
    expect(filesOf(disk)).toEqual(["g=G"]);
    crashDisk(disk, "lose", UNASKED);
    expect(filesOf(disk)).toEqual(["f=F", "g=G"]);
    removeFile(disk, "f");
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(filesOf(disk)).toEqual(["g=G"]);
  });

  // 1. a file is written; 2. a sync begins; 3. the file is removed; 4. the sync ends: it made durable what stood before 3.
  test("a removal while a sync is under way waits for the next one", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("F"));
    beginSync(disk, 1, FIRST);
    removeFile(disk, "f");
    endSync(disk, UNASKED);
    crashDisk(disk, "lose", UNASKED);
    expect(filesOf(disk)).toEqual(["f=F"]);
  });

  test("a file under the name of a removed one is another file", () => {
    const disk = createDisk(SLOW);
    writeFile(disk, "f", new Named("old"));
    sync(disk);
    removeFile(disk, "f");
    writeFile(disk, "f", new Named("new"));
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(filesOf(disk)).toEqual(["f=new"]);
  });

  test("a cut log has its old beginning again after a power failure, unless a sync came between", () => {
    const disk = diskWith("a", "b", "c");
    sync(disk);
    cutLogBefore(disk, 2);
    crashDisk(disk, "lose", UNASKED);
    sync(disk);
    expect(logOf(disk)).toEqual(["a", "b", "c"]);
    cutLogBefore(disk, 2);
    cutLogBefore(disk, 1);
    sync(disk);
    expect([logOf(disk), disk.log.first]).toEqual([["c"], 2]);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["c"]);
  });

  test("a cut while a sync is under way waits for the next one", () => {
    const disk = diskWith("a", "b");
    beginSync(disk, 1, FIRST);
    cutLogBefore(disk, 1);
    endSync(disk, UNASKED);
    expect(logOf(disk)).toEqual(["a", "b"]);
    sync(disk);
    expect(logOf(disk)).toEqual(["b"]);
  });
});

describe("whole volumes", () => {
  test("a wiped disk is empty and can be written again", () => {
    const disk = diskWith("a");
    writeFile(disk, "f", new Named("F"));
    disk.backend = ["x"];
    sync(disk);
    beginSync(disk, 1, FIRST);
    wipeDisk(disk);
    expect([logOf(disk), filesOf(disk), disk.backend, disk.sync]).toEqual([[], [], null, null]);
    write(disk, "b");
    sync(disk);
    crashDisk(disk, "lose", UNASKED);
    expect(logOf(disk)).toEqual(["b"]);
  });

  test("an image holds what a power failure would leave", () => {
    const disk = diskWith("a", "b");
    writeFile(disk, "f", new Named("F"));
    disk.backend = ["x"];
    sync(disk);
    write(disk, "c");
    writeFile(disk, "g", new Named("G"));
    removeFile(disk, "f");
    cutLogBefore(disk, 1);
    const image = durableImage(disk, cloneBackend);
    expect([logOf(image), filesOf(image), image.backend]).toEqual([["a", "b"], ["f=F"], ["x"]]);
    expect([logOf(disk), filesOf(disk)]).toEqual([["a", "b", "c"], ["g=G"]]);
  });

  test("a rollback puts an image back, any number of times, and the image stays as it was", () => {
    const disk = diskWith("a");
    disk.backend = ["x"];
    sync(disk);
    const image = durableImage(disk, cloneBackend);
    for (const later of ["b", "c"]) {
      write(disk, later);
      writeFile(disk, later, new Named(later));
      (disk.backend as string[]).push(later);
      sync(disk);
      restoreImage(disk, image, cloneBackend);
      expect([logOf(disk), filesOf(disk), disk.backend, disk.durableEnd]).toEqual([["a"], [], ["x"], 1]);
    }
    expect([logOf(image), image.backend]).toEqual([["a"], ["x"]]);
  });

  test("a rollback brings the content, not the faults: a full disk stays full", () => {
    const disk = diskWith("a");
    const image = durableImage(disk, cloneBackend);
    disk.faults.full = 1;
    restoreImage(disk, image, cloneBackend);
    expect(disk.faults.full).toBe(1);
  });

  test("a copy ends its own sync, and neither sees what the other does", () => {
    const disk = diskWith("a");
    writeFile(disk, "f", new Named("F"));
    disk.backend = ["x"];
    beginSync(disk, 1, FIRST);
    const copy = cloneDisk(disk, cloneBackend);
    endSync(copy, UNASKED);
    write(copy, "b");
    removeFile(copy, "f");
    copy.faults.full = 1;
    (copy.backend as string[]).push("y");
    expect([copy.durableEnd, copy.files[0]?.durable, disk.durableEnd, disk.files[0]?.durable]).toEqual([
      1,
      true,
      0,
      false,
    ]);
    expect([logOf(disk), filesOf(disk), disk.faults.full, disk.backend]).toEqual([["a"], ["f=F"], 0, ["x"]]);
    expect(disk.sync).not.toBeNull();
    crashDisk(copy, "lose", UNASKED);
    expect([logOf(copy), filesOf(copy)]).toEqual([["a"], ["f=F"]]);
  });

  test("a copy of a disk without a database has none, and is not asked to copy it", () => {
    const copy = cloneDisk(diskWith("a"), () => {
      throw new Error("there is nothing to copy");
    });
    expect(copy.backend).toBeNull();
  });
});
