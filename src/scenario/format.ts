/**
 * From a scenario to the file that says it, and from a file to the same file well laid out.
 *
 * `fileOfScenario` leaves out what is a default, so that a short scenario is a short file; the file compiles back to the
 * same scenario. `formatText` keeps comments and only lays out.
 */

import type { ToStringOptions } from "yaml";
import { Document, isCollection, isMap, isPair, isScalar, isSeq, parseDocument, visit } from "yaml";
import { formatMicros } from "../kernel/time.ts";
import type { Claim } from "./claim.ts";
import {
  CLIENT_TIMEOUT_DEFAULT_MICROS,
  DURATION_DEFAULT_MICROS,
  HOLD_DEFAULT_MICROS,
  LEASE_CHECKPOINT_DEFAULT_MICROS,
  PRESETS,
  QUOTA_DEFAULT_BYTES,
  REQUEST_TIMEOUT_BASE_MICROS,
  TTL_DEFAULT_MICROS,
} from "./defaults.ts";
import type {
  ClaimFile,
  ExpectFile,
  FaultFile,
  RaftFile,
  RandomFile,
  ScenarioFile,
  StatisticFile,
  WindowText,
  WorkloadFile,
} from "./document.ts";
import type { Expectation, ShareBound, Window } from "./expectation.ts";
import { AT_END } from "./expectation.ts";
import { defined, fileOfAction, fileOfDistribution, fileOfSelector } from "./file-of-action.ts";
import { printMeasured } from "./print-expectation.ts";
import { printPredicate } from "./print-predicate.ts";
import { printPpm, printRate, printSize } from "./quantity.ts";
import type { Fault, MemberSettings, RaftSettings, Scenario, Workload } from "./scenario.ts";
import { API_VERSION } from "./scenario.ts";
import type { Study, StudyExpectation } from "./study.ts";
import { MEASURES, STATISTICS, unitOf } from "./study.ts";
import type { Plain } from "./variant.ts";
import { overrideBetween, sameValue } from "./variant.ts";

/** The keys of a file in the order in which they are written. */
const KEY_ORDER: readonly string[] = [
  "apiVersion",
  "name",
  "title",
  "about",
  "tags",
  "seed",
  "seeds",
  "duration",
  "stepLimit",
  "protocol",
  "cluster",
  "topology",
  "network",
  "workload",
  "faults",
  "random",
  "mutate",
  "budget",
  "over",
  "expect",
  "claims",
  "variants",
];

/** The file that compiles to the scenario. A single variant becomes a file of its own under the scenario's name. */
export function fileOfScenario(scenario: Scenario): ScenarioFile {
  const base = fileOfOne(scenario);
  if (scenario.variants.length === 0) return base;
  const variants: Record<string, Plain> = {};
  for (const variant of scenario.variants)
    variants[variant.variant ?? ""] = overrideBetween(
      withoutStudy(base) as unknown as Plain,
      withoutStudy(fileOfOne({ ...variant, study: null })) as unknown as Plain,
    );
  return { ...base, variants };
}

/** Statistics and claims belong to the file as a whole. */
function withoutStudy(file: ScenarioFile): ScenarioFile {
  const { over: _over, claims: _claims, expect, ...rest } = file;
  const own = (expect ?? []).filter((one) => STATISTICS.every((statistic) => one[statistic] === undefined));
  return own.length === 0 ? rest : { ...rest, expect: own };
}

/** The scenario as the text of a file, with the line that tells editors the schema. */
export function formatScenario(scenario: Scenario, schema: string | null = null): string {
  const document = new Document(fileOfScenario(scenario), { version: "1.2", aliasDuplicateObjects: false });
  // Entries of the top are blocks; what is inside them goes on one line where there is room.
  visit(document, {
    Collection(_key, node, path) {
      const depth = path.filter((above) => isCollection(above)).length;
      const holdsMaps = isSeq(node) && node.items.some((item) => isMap(item));
      if (depth >= 2 && !holdsMaps && !isVariant(path)) node.flow = true;
    },
  });
  const text = tightLists(document.toString(LAYOUT));
  return schema === null ? text : `# yaml-language-server: $schema=${schema}\n${text}`;
}

