// A storm: the faults of one run, drawn as a fixed list. What kinds there are in it, how dense and how long they are is drawn
// first, so that one kind does not hide another (swarm testing). The biases are those of the bug catalogue: half of the faults
// aim at the leader, faults come in pairs that meet in one instant, cuts need not be transitive, a few stay to the end.

import { type Action, ALWAYS_PPM, type CutLink } from "../fault/action.ts";
import { ALL, LEADER, members as named, REST, type Selector } from "../fault/selector.ts";
import type { Stream } from "../kernel/choose.ts";
import { drawMicros } from "../kernel/distribution.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import type { Fault } from "../scenario/scenario.ts";
import { between, doubled, happens, oneOf, shuffled, someOf, weighted } from "./draw.ts";
import {
  ANSWERS,
  beginStorm,
  LARGE,
  put,
  round,
  type Storm,
  type StormKind,
  type StormPlan,
  seconds,
  someClients,
  someone,
  someWatchers,
  unsynced,
} from "./storm-state.ts";
import {
  atMoment,
  comeback,
  lateAnswers,
  lostLearner,
  reconfigure,
  restore,
  rivals,
  shortReign,
} from "./storm-stories.ts";

/** More faults than this come in no storm. */
const FAULTS_MAX = 80;

/** How much longer a long fault lasts than others of its storm. */
const LONG_FACTOR = 8;

/** Messages so rare that chance hardly ever meets one. */
const RARITIES: readonly string[] = [
  "MsgTimeoutNow",
  "MsgSnap",
  "MsgPreVote",
  "MsgVote",
  "MsgVoteResp",
  "MsgPreVoteResp",
];

/** The body of a request that deletes every key there is. */
const EVERY_KEY = JSON.stringify({ key: "\0", range_end: "\0" });

/** Kinds that need another member: there is no link to cut, and nobody to hand over to. */
const BETWEEN: readonly StormKind[] = [
  "loss",
  "lost-answers",
  "delay",
  "late-rarity",
  "duplicate",
  "reorder",
  "cut",
  "cut-leader",
  "partial-cut",
  "one-way",
  "unheard-leader",
  "late-answers",
  "short-reign",
  "mute-handover",
  "black-hole",
  "comeback",
  "transfer",
  "rivals",
];

/** The kinds of the plan that its cluster can have. */
export function possibleIn({ ids, kinds }: StormPlan): readonly StormKind[] {
  return ids.length === 1 ? kinds.filter((kind) => !BETWEEN.includes(kind)) : kinds;
}

/** The faults, ascending in time but for those that wait for a moment; ids are `s1`, `s2`, …. */
export function drawStorm(given: StormPlan, stream: Stream): Fault[] {
  const plan = { ...given, kinds: possibleIn(given) };
  const storm = beginStorm(plan, stream);
  if (plan.kinds.length === 0) return [];
  const { gap, lasting } = tempoOf(plan, stream);
  let at = plan.fromMicros;
  while (storm.list.length < FAULTS_MAX) {
    at += Math.max(MILLISECOND, round(drawMicros(exponential(gap), stream)));
    if (at >= plan.untilMicros) break;
    const left = plan.untilMicros - at;
    // A few last far longer than the others.
    const mean = happens(stream, 1, 6) ? lasting * LONG_FACTOR : lasting;
    const forMicros = Math.max(MILLISECOND, Math.min(left, round(drawMicros(exponential(mean), stream))));
    const kind = oneOf(stream, plan.kinds);
    add(storm, kind, at, forMicros);
    // A second one in the instant in which the first begins or ends.
    if (happens(stream, 1, 3)) {
      const then = happens(stream, 1, 2) ? at : at + forMicros;
      const shifted = then + round(stream.below(3) * stream.below(20) * MILLISECOND);
      if (shifted < plan.untilMicros) {
        add(storm, oneOf(stream, plan.kinds), shifted, Math.min(plan.untilMicros - shifted, forMicros));
      }
    }
  }
  if (plan.kinds.includes("crash") && happens(stream, 1, 6)) atMoment(storm);
  // Whoever gave up because of its disk is started again, as any supervisor would.
  put(storm, plan.untilMicros, null, { kind: "restart", on: ALL });
  if (storm.lost.length > 0)
    put(storm, plan.untilMicros, null, { kind: "crash", on: named(...storm.lost), unsynced: "lose" });
  return storm.list;
}

