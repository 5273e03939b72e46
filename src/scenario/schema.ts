/**
 * The shape of a scenario file in zod: the contract from which types are held, editors are served and mistakes found.
 *
 * It knows what one place of a file may hold. What several places together must fulfil (a member that exists, a fault
 * before the end) is `validate.ts`.
 */

import { z } from "zod";
import { isMutationId, MUTATION_IDS } from "../fault/mutation.ts";
import { CLIENTS_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { CLAIM_VERDICTS, isClaimId } from "./claim.ts";
import type { PredicateObject, ScenarioFile } from "./document.ts";
import { nearest } from "./nearest.ts";
import { INLINE_PREDICATE_KEYS, parsePredicate, propertiesOf, propertyNames } from "./parse-predicate.ts";
import { parsePpm, splitCompare } from "./quantity.ts";
import { MODELS, WORKLOAD_KINDS, WORKLOAD_OPS } from "./scenario.ts";
import { ACTION_KEYS, actionShape } from "./schema-action.ts";
import type { Refine } from "./schema-words.ts";
import {
  complain,
  distribution,
  duration,
  entries,
  fixedSelector,
  label,
  oneOf,
  positiveDuration,
  predicate,
  rate,
  seed,
  seedRange,
  selector,
  share,
  size,
  valueSize,
  whole,
} from "./schema-words.ts";
import { MEASURES, STATISTICS } from "./study.ts";

const raft = z.strictObject({
  heartbeat: positiveDuration.optional(),
  election: positiveDuration.optional(),
  preVote: z.boolean().optional(),
  checkQuorum: z.boolean().optional(),
  readOnly: oneOf(["safe", "lease"], "kind of linearizable read", "LS2006").optional(),
  maxSizePerMsg: size.optional(),
  maxInflight: whole(1, 100_000).optional(),
});

function memberName(value: string, ctx: Refine): void {
  if (/^n[1-9][0-9]{0,2}$/.test(value) && Number(value.slice(1)) <= 127) return;
  const digits = /[0-9]+/.exec(value)?.[0];
  complain(ctx, "LS2009", {
    message: `"${value}" is no name of a member: they are n1, n2, … n127`,
    hint: digits === undefined || Number(digits) < 1 || Number(digits) > 127 ? null : `n${Number(digits)}`,
  });
}

const memberId = z.string().superRefine(memberName).meta({ pattern: "^n[1-9][0-9]*$" });

const member = z.union([
  memberId,
  z.strictObject({
    id: memberId,
    role: oneOf(["voter", "learner"], "role", "LS2006").optional(),
    zone: z.string().min(1).optional(),
    host: z.string().min(1).optional(),
    raft: raft.optional(),
    quota: size.optional(),
  }),
]);

function memberCount(value: number | readonly unknown[], ctx: Refine): void {
  const count = typeof value === "number" ? value : value.length;
  if (Number.isInteger(count) && count >= 1 && count <= MEMBERS_MAX) return;
  const said = typeof value === "number" ? `${count}` : `a list of ${count}`;
  complain(ctx, "LS2010", {
    message: `${said} members: a cluster has 1 to ${MEMBERS_MAX}, in whole numbers`,
    hint:
      count > MEMBERS_MAX
        ? `${MEMBERS_MAX}`
        : count < 0 && Number.isInteger(count) && count >= -MEMBERS_MAX
          ? `${-count}`
          : "3",
  });
}

const cluster = z.strictObject({
  members: z
    .union([z.number(), z.array(member)])
    .superRefine(memberCount)
    .meta({
      description: "How many (n1, n2, …), or a list of names or of maps with id, role, zone, host.",
      anyOf: [
        { type: "integer", minimum: 1, maximum: MEMBERS_MAX },
        { type: "array", minItems: 1, maxItems: MEMBERS_MAX },
      ],
    })
    .optional(),
  preset: oneOf(["etcd", "common-work"], "preset", "LS2006").optional(),
  raft: raft.optional(),
  snapshot: z
    .strictObject({
      every: entries.optional(),
      keep: whole(1, 1_000).optional(),
      catchUp: entries.optional(),
    })
    .optional(),
  compaction: z
    .strictObject({
      mode: oneOf(["off", "periodic", "revision"], "mode of compaction", "LS2006"),
      period: positiveDuration.optional(),
      revisions: whole(1).optional(),
    })
    .optional(),
  quota: size.optional(),
  disk: z
    .union([
      oneOf(["instant"], "disk", "LS2006"),
      z.strictObject({ write: distribution.optional(), fsync: distribution.optional() }),
    ])
    .optional(),
  requestTimeout: positiveDuration.optional(),
  corruptCheck: positiveDuration.optional(),
  leaseCheckpoint: positiveDuration.optional(),
});

const network = z.strictObject({
  latency: distribution.optional(),
  clientLatency: distribution.optional(),
  loss: share.optional(),
  duplicate: share.optional(),
  links: z
    .array(z.strictObject({ from: selector, to: selector, both: z.boolean().optional(), latency: distribution }))
    .optional(),
});

function weights(known: readonly string[], what: string): z.ZodType<Readonly<Record<string, number>>> {
  return z.record(z.string(), whole(0, 1_000_000)).superRefine((value, ctx) => {
    let sum = 0;
    for (const key of Object.keys(value)) {
      sum += value[key]!;
      if (!known.includes(key))
        complain(ctx, "LS2006", { message: `there is no ${what} "${key}"`, hint: nearest(key, known) }, [key], true);
    }
    if (sum === 0) complain(ctx, "LS2019", { message: `no ${what} has a weight above 0`, hint: null });
  });
}

const workload = z
  .strictObject({
    name: label("workload").optional(),
    kind: oneOf(WORKLOAD_KINDS, "kind of workload", "LS2006").optional(),
    clients: z
      .number()
      .superRefine((value, ctx) => {
        if (!Number.isInteger(value) || value < 1 || value > CLIENTS_MAX)
          complain(ctx, "LS2010", {
            message: `${value} clients: there can be 1 to ${CLIENTS_MAX}`,
            hint: value > CLIENTS_MAX ? `${CLIENTS_MAX}` : "3",
          });
      })
      .meta({ type: "integer", minimum: 1, maximum: CLIENTS_MAX }),
    rate: rate.optional(),
    closed: z.union([z.literal(true), duration]).optional(),
    ops: weights(WORKLOAD_OPS, "operation").optional(),
    keys: z
      .union([
        whole(1, 1_000_000),
        z.strictObject({
          count: whole(1, 1_000_000).optional(),
          dist: oneOf(["uniform", "zipf"], "distribution of keys", "LS2006").optional(),
          prefix: z.string().optional(),
        }),
      ])
      .optional(),
    values: oneOf(["unique", "small"], "kind of values", "LS2006").optional(),
    valueSize: valueSize.optional(),
    from: duration.optional(),
    until: duration.optional(),
    timeout: positiveDuration.optional(),
    ttl: positiveDuration.optional(),
    hold: positiveDuration.optional(),
    fencing: z.boolean().optional(),
    retry: oneOf(["none", "safe", "blind", "etcd"], "way to retry", "LS2006").optional(),
    endpoints: fixedSelector.optional(),
    failover: z.boolean().optional(),
    model: oneOf(MODELS, "model", "LS2006").optional(),
  })
  .superRefine((value, ctx) => {
    if (value.rate !== undefined && value.closed !== undefined)
      complain(ctx, "LS2014", { message: 'a workload has either "rate" or "closed"', hint: null }, ["closed"]);
  });

/** Complains unless exactly one of the keys is there. */
function exactlyOne(value: object, keys: readonly string[], what: string, ctx: Refine): void {
  const given = Object.keys(value).filter(
    (key) => keys.includes(key) && (value as Record<string, unknown>)[key] !== undefined,
  );
  if (given.length === 0)
    complain(ctx, "LS2014", {
      message: `${what} is missing: one of ${keys.slice(0, 6).join(", ")}${keys.length > 6 ? ", …" : ""}`,
      hint: null,
    });
  else if (given.length > 1)
    complain(
      ctx,
      "LS2014",
      {
        message: `${given.map((key) => `"${key}"`).join(" and ")} exclude each other: exactly one is meant`,
        hint: null,
      },
      [given[1]!],
    );
}

const fault = z
  .strictObject({
    id: label("fault").optional(),
    at: z.union([duration, z.strictObject({ event: whole(1) })]).optional(),
    when: predicate.optional(),
    for: positiveDuration.optional(),
    ...actionShape,
  })
  .superRefine((value, ctx) => {
    exactlyOne(value, ["at", "when"], "the time of the fault", ctx);
    exactlyOne(value, ACTION_KEYS, "the action", ctx);
  });

const window = z.tuple([duration, duration]);

/** A number is told which unit it lacks, though to an editor only a text is right. */
const shareBound = z
  .union([z.string(), z.number()])
  .superRefine((value, ctx) => {
    const { rest } = splitCompare(String(value));
    const ppm = parsePpm(rest);
    if (typeof ppm === "number") return;
    const hint = typeof value === "number" ? `">= ${ppm.hint}"` : (ppm.hint ?? '">= 80%"');
    complain(ctx, "LS2007", { message: ppm.message, hint });
  })
  .meta({ anyOf: undefined, type: "string" }) as unknown as z.ZodType<string>;

const numberTest = z.union([
  z.string(),
  z.number(),
  z.strictObject({ of: fixedSelector.optional(), is: z.union([z.string(), z.number()]) }),
]);

const leaders = z.union([
  z.number(),
  z.string(),
  z.strictObject({ count: z.union([z.number(), z.string()]).optional(), sameTerm: z.boolean().optional() }),
]);

const propertyName = z.string().superRefine((value, ctx) => {
  if (propertiesOf(value) === null)
    complain(ctx, "LS2017", { message: `there is no property "${value}"`, hint: nearest(value, propertyNames()) });
});

const statistic = z.strictObject({
  of: oneOf(
    MEASURES.map((measure) => measure.id),
    "measure",
    "LS2018",
  ),
  variant: z.string().optional(),
  is: z.union([z.string(), z.number()]),
  between: z.tuple([z.union([z.string(), z.number()]), z.union([z.string(), z.number()])]).optional(),
});

/** The verbs of an expectation. */
const VERBS = [
  "always",
  "sometimes",
  "never",
  "eventually",
  "violates",
  "linearizable",
  "availability",
  "dataLoss",
  "scope",
  "holds",
];
const alwaysOrPredicate = z.union([z.string(), z.record(z.string(), z.unknown())]).superRefine((value, ctx) => {
  if (typeof value === "string" && propertiesOf(value) !== null) return;
  const read = parsePredicate(value as never);
  if (read.predicate !== null) return;
  // A single word that is neither: it was meant as a property more often than as a test.
  if (typeof value === "string" && /^[a-z][a-z-]*$/.test(value)) {
    complain(ctx, "LS2017", {
      message: `there is no property or test "${value}"`,
      hint: nearest(value, propertyNames()) ?? read.problems[0]?.hint ?? null,
    });
    return;
  }
  for (const problem of read.problems) complain(ctx, problem.code, problem, [...problem.path]);
});

const expectation = z
  .strictObject({
    always: alwaysOrPredicate.optional(),
    sometimes: predicate.optional(),
    never: predicate.optional(),
    eventually: predicate.optional(),
    violates: propertyName.optional(),
    linearizable: z.union([z.boolean(), z.strictObject({ since: duration.optional() })]).optional(),
    availability: z
      .strictObject({
        during: window,
        workload: z.string().optional(),
        writes: shareBound.optional(),
        reads: shareBound.optional(),
        all: shareBound.optional(),
      })
      .superRefine((value, ctx) => {
        if (value.writes === undefined && value.reads === undefined && value.all === undefined)
          complain(ctx, "LS2014", {
            message: "availability of what? Give writes, reads or all",
            hint: 'writes: ">= 80%"',
          });
      })
      .optional(),
    dataLoss: z.union([z.literal("none"), z.strictObject({ allow: z.union([window, z.array(window)]) })]).optional(),
    scope: z.strictObject({ property: propertyName, from: duration.optional() }).optional(),
    holds: predicate.optional(),
    at: duration.optional(),
    during: window.optional(),
    after: duration.optional(),
    within: positiveDuration.optional(),
    leaders: leaders.optional(),
    leader: fixedSelector.optional(),
    role: z.strictObject({ of: fixedSelector, is: z.string() }).optional(),
    up: fixedSelector.optional(),
    down: fixedSelector.optional(),
    term: numberTest.optional(),
    commit: numberTest.optional(),
    applied: numberTest.optional(),
    converged: z.union([z.literal(true), fixedSelector]).optional(),
    median: statistic.optional(),
    mean: statistic.optional(),
    p5: statistic.optional(),
    p90: statistic.optional(),
    p95: statistic.optional(),
    p99: statistic.optional(),
    min: statistic.optional(),
    max: statistic.optional(),
    count: statistic.optional(),
    share: statistic.optional(),
  })
  .superRefine((value, ctx) => {
    const given = Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined);
    const inline = given.filter((key) => (INLINE_PREDICATE_KEYS as readonly string[]).includes(key));
    const verbs = given.filter((key) => VERBS.includes(key) || (STATISTICS as readonly string[]).includes(key));
    if (inline.length > 0 && verbs.length > 0)
      complain(
        ctx,
        "LS2014",
        {
          message: `"${inline[0]}" does not go with "${verbs[0]}": make it an expectation of its own`,
          hint: `${verbs[0]}: { ${inline[0]}: … }`,
        },
        [inline[0]!],
      );
    else if (inline.length === 0) exactlyOne(value, [...VERBS, ...STATISTICS], "what is expected", ctx);
    else {
      const test: Record<string, unknown> = {};
      for (const key of inline) test[key] = (value as Record<string, unknown>)[key];
      const read = parsePredicate(test as PredicateObject);
      for (const problem of read.problems) complain(ctx, problem.code, problem, [...problem.path]);
    }
    const goes: Readonly<Record<string, readonly string[]>> = {
      during: ["always", "sometimes", "never"],
      after: ["eventually"],
      within: ["eventually"],
    };
    for (const key of ["during", "after", "within"] as const)
      if (value[key] !== undefined && !verbs.some((verb) => goes[key]!.includes(verb)))
        complain(ctx, "LS2014", { message: `"${key}" goes with ${goes[key]!.join(", ")}`, hint: null }, [key]);
    if (value.at !== undefined && inline.length === 0 && value.holds === undefined)
      complain(ctx, "LS2014", { message: '"at" needs what is to be so at that time', hint: "leaders: 1" }, ["at"]);
    if (typeof value.always === "string" && propertiesOf(value.always) !== null && value.during !== undefined)
      complain(
        ctx,
        "LS2014",
        { message: "a property is judged at every step; it has no window", hint: "scope: { property, from }" },
        ["during"],
      );
  });