/** Below `variants` whole files may stand: blocks down to the same depth as at the top. */
function isVariant(path: readonly unknown[]): boolean {
  const top = path[2];
  if (!isPair(top) || !isScalar(top.key) || top.key.value !== "variants") return false;
  return path.filter((above) => isCollection(above)).length < 4;
}

const LAYOUT: ToStringOptions = { indent: 2, lineWidth: 120, flowCollectionPadding: true };

/** `[ a, b ]` as `[a, b]`: lists without the room that maps have. Texts in quotes and comments stay as they are. */
function tightLists(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      if (!line.includes("[ ") && !line.includes(" ]")) return line;
      let tight = "";
      let quote = "";
      for (let at = 0; at < line.length; at += 1) {
        const char = line[at]!;
        if (quote === "" && char === "#" && (at === 0 || line[at - 1] === " ")) return tight + line.slice(at);
        if (quote !== "") {
          if (quote === '"' && char === "\\") {
            tight += char + (line[at + 1] ?? "");
            at += 1;
            continue;
          }
          if (char === quote) quote = "";
        } else if ((char === '"' || char === "'") && /(^|[\s[{,:])$/.test(tight)) quote = char;
        else if (char === " " && (tight.endsWith("[") || (line[at + 1] === "]" && tight.trim() !== ""))) continue;
        tight += char;
      }
      return tight;
    })
    .join("\n");
}

/** The same file, comments kept: keys of the top in their order, two spaces, lines to 120; null where it is no YAML map. */
export function formatText(text: string): string | null {
  const document = parseDocument(text, { version: "1.2", prettyErrors: false, logLevel: "silent" });
  if (document.errors.length > 0 || !isMap(document.contents)) return null;
  const map = document.contents;
  const placeOf = (key: unknown): number => {
    const at = KEY_ORDER.indexOf(String(key));
    return at < 0 ? KEY_ORDER.length : at;
  };
  // A comment before the first key belongs to the file, and stays at its top.
  const first = map.items[0];
  const heading = isPair(first) && isScalar(first.key) ? (first.key.commentBefore ?? null) : null;
  if (heading !== null && isPair(first) && isScalar(first.key)) {
    first.key.commentBefore = null;
    document.commentBefore = document.commentBefore == null ? heading : `${document.commentBefore}\n${heading}`;
  }
  const placed = map.items.map((item, at) => ({
    item,
    at,
    place: placeOf(isScalar(item.key) ? item.key.value : item.key),
  }));
  placed.sort((a, b) => a.place - b.place || a.at - b.at);
  map.items = placed.map((one) => one.item);
  visit(document, {
    Scalar(key, node) {
      if (key === "value" && typeof node.value === "string" && node.type === "QUOTE_SINGLE") node.type = "QUOTE_DOUBLE";
    },
  });
  const written = tightLists(document.toString({ ...LAYOUT, commentString: asComment }));
  return written.endsWith("\n") ? written : `${written}\n`;
}

function asComment(comment: string): string {
  return comment
    .split("\n")
    .map((line) => (line === "" ? line : `#${line}`))
    .join("\n");
}

// --------------------------------------------------------------------------------------------------------- the parts