/** How much time there is between two faults, and how long they last, in the mean. */
function tempoOf(plan: StormPlan, stream: Stream): { readonly gap: number; readonly lasting: number } {
  const { tempo, electionMicros, fromMicros, untilMicros } = plan;
  if (tempo === "long") return { gap: doubled(stream, 2 * SECOND, 2), lasting: doubled(stream, SECOND, 2) };
  if (tempo === "short") {
    return { gap: doubled(stream, electionMicros >> 1, 2), lasting: doubled(stream, electionMicros >> 1, 2) };
  }
  // However short elections are, the storm lasts: it is not over after a second with all its faults.
  const gap = doubled(stream, Math.max(electionMicros >> 2, Math.floor((untilMicros - fromMicros) / 128)), 5);
  return { gap, lasting: doubled(stream, electionMicros >> 3, 7) };
}

/**
 * Something that stays to the end: liveness under faults that do not go away. Partial cuts, one-way cuts, a stalled disk, a leader
 * that is gone.
 */
export function drawStanding(plan: StormPlan, storms: readonly Fault[], stream: Stream): Fault[] {
  const storm = beginStorm(plan, stream);
  const joined = storms.flatMap(({ action }) =>
    action.kind === "member" && action.change === "add" && action.on.kind === "members" ? action.on.ids : [],
  );
  if (plan.ids.length < 3 && joined.length === 0) return [];
  const action = weighted<() => Action>(stream, [
    [plan.ids.length < 3 ? 0 : 3, () => partialCut(storm, 1 + stream.below(plan.ids.length))],
    [plan.ids.length < 3 ? 0 : 3, () => oneWayCut(storm)],
    [2, () => ({ kind: "crash", on: LEADER, unsynced: "lose" })],
    [joined.length, () => ({ kind: "crash", on: named(oneOf(stream, joined)), unsynced: "lose" })],
    [2, () => ({ kind: "disk", on: LEADER, effect: { kind: "stall" }, pPpm: ALWAYS_PPM })],
  ])();
  put(storm, plan.untilMicros, null, action);
  return staying(storm);
}

/**
 * One was away for long and is back in the very moment in which the leader goes for good. Others led meanwhile, and now and
 * then a third has heard of them and not got what they had to say.
 */
export function drawRelay(plan: StormPlan, stream: Stream): Fault[] {
  const storm = beginStorm(plan, stream);
  const [away, deaf] = shuffled(stream, plan.ids);
  if (away === undefined || deaf === undefined || plan.ids.length < 3) return [];
  const { untilMicros, electionMicros, fromMicros } = plan;
  const lasts = Math.min(Math.floor((untilMicros - fromMicros) / 2), doubled(stream, 8 * electionMicros, 3));
  const leaves = untilMicros - lasts;
  if (happens(stream, 1, 2)) {
    const deafFor = lasts + stream.below(lasts);
    const drop = { kind: "drop", from: ALL, to: named(deaf), types: LARGE, pPpm: ALWAYS_PPM } as const;
    put(storm, untilMicros - deafFor, deafFor, drop);
  }
  put(storm, leaves, lasts, { kind: "partition", shape: { kind: "isolate", on: named(away) }, oneWay: "no" });
  const changes = between(stream, 1, 3);
  for (let n = 1; n <= changes; n++) {
    const at = leaves + round(Math.floor((lasts * n) / (changes + 1)));
    if (happens(stream, 1, 2)) put(storm, at, null, { kind: "transferLeader", to: { kind: "any", count: 1 } });
    else put(storm, at, electionMicros >> 1, { kind: "crash", on: LEADER, unsynced: "lose" });
  }
  put(storm, untilMicros, null, { kind: "crash", on: LEADER, unsynced: "lose" });
  return staying(storm);
}

/** The leader goes and does not come back. */
export function drawLoss(plan: StormPlan, stream: Stream): Fault[] {
  const storm = beginStorm(plan, stream);
  if (plan.ids.length >= 3) put(storm, plan.untilMicros, null, { kind: "crash", on: LEADER, unsynced: "lose" });
  return staying(storm);
}