const weight = whole(0, 1_000_000).optional();

const random = z.strictObject({
  from: duration.optional(),
  until: duration.optional(),
  every: distribution,
  lasting: distribution.optional(),
  pick: z
    .strictObject({
      crash: weight,
      pause: weight,
      drop: weight,
      delay: weight,
      duplicate: weight,
      reorder: weight,
      slowFsync: weight,
      stall: weight,
      clock: weight,
      transferLeader: weight,
      partition: z
        .strictObject({
          majority: weight,
          minority: weight,
          one: weight,
          leader: weight,
          bridge: weight,
          ring: weight,
          oneWay: weight,
        })
        .optional(),
    })
    .superRefine((value, ctx) => {
      let sum = 0;
      for (const part of Object.values(value)) {
        if (typeof part === "number") sum += part;
        else if (typeof part === "object") for (const inner of Object.values(part)) sum += inner ?? 0;
      }
      if (sum === 0) complain(ctx, "LS2014", { message: "no kind of fault has a weight above 0", hint: "crash: 1" });
    }),
  keepQuorum: z.boolean().optional(),
  swarm: z.boolean().optional(),
});

const mutation = z.string().superRefine((value, ctx) => {
  if (isMutationId(value)) return;
  const hint = nearest(value, MUTATION_IDS);
  const message = `there is no planted bug "${value}"${hint === null ? "; lockstep bugs list has them all" : ""}`;
  complain(ctx, "LS2017", { message, hint });
});

