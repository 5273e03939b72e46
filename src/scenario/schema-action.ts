/** The shape of each action in a file: one key an action, with what it takes. */

import { z } from "zod";
import { plainNames } from "../etcd/gateway.ts";
import { CLIENT_OPERATIONS } from "../fault/action.ts";
import type { ActionFile } from "./document.ts";
import type { Refine } from "./schema-words.ts";
import {
  bandwidth,
  chance,
  complain,
  distribution,
  duration,
  label,
  oneOf,
  positiveDuration,
  selector,
  share,
  signedDuration,
  signedShare,
  size,
  valueSize,
  whole,
} from "./schema-words.ts";

/** Types of messages: etcd's own, and the two between clients and members. */
export const MESSAGE_TYPES: readonly string[] = [
  "MsgProp",
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgPreVote",
  "MsgPreVoteResp",
  "MsgSnap",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgTransferLeader",
  "MsgTimeoutNow",
  "MsgReadIndex",
  "MsgReadIndexResp",
  "MsgForgetLeader",
  "request",
  "response",
];

const messageType = oneOf(MESSAGE_TYPES, "type of message", "LS2006");
const types = z.union([messageType, z.array(messageType).min(1)]).optional();
const DISTS = ["constant", "uniform", "normal", "exponential", "pareto"] as const;

const match = { from: selector.optional(), to: selector.optional(), types, p: chance.optional() };

const on = z.union([selector, z.strictObject({ on: selector })]);

/** Complains unless exactly one of the keys is given. */
function oneKey(value: object, keys: readonly string[], what: string, ctx: Refine): void {
  const given = keys.filter((key) => (value as Record<string, unknown>)[key] !== undefined);
  if (given.length === 0) complain(ctx, "LS2014", { message: `${what} needs one of ${keys.join(", ")}`, hint: null });
  if (given.length > 1)
    complain(
      ctx,
      "LS2014",
      { message: `${what} has ${given.map((key) => `"${key}"`).join(" and ")}: exactly one is meant`, hint: null },
      [given[1]!],
    );
}

/** Complains unless at least one of the keys is given. */
function someKey(value: object, keys: readonly string[], what: string, ctx: Refine): void {
  if (keys.every((key) => (value as Record<string, unknown>)[key] === undefined))
    complain(ctx, "LS2014", { message: `${what} needs at least one of ${keys.join(", ")}`, hint: null });
}

const partition = z
  .strictObject({
    groups: z.array(selector).min(1).max(99).optional(),
    isolate: selector.optional(),
    bridge: selector.optional(),
    ring: z.literal(true).optional(),
    links: z
      .array(z.strictObject({ from: selector, to: selector }))
      .min(1)
      .optional(),
    oneWay: z.union([z.boolean(), z.literal("in"), z.literal("out")]).optional(),
  })
  .superRefine((value, ctx) => {
    oneKey(value, ["groups", "isolate", "bridge", "ring", "links"], "a partition", ctx);
    if (
      value.oneWay !== undefined &&
      value.oneWay !== false &&
      (value.ring !== undefined || value.bridge !== undefined)
    )
      complain(ctx, "LS2020", { message: "oneWay goes with groups, isolate and links", hint: null }, ["oneWay"]);
  });

const disk = z
  .strictObject({
    on: selector,
    p: chance.optional(),
    slowFsync: positiveDuration.optional(),
    latency: z.strictObject({ write: distribution.optional(), fsync: distribution.optional() }).optional(),
    stall: z.literal(true).optional(),
    error: oneOf(["write", "fsync", "read"], "operation of a disk", "LS2006").optional(),
    corrupt: z
      .union([
        z.literal(true),
        oneOf(["log", "snapshot", "any"], "file", "LS2006"),
        z.strictObject({
          file: oneOf(["log", "snapshot", "any"], "file", "LS2006").optional(),
          bits: whole(1, 10_000).optional(),
        }),
      ])
      .optional(),
    full: z.literal(true).optional(),
    rollback: label("backup").optional(),
    wipe: z.literal(true).optional(),
  })
  .superRefine((value, ctx) => {
    oneKey(
      value,
      ["slowFsync", "latency", "stall", "error", "corrupt", "full", "rollback", "wipe"],
      "a disk fault",
      ctx,
    );
    if (
      value.p !== undefined &&
      value.slowFsync === undefined &&
      value.error === undefined &&
      value.latency === undefined
    )
      complain(ctx, "LS2020", { message: '"p" goes with slowFsync, latency and error', hint: null }, ["p"]);
  });