/** Names that no fault of a storm has. */
function staying({ list }: Storm): Fault[] {
  return list.map((fault, at) => ({ ...fault, id: at === 0 ? "stays" : `stays${at + 1}` }));
}

function exponential(meanMicros: number): {
  kind: "exponential";
  minMicros: number;
  meanMicros: number;
  maxMicros: number;
} {
  return { kind: "exponential", minMicros: 0, meanMicros, maxMicros: meanMicros * 8 };
}

function add(storm: Storm, kind: StormKind, at: number, lasts: number): void {
  const { stream, plan } = storm;
  const ppm = 10_000 * (1 + stream.below(60));
  const everywhere = { from: ALL, to: ALL, types: [] as readonly string[] };
  switch (kind) {
    case "crash":
      put(storm, at, lasts, { kind: "crash", on: someone(storm), unsynced: unsynced(stream) });
      break;
    case "power-cut": {
      const on: Selector = happens(stream, 1, 2) ? ALL : { kind: "majority" };
      put(storm, at, lasts, { kind: "crash", on, unsynced: unsynced(stream) });
      break;
    }
    case "pause":
      put(storm, at, happens(stream, 1, 3) ? seconds(storm, at, lasts) : lasts, { kind: "pause", on: someone(storm) });
      break;
    case "slow-disk": {
      const addMicros = doubled(stream, 5 * MILLISECOND, 7);
      const on = happens(stream, 1, 3) ? ALL : someone(storm);
      const pPpm = happens(stream, 1, 2) ? ALWAYS_PPM : ppm;
      put(storm, at, lasts, { kind: "disk", on, effect: { kind: "slowFsync", addMicros }, pPpm });
      break;
    }
    case "stall": {
      const stalls = happens(stream, 1, 3) ? seconds(storm, at, lasts) : lasts;
      put(storm, at, stalls, { kind: "disk", on: someone(storm), effect: { kind: "stall" }, pPpm: ALWAYS_PPM });
      break;
    }
    case "disk-error": {
      const on = happens(stream, 1, 3) ? ALL : someone(storm);
      put(storm, at, lasts, { kind: "disk", on, effect: { kind: "error", operation: "fsync" }, pPpm: ppm });
      restartAll(storm, at + lasts);
      break;
    }
    case "disk-full":
      put(storm, at, lasts, { kind: "disk", on: someone(storm), effect: { kind: "full" }, pPpm: ALWAYS_PPM });
      restartAll(storm, at + lasts);
      break;
    case "bit-rot": {
      const file = weighted<"log" | "snapshot" | "any">(stream, [
        [3, "log"],
        [1, "any"],
      ]);
      const on = someone(storm);
      put(storm, at, null, { kind: "disk", on, effect: { kind: "corrupt", file, bits: 1 }, pPpm: ALWAYS_PPM });
      if (happens(stream, 1, 2)) put(storm, at, lasts, { kind: "crash", on, unsynced: "lose" });
      break;
    }
    case "wipe":
      put(storm, at, null, { kind: "disk", on: someone(storm), effect: { kind: "wipe" }, pPpm: ALWAYS_PPM });
      restartAll(storm, at + lasts);
      break;
    case "slow-apply": {
      const on: Selector = happens(stream, 1, 2) ? { kind: "followers" } : someone(storm);
      put(storm, at, happens(stream, 1, 3) ? seconds(storm, at, lasts) : lasts, {
        kind: "slow",
        on,
        cpuMicros: 0,
        applyMicros: doubled(stream, 10 * MILLISECOND, 5),
      });
      break;
    }
    case "clock": {
      const sign = happens(stream, 1, 2) ? 1 : -1;
      const driftPpm = sign * (1 + stream.below(plan.driftPpmMax));
      const jumps = happens(stream, 1, 3);
      const jumpMicros = jumps ? sign * doubled(stream, SECOND, 12) : null;
      const action: Action = {
        kind: "clock",
        on: someone(storm),
        skewMicros: null,
        driftPpm: jumps ? null : driftPpm,
        jumpMicros,
      };
      put(storm, at, jumps ? null : lasts, action);
      break;
    }
    case "loss":
      put(storm, at, lasts, { kind: "drop", ...everywhere, pPpm: ppm });
      break;
    case "lost-answers": {
      const types = happens(stream, 1, 2) ? ANSWERS : [oneOf(stream, ANSWERS)];
      put(storm, at, lasts, { kind: "drop", from: ALL, to: someone(storm), types, pPpm: ALWAYS_PPM });
      break;
    }
    case "delay":
      delay(storm, at, lasts, [], ppm);
      break;
    case "late-rarity": {
      const type = oneOf(stream, RARITIES);
      delay(storm, at, lasts, [type], ALWAYS_PPM);
      // What is late must be sent.
      if (type === "MsgTimeoutNow") put(storm, at, null, { kind: "transferLeader", to: { kind: "any", count: 1 } });
      break;
    }
    case "duplicate":
      // One upon the other they would make dozens of each message, and of each answer to it as many again.
      if (at < storm.duplicatesUntil) break;
      storm.duplicatesUntil = at + lasts;
      put(storm, at, lasts, { kind: "duplicate", ...everywhere, pPpm: ppm, copies: between(stream, 1, 2) });
      break;
    case "reorder": {
      const windowMicros = doubled(stream, 2 * MILLISECOND, 8);
      put(storm, at, lasts, { kind: "reorder", ...everywhere, pPpm: ppm, windowMicros });
      break;
    }
    case "cut": {
      // Newcomers stand on either side, and founders need not be the greater part of any.
      const all = storm.voters.length > 1 && happens(stream, 1, 2) ? storm.voters : plan.ids;
      const side = someOf(stream, all, between(stream, 1, Math.max(1, all.length >> 1)));
      const shape = { kind: "groups", groups: [named(...side), REST] } as const;
      put(storm, at, lasts, { kind: "partition", shape, oneWay: "no" });
      break;
    }
    case "cut-leader": {
      // Now and then it keeps its majority, and only the rest is cut off; where cuts are long it never does.
      const most = plan.ids.length + (plan.tempo === "long" ? 0 : 1);
      const others = stream.below(Math.max(1, most >> 1));
      const side: Selector = others === 0 ? LEADER : { kind: "leader-plus", others };
      const apart = happens(stream, 1, 4) ? seconds(storm, at, lasts) : lasts;
      const shape = { kind: "groups", groups: [side, REST] } as const;
      put(storm, at, apart, { kind: "partition", shape, oneWay: "no" });
      break;
    }
    case "partial-cut":
      put(storm, at, lasts, partialCut(storm, 1 + stream.below(plan.ids.length)));
      break;
    case "one-way":
      put(storm, at, lasts, oneWayCut(storm));
      break;
    case "unheard-leader": {
      // Long enough for the others to elect: it hears them all the while, and can answer its clients.
      const unheard = Math.min(plan.untilMicros - at, Math.max(lasts, 3 * plan.electionMicros));
      put(storm, at, unheard, { kind: "partition", shape: { kind: "isolate", on: LEADER }, oneWay: "out" });
      break;
    }
    case "late-answers":
      lateAnswers(storm, at, lasts);
      break;
    case "short-reign":
      shortReign(storm, lasts);
      break;
    case "mute-handover": {
      // It is told to hand over and hears nothing from then on.
      const shape = { kind: "isolate", on: LEADER } as const;
      put(storm, at, null, { kind: "transferLeader", to: { kind: "any", count: 1 } });
      put(storm, at, lasts, { kind: "partition", shape, oneWay: "in" });
      break;
    }
    case "black-hole": {
      const [from, to] = happens(stream, 1, 2) ? [someone(storm), ALL] : [ALL, someone(storm)];
      put(storm, at, lasts, { kind: "drop", from, to, types: LARGE, pPpm: ALWAYS_PPM });
      break;
    }
    case "transfer":
      put(storm, at, null, { kind: "transferLeader", to: { kind: "any", count: 1 } });
      break;
    case "campaign":
      put(storm, at, null, { kind: "campaign", on: named(oneOf(stream, plan.ids)) });
      break;
    case "rivals":
      rivals(storm, at);
      break;
    case "reconfigure":
      reconfigure(storm, at, lasts);
      break;
    case "lost-learner":
      lostLearner(storm, at, lasts);
      break;
    case "restore":
      restore(storm, at, lasts);
      break;
    case "delete-all":
      put(storm, at, null, deletion());
      break;
    case "comeback":
      comeback(storm, at, lasts);
      break;
    case "compact": {
      const keepRevisions = happens(stream, 1, 2) ? 0 : stream.below(20);
      put(storm, at, null, { kind: "compact", revision: null, keepRevisions, physical: false });
      if (!happens(stream, 1, 2)) break;
      const crashAt =
        at + (happens(stream, 1, 2) ? between(stream, 4, 14) * MILLISECOND : doubled(stream, 2 * MILLISECOND, 6));
      if (crashAt < plan.untilMicros) {
        put(storm, crashAt, lasts, { kind: "crash", on: someone(storm), unsynced: unsynced(stream) });
      }
      break;
    }
    case "slow-watch": {
      const perResponseMicros = doubled(stream, 50 * MILLISECOND, 6);
      const slow = { kind: "clientSlowWatch", clients: someWatchers(storm), perResponseMicros } as const;
      put(storm, at, seconds(storm, at, lasts), slow);
      break;
    }
    case "reconnect": {
      put(storm, at, null, {
        kind: "clientReconnect",
        clients: someWatchers(storm),
        to: named(oneOf(stream, plan.ids)),
      });
      break;
    }
    case "client-pause":
      put(storm, at, seconds(storm, at, lasts), { kind: "clientPause", clients: someClients(storm) });
      break;
  }
}