function fileOfOne(scenario: Scenario): ScenarioFile {
  const preset = PRESETS.etcd;
  const { cluster, network } = scenario;
  const raft = raftFile(cluster.raft, preset.raft);
  const { snapshot, compaction, disk } = cluster;
  const snapshotFile = sameValue(snapshot, preset.snapshot)
    ? undefined
    : {
        every: `${snapshot.everyEntries} entries`,
        keep: snapshot.keep,
        catchUp: `${snapshot.catchUpEntries} entries`,
      };
  const networkFile = defined({
    latency: sameValue(network.latency, preset.latency) ? undefined : fileOfDistribution(network.latency),
    clientLatency: sameValue(network.clientLatency, preset.clientLatency)
      ? undefined
      : fileOfDistribution(network.clientLatency),
    loss: network.lossPpm === 0 ? undefined : printPpm(network.lossPpm),
    duplicate: network.duplicatePpm === 0 ? undefined : printPpm(network.duplicatePpm),
    links:
      network.links.length === 0
        ? undefined
        : network.links.map((link) =>
            defined({
              from: fileOfSelector(link.from),
              to: fileOfSelector(link.to),
              both: link.both ? undefined : false,
              latency: fileOfDistribution(link.latency),
            }),
          ),
  });
  const usualTimeout = REQUEST_TIMEOUT_BASE_MICROS + 2 * cluster.raft.electionMicros;
  const expect = [...scenario.expect.map(expectFile), ...(scenario.study === null ? [] : studyFile(scenario.study))];
  return defined({
    apiVersion: API_VERSION,
    name: scenario.name,
    title: scenario.title === scenario.name ? undefined : scenario.title,
    about: scenario.about === "" ? undefined : scenario.about,
    tags: scenario.tags.length === 0 ? undefined : scenario.tags,
    seed: scenario.seed === null ? undefined : seedFile(scenario.seed),
    seeds: scenario.ownSeed ? ("own" as const) : undefined,
    duration: scenario.durationMicros === DURATION_DEFAULT_MICROS ? undefined : formatMicros(scenario.durationMicros),
    stepLimit: scenario.stepLimit === 0 ? undefined : scenario.stepLimit,
    protocol: scenario.protocol === "etcd" ? undefined : scenario.protocol,
    cluster: defined({
      members: membersFile(scenario),
      raft,
      snapshot: snapshotFile,
      compaction:
        compaction.mode === "off"
          ? undefined
          : defined({
              mode: compaction.mode,
              period: compaction.periodMicros === 0 ? undefined : formatMicros(compaction.periodMicros),
              revisions: compaction.revisions === 0 ? undefined : compaction.revisions,
            }),
      quota: cluster.quotaBytes === QUOTA_DEFAULT_BYTES ? undefined : printSize(cluster.quotaBytes),
      disk: sameValue(disk, preset.disk)
        ? undefined
        : { write: fileOfDistribution(disk.write), fsync: fileOfDistribution(disk.fsync) },
      requestTimeout:
        cluster.requestTimeoutMicros === usualTimeout ? undefined : formatMicros(cluster.requestTimeoutMicros),
      corruptCheck: cluster.corruptCheckMicros === 0 ? undefined : formatMicros(cluster.corruptCheckMicros),
      leaseCheckpoint:
        (cluster.leaseCheckpointMicros ?? LEASE_CHECKPOINT_DEFAULT_MICROS) === LEASE_CHECKPOINT_DEFAULT_MICROS
          ? undefined
          : formatMicros(cluster.leaseCheckpointMicros),
    }),
    topology:
      cluster.topology === null
        ? undefined
        : {
            kind: cluster.topology.kind,
            hosts: Object.fromEntries(cluster.topology.hosts.map((host) => [host.name, host.runs])),
          },
    network: Object.keys(networkFile).length === 0 ? undefined : networkFile,
    workload:
      scenario.workload.length === 0
        ? undefined
        : scenario.workload.map((one) => workloadFile(one, scenario.durationMicros)),
    faults: scenario.faults.length === 0 ? undefined : scenario.faults.map(faultFile),
    random: scenario.random === null ? undefined : randomFile(scenario.random),
    mutate: scenario.mutate.length === 0 ? undefined : scenario.mutate,
    budget: scenario.budget.membersDown === null ? undefined : { membersDown: scenario.budget.membersDown },
    over: scenario.study === null ? undefined : { seeds: `${scenario.study.firstSeed}..${scenario.study.lastSeed}` },
    expect: expect.length === 0 ? undefined : expect,
    claims: scenario.claims.length === 0 ? undefined : scenario.claims.map(claimFile),
  });
}

function seedFile(seed: string): string | number {
  const number = Number(seed);
  return Number.isSafeInteger(number) ? number : seed;
}

function claimFile({ id, claim, verdict, condition, figure, real, note }: Claim): ClaimFile {
  return defined({
    id,
    claim,
    verdict,
    condition: condition ?? undefined,
    figure,
    real: real ?? undefined,
    note: note ?? undefined,
  });
}