const text = z.union([z.string(), z.number()]);

const fields = z.record(z.string(), z.unknown());

const client = z
  .strictObject({
    op: oneOf([...CLIENT_OPERATIONS, ...plainNames()], "operation", "LS2006").optional(),
    with: fields.optional(),
    key: z.string().min(1).optional(),
    value: text.optional(),
    valueSize: valueSize.optional(),
    expected: text.optional(),
    via: selector.optional(),
    as: z
      .string()
      .superRefine((value, ctx) => {
        if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value))
          complain(ctx, "LS2009", { message: `"${value}" is no name of a client`, hint: "c1" });
      })
      .optional(),
    timeout: positiveDuration.optional(),
    expect: z
      .union([
        oneOf(["ok", "timeout", "error", "absent"], "answer", "LS2006"),
        z.strictObject({ value: text.optional(), error: z.string().optional(), answer: fields.optional() }),
      ])
      .optional(),
    pause: selector.optional(),
    slowWatch: positiveDuration.optional(),
    reconnect: selector.optional(),
    clients: selector.optional(),
  })
  .superRefine((value, ctx) => {
    oneKey(value, ["op", "pause", "slowWatch", "reconnect"], "a client", ctx);
    if (value.op === undefined) return;
    if (typeof value.expect === "object") oneKey(value.expect, ["value", "error", "answer"], "an answer", ctx);
    if (!(CLIENT_OPERATIONS as readonly string[]).includes(value.op)) {
      const outside = (["key", "value", "valueSize", "expected"] as const).find((name) => value[name] !== undefined);
      if (outside !== undefined)
        complain(
          ctx,
          "LS2020",
          { message: `what "${value.op}" asks for stands under "with"`, hint: `with: { ${outside}: … }` },
          [outside],
          true,
        );
      return;
    }
    if (value.with !== undefined) {
      complain(
        ctx,
        "LS2020",
        { message: `"with" goes with requests of etcd's API, and "${value.op}" takes a key`, hint: "key: a" },
        ["with"],
        true,
      );
      return;
    }
    if (value.key === undefined) complain(ctx, "LS2005", { message: `"${value.op}" needs a key`, hint: "key: a" });
    const writes = value.op === "put" || value.op === "cas";
    if (writes && value.value === undefined)
      complain(ctx, "LS2005", {
        message: `"${value.op}" needs a value${value.valueSize === undefined ? "" : ", which valueSize then makes longer"}`,
        hint: "value: x",
      });
    const idle = (["value", "valueSize"] as const).find((name) => value[name] !== undefined);
    if (!writes && idle !== undefined)
      complain(
        ctx,
        "LS2020",
        {
          message: `"${idle}" goes with put and cas, and "${value.op}" writes nothing`,
          hint: idle === "value" ? "expect: { value: x }" : null,
        },
        [idle],
        true,
      );
    if (value.op !== "cas" && value.expected !== undefined)
      complain(ctx, "LS2020", { message: '"expected" goes with cas', hint: "expect" }, ["expected"]);
  });

const message = z.strictObject({
  from: selector.optional(),
  to: selector.optional(),
  types,
  nth: whole(1, 1_000_000).optional(),
  add: positiveDuration.optional(),
});