function restartAll(storm: Storm, at: number): void {
  if (at < storm.plan.untilMicros) put(storm, at, null, { kind: "restart", on: ALL });
}

function delay(storm: Storm, at: number, lasts: number, types: readonly string[], pPpm: number): void {
  const { stream, plan } = storm;
  const addMicros = doubled(stream, plan.electionMicros >> 5, 6);
  const dist = weighted<"uniform" | "pareto" | "constant">(stream, [
    [2, "uniform"],
    [2, "pareto"],
    [1, "constant"],
  ]);
  const jitterMicros = dist === "constant" ? 0 : addMicros >> 1;
  const from = happens(stream, 1, 2) ? ALL : someone(storm);
  put(storm, at, lasts, {
    kind: "delay",
    from,
    to: ALL,
    types,
    pPpm,
    addMicros,
    jitterMicros,
    correlationPpm: 0,
    dist,
  });
}

/** `links` drawn links are cut both ways: who sees whom need not be transitive. A ring or a bridge now and then. */
function partialCut({ stream, plan }: Storm, links: number): Action {
  const { ids } = plan;
  const whole = ids.length >= 4 ? stream.below(4) : 3;
  if (whole === 0) return { kind: "partition", shape: { kind: "ring" }, oneWay: "no" };
  if (whole === 1) return { kind: "partition", shape: { kind: "bridge", on: named(oneOf(stream, ids)) }, oneWay: "no" };
  const cut: CutLink[] = [];
  for (let n = 0; n < links; n++) {
    const [a, b] = someOf(stream, ids, 2);
    if (a === undefined || b === undefined) break;
    cut.push({ from: named(a), to: named(b) });
  }
  if (happens(stream, 1, 2) || cut.length === 0) cut[0] = { from: LEADER, to: named(oneOf(stream, ids)) };
  return { kind: "partition", shape: { kind: "links", links: cut }, oneWay: "no" };
}

function oneWayCut(storm: Storm): Action {
  const oneWay = happens(storm.stream, 1, 2) ? "in" : "out";
  return { kind: "partition", shape: { kind: "isolate", on: someone(storm) }, oneWay };
}

function deletion(): Action {
  return {
    kind: "clientOp",
    client: 0,
    session: null,
    via: { kind: "any", count: 1 },
    op: "kv/deleterange",
    body: EVERY_KEY,
    key: "",
    value: null,
    expected: null,
    timeoutMicros: null,
    expect: null,
  };
}