function raftFile(raft: RaftSettings, under: RaftSettings): RaftFile | undefined {
  const file = defined({
    heartbeat: raft.heartbeatMicros === under.heartbeatMicros ? undefined : formatMicros(raft.heartbeatMicros),
    election: raft.electionMicros === under.electionMicros ? undefined : formatMicros(raft.electionMicros),
    preVote: raft.preVote === under.preVote ? undefined : raft.preVote,
    checkQuorum: raft.checkQuorum === under.checkQuorum ? undefined : raft.checkQuorum,
    readOnly: raft.readOnly === under.readOnly ? undefined : raft.readOnly,
    maxSizePerMsg:
      raft.maxSizePerMsgBytes === under.maxSizePerMsgBytes ? undefined : printSize(raft.maxSizePerMsgBytes),
    maxInflight: raft.maxInflight === under.maxInflight ? undefined : raft.maxInflight,
  });
  return Object.keys(file).length === 0 ? undefined : file;
}

function membersFile(scenario: Scenario): number | (string | { id: string })[] {
  const { cluster } = scenario;
  const listed = cluster.members.map((member) => {
    const host = cluster.topology?.hosts.find((one) => one.runs.includes(`n${member.id}`))?.name ?? null;
    return memberFile(member, cluster.raft, cluster.quotaBytes, host);
  });
  const counted = listed.every((entry, at) => entry === `n${at + 1}`);
  return counted ? listed.length : listed;
}

function memberFile(
  member: MemberSettings,
  raft: RaftSettings,
  quotaBytes: number,
  host: string | null,
): string | { id: string } {
  const file = defined({
    id: `n${member.id}`,
    role: member.role === "voter" ? undefined : member.role,
    zone: member.zone ?? undefined,
    host: member.host === null || member.host === host ? undefined : member.host,
    raft: raftFile(member.raft, raft),
    quota: member.quotaBytes === quotaBytes ? undefined : printSize(member.quotaBytes),
  });
  return Object.keys(file).length === 1 ? file.id : file;
}

function workloadFile(workload: Workload, durationMicros: number): WorkloadFile {
  const { loop, keys } = workload;
  const ops: Record<string, number> = {};
  for (const one of workload.ops) ops[one.op] = one.weight;
  return defined({
    name: workload.name,
    kind: workload.kind === "kv" ? undefined : workload.kind,
    clients: workload.clients,
    rate: loop.kind === "open" ? printRate(loop.operations, loop.perMicros) : undefined,
    closed: loop.kind === "closed" ? (loop.thinkMicros === 0 ? true : formatMicros(loop.thinkMicros)) : undefined,
    ops,
    keys: defined({
      count: keys.count,
      dist: keys.dist === "uniform" ? undefined : keys.dist,
      prefix: keys.prefix === "k" ? undefined : keys.prefix,
    }),
    values: workload.values === "unique" ? undefined : workload.values,
    valueSize: workload.valueBytes === 16 ? undefined : printSize(workload.valueBytes),
    from: workload.fromMicros === 0 ? undefined : formatMicros(workload.fromMicros),
    until: workload.untilMicros === durationMicros ? undefined : formatMicros(workload.untilMicros),
    timeout:
      workload.timeoutMicros === CLIENT_TIMEOUT_DEFAULT_MICROS ? undefined : formatMicros(workload.timeoutMicros),
    ttl: workload.ttlMicros === TTL_DEFAULT_MICROS ? undefined : formatMicros(workload.ttlMicros),
    hold: workload.holdMicros === HOLD_DEFAULT_MICROS ? undefined : formatMicros(workload.holdMicros),
    fencing: workload.fencing ? undefined : false,
    retry: workload.retry === "none" ? undefined : workload.retry,
    endpoints: workload.endpoints.kind === "all" ? undefined : fileOfSelector(workload.endpoints),
    failover: workload.failover ? undefined : false,
    model: workload.model === "etcd" ? undefined : workload.model,
  });
}

/** A fault as it stands in a file, on one line: `crash: n3, for: 35ms`; without its time, and without a name that is its place. */
export function printFault(fault: Fault, at: number): string {
  const { at: _at, when: _when, ...rest } = faultFile(fault, at);
  const document = new Document(rest, { version: "1.2", aliasDuplicateObjects: false });
  if (isMap(document.contents)) document.contents.flow = true;
  const text = tightLists(document.toString({ ...LAYOUT, lineWidth: 0 })).trim();
  return text.replace(/^\{ ?/, "").replace(/ ?\}$/, "");
}

