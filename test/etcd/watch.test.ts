import { describe, expect, it } from "vitest";
import { createStore, type Store, type StoreOptions } from "../../src/etcd/store.ts";
import { INVALID_WATCH_ID, WatchCreateRequest, type WatchResponse } from "../../src/etcd/watch-api.ts";
import {
  cancelWatch,
  cloneWatchHub,
  createWatch,
  createWatchHub,
  FRAGMENT_BYTES,
  findStream,
  moveVictims,
  notifyWatchers,
  openStream,
  requestProgress,
  restoreWatchers,
  STREAM_ANSWERS_MAX,
  SYNC_REVISIONS_MAX,
  SYNC_WATCHERS_MAX,
  syncWatchers,
  takeAnswers,
  tickProgress,
  type WatchHub,
  type WatchStream,
} from "../../src/etcd/watch-hub.ts";
import { compact, del, planted, put } from "./vocabulary.ts";

interface Scene {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly stream: WatchStream;
}

function scene(options: StoreOptions = {}): Scene {
  const hub = createWatchHub();
  const stream = findStream(hub, openStream(hub));
  if (stream === undefined) throw new Error("the stream was just opened");
  return { store: createStore(options), hub, stream };
}

function write(at: Scene, key: string, value = "1"): void {
  put(at.store, key, value);
  notifyWatchers(at.hub, at.store);
}

function erase(at: Scene, key: string): void {
  del(at.store, key);
  notifyWatchers(at.hub, at.store);
}

function watch(at: Scene, request: WatchCreateRequest): WatchResponse {
  createWatch(at.hub, at.store, at.stream, request);
  const answers = takeAnswers(at.stream);
  return answers[answers.length - 1] as WatchResponse;
}

/** What was delivered, as `revision: key@mod ...`. */
function delivered(at: Scene): string[] {
  return takeAnswers(at.stream, 10_000).map((answer) => {
    const events = answer.events.map(({ kv }) => `${kv.version === 0 ? "-" : ""}${kv.key}@${kv.modRevision}`);
    const note = answer.compactRevision > 0 ? `compacted ${answer.compactRevision}` : events.join(" ");
    return `${answer.revision}: ${note}`;
  });
}

const ALL = new WatchCreateRequest("\0", "\0");

describe("a watch from now on", () => {
  it("gets each revision in one message, and only what lies in its range", () => {
    const at = scene();
    write(at, "b");
    expect(watch(at, new WatchCreateRequest("b", "d"))).toMatchObject({ created: true, revision: 2 });
    write(at, "a");
    write(at, "c");
    erase(at, "b");
    expect(delivered(at)).toEqual(["4: c@4", "5: -b@5"]);
  });

  it("filters puts or deletes, and shows what was before", () => {
    const at = scene();
    write(at, "a", "old");
    watch(at, new WatchCreateRequest("a", "", 0, true, true));
    write(at, "a", "new");
    erase(at, "a");
    const [answer, ...rest] = takeAnswers(at.stream);
    expect(rest).toEqual([]);
    expect(answer?.events[0]?.prevKv).toMatchObject({ value: "new", modRevision: 3 });
  });

  it("is not opened for an empty range, a doubled id or a negative revision", () => {
    const at = scene();
    expect(watch(at, new WatchCreateRequest("b", "a")).cancelReason).toBe("mvcc: watcher range is empty");
    watch(at, new WatchCreateRequest("a", "", 0, false, false, false, false, 7));
    const doubled = watch(at, new WatchCreateRequest("a", "", 0, false, false, false, false, 7));
    expect(doubled).toMatchObject({ watchId: INVALID_WATCH_ID, created: true, canceled: true });
    expect(watch(at, new WatchCreateRequest("a", "", -1)).cancelReason).toContain("compacted");
  });

  it("ends when it is cancelled; an unknown id is met with silence", () => {
    const at = scene();
    watch(at, ALL);
    cancelWatch(at.hub, at.store, at.stream, 9);
    expect(takeAnswers(at.stream)).toEqual([]);
    cancelWatch(at.hub, at.store, at.stream, 0);
    expect(takeAnswers(at.stream)).toMatchObject([{ canceled: true, watchId: 0 }]);
    write(at, "a");
    expect(delivered(at)).toEqual([]);
  });
});