const claim = z.strictObject({
  id: z.string().superRefine((value, ctx) => {
    if (!isClaimId(value))
      complain(ctx, "LS2018", { message: `"${value}" is no id of a claim: a letter and a number`, hint: "E2" });
  }),
  claim: z.string().min(1).max(400),
  verdict: oneOf([...CLAIM_VERDICTS], "verdict", "LS2006"),
  condition: z.string().min(1).max(400).optional(),
  figure: z.string().min(1).max(1_000),
  real: z.string().min(1).max(400).optional(),
  note: z.string().min(1).max(1_000).optional(),
});

const scenario = z.strictObject({
  apiVersion: z.literal("lockstep/v1").optional(),
  name: label("scenario"),
  title: z.string().min(1).max(200).optional(),
  about: z.string().max(2_000).optional(),
  tags: z.array(z.string()).optional(),
  seed: seed.optional(),
  seeds: z.literal("own").optional(),
  duration: positiveDuration.optional(),
  stepLimit: whole(1).optional(),
  protocol: oneOf(["etcd", "primary-backup"], "protocol", "LS2006").optional(),
  cluster: cluster.optional(),
  topology: z
    .strictObject({
      kind: oneOf(["stacked", "external"], "topology", "LS2006"),
      hosts: z.record(z.string(), z.array(z.string())),
    })
    .optional(),
  network: network.optional(),
  workload: z.union([z.array(workload), workload]).optional(),
  faults: z.array(fault).max(100_000).optional(),
  random: random.optional(),
  expect: z.array(expectation).optional(),
  mutate: z.union([mutation, z.array(mutation)]).optional(),
  budget: z.strictObject({ membersDown: whole(0, MEMBERS_MAX).optional() }).optional(),
  over: z.strictObject({ seeds: seedRange }).optional(),
  claims: z.array(claim).optional(),
  variants: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

/** The schema of a file before variants are applied. */
export const scenarioSchema: z.ZodType<ScenarioFile> = scenario;

/** The keys that the map at `path` of a file may have; null where the path leads to no map. For suggestions. */
export function keysAt(path: readonly (string | number)[]): readonly string[] | null {
  let schemas: readonly z.core.$ZodType[] = [scenario];
  for (const part of path) {
    const next: z.core.$ZodType[] = [];
    for (const schema of schemas.flatMap(unwrap)) {
      if (schema instanceof z.ZodObject && typeof part === "string" && Object.hasOwn(schema.shape, part))
        next.push(schema.shape[part]);
      else if (schema instanceof z.ZodArray) next.push(schema.element);
      else if (schema instanceof z.ZodRecord) next.push(schema.valueType);
    }
    schemas = next;
  }
  const keys: string[] = [];
  for (const schema of schemas.flatMap(unwrap))
    if (schema instanceof z.ZodObject) keys.push(...Object.keys(schema.shape));
  return keys.length === 0 ? null : [...new Set(keys)];
}

/** The one key of the top of a file under which a map may have this key; null where none or several have. */
export function belongsUnder(key: string): string | null {
  places ??= placesOfKeys();
  return places.get(key) ?? null;
}

/** Made when it is first asked for: only a file with mistakes asks. */
let places: ReadonlyMap<string, string | null> | null = null;

function placesOfKeys(): ReadonlyMap<string, string | null> {
  const found = new Map<string, string | null>();
  for (const parent of keysAt([]) ?? [])
    for (const key of keysAt([parent]) ?? []) found.set(key, found.has(key) ? null : parent);
  return found;
}

function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  return [schema];
}