function faultFile(fault: Fault, at: number): FaultFile {
  const trigger = fault.trigger;
  return defined({
    at:
      trigger.kind === "time"
        ? formatMicros(trigger.atMicros)
        : trigger.kind === "event"
          ? { event: trigger.event }
          : undefined,
    when: trigger.kind === "when" ? printPredicate(trigger.predicate) : undefined,
    id: fault.id === `fault-${at + 1}` ? undefined : fault.id,
    ...fileOfAction(fault.action),
    for: fault.forMicros === null ? undefined : formatMicros(fault.forMicros),
  });
}

function randomFile(random: NonNullable<Scenario["random"]>): RandomFile {
  const pick: Record<string, unknown> = {};
  const partition: Record<string, number> = {};
  for (const { kind, weight } of random.pick) {
    const inner = kind.split(".")[1];
    if (inner === undefined) pick[kind] = weight;
    else partition[inner] = weight;
  }
  if (Object.keys(partition).length > 0) pick.partition = partition;
  return defined({
    from: formatMicros(random.fromMicros),
    until: formatMicros(random.untilMicros),
    every: fileOfDistribution(random.every),
    lasting: fileOfDistribution(random.lasting),
    pick: pick as RandomFile["pick"],
    keepQuorum: random.keepQuorum,
    swarm: random.swarm ? true : undefined,
  });
}

function windowFile(window: Window): WindowText {
  return [formatMicros(window.fromMicros), formatMicros(window.untilMicros)];
}

function boundFile(bound: ShareBound | null): string | undefined {
  if (bound === null) return undefined;
  return bound.compare === "=" ? printPpm(bound.ppm) : `${bound.compare} ${printPpm(bound.ppm)}`;
}

function expectFile(expectation: Expectation): ExpectFile {
  switch (expectation.kind) {
    case "always-property":
      return { always: expectation.alias ?? expectation.properties[0] ?? "" };
    case "always":
    case "sometimes":
    case "never":
      return defined({
        [expectation.kind]: printPredicate(expectation.predicate),
        during: expectation.during === null ? undefined : windowFile(expectation.during),
      });
    case "eventually":
      return defined({
        eventually: printPredicate(expectation.predicate),
        after: expectation.afterMicros === 0 ? undefined : formatMicros(expectation.afterMicros),
        within: expectation.withinMicros === null ? undefined : formatMicros(expectation.withinMicros),
      });
    case "at":
      return defined({
        at: expectation.atMicros === AT_END ? undefined : formatMicros(expectation.atMicros),
        holds: printPredicate(expectation.predicate),
      });
    case "violates":
      return { violates: expectation.property };
    case "linearizable":
      return { linearizable: expectation.sinceMicros === 0 ? true : { since: formatMicros(expectation.sinceMicros) } };
    case "availability":
      return {
        availability: defined({
          during: windowFile(expectation.during),
          workload: expectation.workload ?? undefined,
          writes: boundFile(expectation.writes),
          reads: boundFile(expectation.reads),
          all: boundFile(expectation.all),
        }),
      };
    case "data-loss":
      return { dataLoss: expectation.allow.length === 0 ? "none" : { allow: expectation.allow.map(windowFile) } };
    case "scope":
      return {
        scope: defined({
          property: expectation.property,
          from: expectation.fromMicros === null ? undefined : formatMicros(expectation.fromMicros),
        }),
      };
  }
}

function studyFile(study: Study): ExpectFile[] {
  return study.expectations.map((expectation) => ({ [expectation.statistic]: statisticFile(expectation) }));
}

function statisticFile(expectation: StudyExpectation): StatisticFile {
  const unit = unitOf(expectation.statistic, expectation.measure);
  const inner = MEASURES.find((known) => known.id === expectation.measure)?.unit ?? "count";
  const operand = expectation.operand;
  const right =
    operand.kind === "number"
      ? printMeasured(operand.value, unit)
      : operand.factorPpm === 1_000_000
        ? operand.variant
        : `${operand.factorPpm / 1_000_000}x ${operand.variant}`;
  return defined({
    of: expectation.measure,
    variant: expectation.variant ?? undefined,
    is: `${expectation.compare} ${right}`,
    between:
      expectation.fromValue === null || expectation.untilValue === null
        ? undefined
        : ([printMeasured(expectation.fromValue, inner), printMeasured(expectation.untilValue, inner)] as const),
  });
}