describe("a watch that starts in the past", () => {
  it("gets its history in one message, then lives on without a gap", () => {
    const at = scene();
    for (let i = 0; i < 3; i++) write(at, `k${i}`);
    watch(at, new WatchCreateRequest("\0", "\0", 3));
    write(at, "late");
    syncWatchers(at.hub, at.store);
    write(at, "later");
    expect(delivered(at)).toEqual(["5: k1@3 k2@4 late@5", "6: later@6"]);
  });

  it("gets at most a thousand revisions at a time", () => {
    const at = scene();
    for (let i = 0; i < SYNC_REVISIONS_MAX + 5; i++) put(at.store, "k", `${i}`);
    watch(at, new WatchCreateRequest("k", "", 1));
    expect(syncWatchers(at.hub, at.store)).toBe(1);
    expect(syncWatchers(at.hub, at.store)).toBe(0);
    expect(takeAnswers(at.stream).map((answer) => answer.events.length)).toEqual([SYNC_REVISIONS_MAX, 5]);
  });

  it("waits its turn when more than 512 do", () => {
    const at = scene();
    put(at.store, "k", "1");
    for (let i = 0; i < SYNC_WATCHERS_MAX + 3; i++) {
      const stream = findStream(at.hub, openStream(at.hub)) as WatchStream;
      createWatch(at.hub, at.store, stream, new WatchCreateRequest("k", "", 1));
    }
    expect(syncWatchers(at.hub, at.store)).toBe(3);
    expect(syncWatchers(at.hub, at.store)).toBe(0);
  });

  it("before the compacted revision is told so instead of being given a gap", () => {
    const at = scene();
    for (let i = 0; i < 5; i++) write(at, "k", `${i}`);
    compact(at.store, 4);
    watch(at, new WatchCreateRequest("k", "", 2));
    watch(at, new WatchCreateRequest("k", "", 4));
    syncWatchers(at.hub, at.store);
    expect(delivered(at)).toEqual(["0: compacted 4", "6: k@4 k@5 k@6"]);
  });

  it("in the future waits for it", () => {
    const at = scene();
    watch(at, new WatchCreateRequest("k", "", 4));
    for (let i = 0; i < 4; i++) write(at, "k", `${i}`);
    expect(delivered(at)).toEqual(["4: k@4", "5: k@5"]);
  });

  it("is cut into fragments only where it was asked for", () => {
    const at = scene();
    const big = "x".repeat(FRAGMENT_BYTES / 2 - 100);
    for (let i = 0; i < 3; i++) put(at.store, `k${i}`, big);
    watch(at, new WatchCreateRequest("\0", "\0", 1, false, false, false, false, 0, true));
    watch(at, new WatchCreateRequest("\0", "\0", 1));
    syncWatchers(at.hub, at.store);
    const sizes = takeAnswers(at.stream).map(({ events, fragment }) => `${events.length}${fragment ? "+" : ""}`);
    expect(sizes).toEqual(["2+", "1", "3"]);
  });
});