/** Keys of the shape, each optional: an entry of `faults` is this and its time. */
export const actionShape: { readonly [K in keyof ActionFile]-?: z.ZodType<ActionFile[K]> } = {
  partition: partition.optional(),
  heal: z.union([label("fault"), z.strictObject({ id: label("fault").optional() })]).optional(),
  drop: z.strictObject(match).optional(),
  delay: z
    .strictObject({
      ...match,
      add: duration,
      jitter: duration.optional(),
      correlation: share.optional(),
      dist: oneOf(DISTS, "distribution", "LS2006").optional(),
    })
    .optional(),
  duplicate: z.strictObject({ ...match, copies: whole(1, 100).optional() }).optional(),
  reorder: z.strictObject({ ...match, window: positiveDuration.optional() }).optional(),
  corrupt: z.strictObject(match).optional(),
  bandwidth: z
    .strictObject({ from: selector.optional(), to: selector.optional(), rate: bandwidth, buffer: size.optional() })
    .optional(),
  hold: z.strictObject(match).optional(),
  release: z.strictObject({ from: selector.optional(), to: selector.optional(), types }).optional(),
  crash: z
    .union([
      selector,
      z
        .strictObject({
          on: selector.optional(),
          zone: z.string().min(1).optional(),
          host: z.string().min(1).optional(),
          unsynced: oneOf(["lose", "keep", "tear"], "fate of unsynced bytes", "LS2006").optional(),
        })
        .superRefine((value, ctx) => oneKey(value, ["on", "zone", "host"], "a crash", ctx)),
    ])
    .optional(),
  restart: on.optional(),
  pause: on.optional(),
  resume: on.optional(),
  slow: z
    .strictObject({ on: selector, cpu: positiveDuration.optional(), apply: positiveDuration.optional() })
    .superRefine((value, ctx) => someKey(value, ["cpu", "apply"], "slow", ctx))
    .optional(),
  destroy: on.optional(),
  disk: disk.optional(),
  clock: z
    .strictObject({
      on: selector,
      skew: signedDuration.optional(),
      drift: signedShare.optional(),
      jump: signedDuration.optional(),
    })
    .superRefine((value, ctx) => someKey(value, ["skew", "drift", "jump"], "a clock fault", ctx))
    .optional(),
  member: z
    .strictObject({
      add: selector.optional(),
      remove: selector.optional(),
      promote: selector.optional(),
      demote: selector.optional(),
      update: selector.optional(),
      role: oneOf(["voter", "learner"], "role", "LS2006").optional(),
      zone: z.string().min(1).optional(),
      host: z.string().min(1).optional(),
      joint: z.boolean().optional(),
    })
    .superRefine((value, ctx) =>
      oneKey(value, ["add", "remove", "promote", "demote", "update"], "a membership change", ctx),
    )
    .optional(),
  transferLeader: z.union([selector, z.strictObject({ to: selector })]).optional(),
  campaign: on.optional(),
  backup: z
    .strictObject({
      from: selector.optional(),
      as: label("backup"),
      of: oneOf(["state", "disk"], "thing to back up", "LS2006").optional(),
    })
    .optional(),
  restore: z
    .strictObject({
      snapshot: label("backup").optional(),
      members: z.array(z.string()).min(1).max(99).optional(),
      forceNewCluster: z.string().optional(),
      newClusterId: z.boolean().optional(),
      bumpRevision: whole(0, 1_000_000_000_000).optional(),
      markCompacted: z.boolean().optional(),
    })
    .superRefine((value, ctx) => {
      const others = ["snapshot", "members", "newClusterId", "bumpRevision", "markCompacted"] as const;
      if (value.forceNewCluster !== undefined) {
        const other = others.find((name) => value[name] !== undefined);
        if (other !== undefined)
          complain(
            ctx,
            "LS2020",
            { message: `"${other}" does not go with forceNewCluster`, hint: null },
            [other],
            true,
          );
        return;
      }
      for (const name of ["snapshot", "members"] as const)
        if (value[name] === undefined)
          complain(ctx, "LS2005", { message: `"restore" needs "${name}", or forceNewCluster`, hint: null });
    })
    .optional(),
  compact: z
    .strictObject({
      revision: whole(1, 1_000_000_000_000).optional(),
      keep: whole(0).optional(),
      physical: z.boolean().optional(),
    })
    .optional(),
  defrag: on.optional(),
  upgrade: z.strictObject({ on: selector, version: z.string().min(1) }).optional(),
  certificate: z
    .strictObject({
      on: selector,
      use: oneOf(["client", "peer", "server"], "use of a certificate", "LS2006"),
      change: oneOf(["expire", "rotate"], "change of a certificate", "LS2006"),
    })
    .optional(),
  client: client.optional(),
  message: z
    .strictObject({
      drop: message.optional(),
      delay: message.optional(),
      duplicate: message.optional(),
      deliver: message.optional(),
    })
    .superRefine((value, ctx) => {
      oneKey(value, ["drop", "delay", "duplicate", "deliver"], "an action on a message", ctx);
      if (value.delay !== undefined && value.delay.add === undefined)
        complain(ctx, "LS2005", { message: 'delaying a message needs "add"', hint: "add: 100ms" }, ["delay"]);
    })
    .optional(),
};

/** Every key that names an action. */
export const ACTION_KEYS: readonly (keyof ActionFile)[] = Object.keys(actionShape) as (keyof ActionFile)[];