describe("a stream that is not read", () => {
  function full(options: StoreOptions = {}): Scene {
    const at = scene(options);
    watch(at, ALL);
    for (let i = 0; i < STREAM_ANSWERS_MAX + 3; i++) write(at, "k", `${i}`);
    return at;
  }

  it("holds back what does not fit and delivers it in order, once, when there is room", () => {
    const at = full();
    expect(at.stream.answers).toHaveLength(STREAM_ANSWERS_MAX);
    expect(moveVictims(at.hub, at.store)).toBe(0);
    const seen = delivered(at);
    expect(moveVictims(at.hub, at.store)).toBe(1);
    syncWatchers(at.hub, at.store);
    seen.push(...delivered(at));
    const keys = seen.join(" ").match(/k@[0-9]+/g);
    expect(keys).toEqual(Array.from({ length: STREAM_ANSWERS_MAX + 3 }, (_, i) => `k@${i + 2}`));
  });

  it("is told of a compaction that has passed it, but with the planted bug goes on as if nothing were missing", () => {
    for (const bug of [false, true]) {
      const at = full(bug ? { mutations: planted("watchLostOnCompaction") } : {});
      createWatch(at.hub, at.store, at.stream, new WatchCreateRequest("k", "", 2));
      takeAnswers(at.stream, 1);
      at.stream.answers.push(...at.stream.answers.slice(0, 1));
      compact(at.store, at.store.revision);
      syncWatchers(at.hub, at.store);
      takeAnswers(at.stream, 10_000);
      syncWatchers(at.hub, at.store);
      write(at, "k", "new");
      const answers = takeAnswers(at.stream, 10_000).filter((answer) => answer.watchId === 1);
      expect(answers.some((answer) => answer.compactRevision > 0)).toBe(!bug);
      expect(answers.some((answer) => answer.events.length > 0)).toBe(bug);
    }
  });
});

describe("progress", () => {
  it("is answered when all watches of the stream are up to date, after the events that wait", () => {
    const at = scene();
    watch(at, ALL);
    write(at, "k");
    requestProgress(at.hub, at.store, at.stream);
    expect(delivered(at)).toEqual(["2: k@2", "2: "]);
    watch(at, new WatchCreateRequest("k", "", 1));
    requestProgress(at.hub, at.store, at.stream);
    expect(delivered(at)).toEqual([]);
  });

  it("with the planted bug overtakes the events that wait", () => {
    const at = scene({ mutations: planted("progressOvertakesEvents") });
    watch(at, ALL);
    write(at, "k");
    requestProgress(at.hub, at.store, at.stream);
    expect(delivered(at)).toEqual(["2: ", "2: k@2"]);
  });

  it("is told from time to time to who asked for it and got no events", () => {
    const at = scene();
    watch(at, new WatchCreateRequest("k", "", 0, false, false, false, true));
    write(at, "k");
    takeAnswers(at.stream);
    tickProgress(at.hub, at.store);
    expect(delivered(at)).toEqual([]);
    tickProgress(at.hub, at.store);
    expect(delivered(at)).toEqual(["2: "]);
  });
});

describe("a member that restores a snapshot", () => {
  it("gives its watches what they missed, each event once", () => {
    for (const bug of [false, true]) {
      const at = scene(bug ? { mutations: planted("watchReplaysAfterSnapshot") } : {});
      watch(at, ALL);
      write(at, "a");
      write(at, "b");
      expect(delivered(at)).toEqual(["2: a@2", "3: b@3"]);
      put(at.store, "c", "1");
      restoreWatchers(at.hub);
      syncWatchers(at.hub, at.store);
      expect(delivered(at)).toEqual([bug ? "4: a@2 b@3 c@4" : "4: c@4"]);
    }
  });

  it("does not give a watch of the future what lies before it, but for the planted bug", () => {
    for (const bug of [false, true]) {
      const at = scene(bug ? { mutations: planted("futureWatchGetsPast") } : {});
      watch(at, new WatchCreateRequest("k", "", 9));
      put(at.store, "k", "1");
      restoreWatchers(at.hub);
      syncWatchers(at.hub, at.store);
      write(at, "k");
      expect(delivered(at)).toEqual(bug ? ["3: k@3"] : []);
    }
  });
});

describe("a forked hub", () => {
  it("goes its own way", () => {
    const at = scene();
    watch(at, ALL);
    const fork = cloneWatchHub(at.hub);
    write(at, "k");
    expect(findStream(fork, at.stream.id)?.answers).toEqual([]);
    notifyWatchers(fork, at.store);
    expect(findStream(fork, at.stream.id)?.answers).toHaveLength(1);
    expect(delivered(at)).toEqual(["2: k@2"]);
  });
});
