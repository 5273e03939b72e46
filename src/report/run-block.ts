// One run in full, for people: what it was, a picture of it, what was seen, what was expected, and how to run it again. A
// run that failed begins with what is needed to act: the property, the moment, one sentence, the command.

import { PROGRAM_VERSION } from "../kernel/engine.ts";
import { propertyOf } from "../kernel/property.ts";
import { formatMicros } from "../kernel/time.ts";
import type { FaultReport, LeaderReport, RunResult, Verdict } from "../run/result.ts";
import { judgedFrom } from "../scenario/judge.ts";
import { clientCount } from "../scenario/scenario.ts";
import { counted, faultName, grouped, memberName, percentage, shortTime, spentTime } from "./figures.ts";
import { brokenText, fillItems, fillText, LABEL_COLUMNS, labelSpan, separated, spread } from "./fill.ts";
import { laneLines } from "./lanes.ts";
import { minimalLines } from "./minimal-lines.ts";
import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import type { Layout } from "./signs.ts";
import { BLANK, type Line, lineColumns, type Span, span } from "./span.ts";
import { type Story, shorterStory } from "./story.ts";
import { caseLines, type RunCase } from "./story-case.ts";
import { timelineLines } from "./timeline.ts";

/** Leaders that are listed; of more, the first and how many. */
const LEADERS_MAX = 6;
/** Lines of evidence of a violation. */
const EVIDENCE_MAX = 14;
/** Faults without effect that are named. */
const INEFFECTIVE_MAX = 4;

/** The line above all runs: `lockstep 0.5.0 · engine e5 · node 20.20.2`. `host` is what it runs on. */
export function bannerLine(engine: string, host: string, layout: Layout): Line {
  const point = ` ${layout.signs.point} `;
  return [span("lockstep", "strong"), span(` ${PROGRAM_VERSION}${point}engine ${engine}${point}${host}`, "dim")];
}

/** The sign and colour of a verdict. */
export function verdictSpan(verdict: Verdict, layout: Layout): Span {
  switch (verdict) {
    case "held":
      return span(layout.signs.held, "good");
    case "undecided":
      return span(layout.signs.undecided, "warn");
    default:
      return span(layout.signs.violated, "bad");
  }
}

/** The run in full. */
export function runBlock(run: ReportedRun, layout: Layout): Line[] {
  const { result } = run;
  const head = result.verdict === "held" ? heldHead(run, layout) : troubleHead(run, layout);
  const minimal = run.minimal === undefined ? [] : minimalLines(run.minimal, layout);
  const before = [head, minimal, timelineLines(result, run.scenario, layout)];
  const after = [
    whyLines(run, layout),
    factLines(run, layout),
    isCutShort(result) ? [] : expectationLines(run, layout),
    tokenLines(run),
  ];
  const { story } = run;
  if (story === undefined) return separated([...before, ...after]);
  const bars = story.against === null ? [] : barLines(story.against, layout);
  const others = separated([...before, bars, ...after]).length;
  return separated([...before, storyLines(story, BLOCK_LINES - others - 1, layout), bars, ...after]);
}

/** Lines of a run that failed: with what stands around it no more than 60, as what is longer is not read. */
const BLOCK_LINES = 55;
/** Rows of lanes that are shown however long the rest is. */
const ROWS_MIN = 6;

/** The lanes, with as many rows as there is room for. */
function storyLines(story: Story, room: number, layout: Layout): Line[] {
  let lines = laneLines(story, layout);
  for (let rows = story.rows.length - 1; rows >= ROWS_MIN && lines.length > room; rows--)
    lines = laneLines(shorterStory(story, rows), layout);
  return lines;
}

/** What clients saw, and why no order explains it. */
function barLines(against: RunCase, layout: Layout): Line[] {
  const lines = caseLines(against, layout);
  return [...lines, ...fillText([span("  ")], against.against.evidence.sentence, "plain", layout.width)];
}

/** Longer tokens are shown only where they are asked for. */
const TOKEN_SHOWN = 200;

/** The run in one word. It is never broken, as it is there to be copied. */
function tokenLines({ token, tokenInFull, result }: ReportedRun): Line[] {
  if (token === undefined || result.verdict === "held") return [];
  const shown = token.length <= TOKEN_SHOWN || tokenInFull === true;
  return [
    [labelSpan("token"), span(shown ? token : `${counted(token.length, "character")}; replay --token shows it`, "dim")],
  ];
}

/** A run that a property ended: what was still expected of it says nothing. */
function isCutShort(result: RunResult): boolean {
  if (result.verdict === "held") return false;
  return result.violation !== null && propertyOf(result.violation.property) !== undefined;
}

/** Seed, size, time and events in one line of items. */
function sizeItems(run: ReportedRun, withSeed: boolean): Line[] {
  const { result, scenario } = run;
  const took = run.wallMicros === null ? "" : ` in ${spentTime(run.wallMicros)}`;
  const items = [
    ...(withSeed ? [`seed ${result.seed}`] : []),
    counted(scenario.cluster.members.length, "member"),
    `${shortTime(result.virtualMicros)} virtual${took}`,
    counted(result.events, "event"),
  ];
  const clients = clientCount(scenario);
  if (clients > 0) items.push(counted(clients, "client"));
  return items.map((item) => [span(item)]);
}

/** What stands between items. */
function point(layout: Layout): Span {
  return span(` ${layout.signs.point} `, "dim");
}

function heldHead(run: ReportedRun, layout: Layout): Line[] {
  const { scenario } = run;
  const name = [verdictSpan("held", layout), span(" "), span(runName(run), "strong")];
  const title = scenario.title === scenario.name ? [] : [span(scenario.title, "dim")];
  const lines = spread(name, title, layout.width);
  lines.push(...fillItems(span("  "), sizeItems(run, true), point(layout), layout.width));
  return lines;
}

/** What is needed to act, within five lines. */
function troubleHead(run: ReportedRun, layout: Layout): Line[] {
  const { result } = run;
  const sign = verdictSpan(result.verdict, layout);
  const where = [span(run.file ?? runName(run)), ...(result.variant === null ? [] : [span(` ${result.variant}`)])];
  const tail: Line = [...where, span(`  seed ${result.seed}`, "strong")];
  const lines = fillText([sign, span(" ")], headline(result), "strong", layout.width);
  lines.push(...spread(lines.pop() as Line, tail, layout.width));
  const text = result.violation?.text ?? (result.interrupted && !isStopped(result) ? "" : result.note);
  if (text !== "") for (const part of brokenText(text, layout.width - 4)) lines.push([span(`  ${part}`)]);
  const command = replayCommand(run);
  if (command !== null) lines.push([labelSpan("REPLAY"), span(command, "command")]);
  if (run.artifact !== null) lines.push([labelSpan("ARTIFACT"), span(run.artifact)]);
  lines.push(BLANK, ...fillItems(span("  "), sizeItems(run, false), point(layout), layout.width));
  return lines;
}

/** It was told where to stop, by `--until` or `--break`. */
function isStopped(result: RunResult): boolean {
  return result.interrupted && result.note.startsWith("stopped");
}

/** What happened, in a few words: `election-safety violated at 1.842s (event 2,317 of 8,412)`. */
export function headline(result: RunResult): string {
  const violation = result.violation;
  if (result.verdict === "error") return `internal error at ${formatMicros(result.virtualMicros)}`;
  if (result.interrupted && result.violation === null)
    return `${isStopped(result) ? "stopped" : "interrupted"} at ${shortTime(result.virtualMicros)}`;
  if (result.verdict === "undecided") return `undecided at ${shortTime(result.virtualMicros)}`;
  if (violation === null) return result.verdict;
  const failed = /^expectation\/(\d+)$/.exec(violation.property);
  if (failed !== null) return `expectation ${failed[1]} failed at ${formatMicros(violation.atMicros)}`;
  const place = `event ${grouped(violation.step)} of ${grouped(result.events)}`;
  return `${violation.property} violated at ${formatMicros(violation.atMicros)} (${place})`;
}

/** Liveness is judged where this is so, and nowhere else. */
const RECOVERY = "was possible: no fault was to come, a majority was up, and one of it reached a majority";

/** Evidence and rule of a violation. */
function whyLines(run: ReportedRun, layout: Layout): Line[] {
  const { violation, verdict } = run.result;
  if (violation === null) return [];
  const lines: Line[] = [];
  if (verdict === "held") {
    lines.push(
      ...fillText(
        [labelSpan("found")],
        `${violation.property} at ${formatMicros(violation.atMicros)} (event ${grouped(violation.step)}), as the scenario wants: ${violation.text}`,
        "plain",
        layout.width,
      ),
    );
  }
  // Where the operations themselves were shown, and why no order explains them, a list of them says nothing more.
  const shown = run.story?.against == null ? violation.evidence : [];
  for (const [at, text] of shown.slice(0, EVIDENCE_MAX).entries())
    lines.push(...fillText([labelSpan(at === 0 ? "why" : "")], text, "plain", layout.width));
  const rest = shown.length - EVIDENCE_MAX;
  if (rest > 0) lines.push([labelSpan(""), span(`and ${counted(rest, "more line")} in the artifact`, "dim")]);
  const property = propertyOf(violation.property);
  if (property !== undefined)
    lines.push(
      ...fillText([labelSpan("rule"), span(`${property.code} `, "dim")], property.rule, "plain", layout.width),
    );
  if (property?.group === "liveness" && !violation.text.includes("recovery was possible"))
    lines.push(...fillText([labelSpan("recovery")], RECOVERY, "plain", layout.width));
  if (violation.also.length > 0)
    lines.push(...fillText([labelSpan("before it")], violation.also.join(", "), "plain", layout.width));
  return lines;
}

function factLines(run: ReportedRun, layout: Layout): Line[] {
  const { result } = run;
  const between = point(layout);
  const lines: Line[] = [...leaderLines(run, layout)];
  const { ok, failed, unknown } = result.operations;
  if (ok + failed + unknown > 0) {
    const items: Line[] = [[span(`${grouped(ok)} ok`)], [span(`${grouped(failed)} failed`)]];
    items.push([span(`${grouped(unknown)} unknown`)]);
    const judged = linearizabilityOf(run);
    if (judged !== null) items.push([judged]);
    lines.push(...fillItems(labelSpan("operations"), items, between, layout.width));
    const shares: Line[] = [];
    const { writes, reads } = result;
    if (writes.invoked > 0)
      shares.push([
        span(`writes ${percentage(writes.ok, writes.invoked)}`),
        span(` of ${grouped(writes.invoked)}`, "dim"),
      ]);
    if (reads.invoked > 0)
      shares.push([span(`reads ${percentage(reads.ok, reads.invoked)}`), span(` of ${grouped(reads.invoked)}`, "dim")]);
    if (shares.length > 0) lines.push(...fillItems(labelSpan("available"), shares, between, layout.width));
  }
  lines.push(...faultLines(result, layout));
  lines.push(...budgetLines(result, layout));
  const seen = coverageItems(result);
  if (seen.length > 0) lines.push(...fillItems(labelSpan("seen"), seen, between, layout.width));
  if (result.note !== "" && result.violation !== null)
    lines.push(...fillText([labelSpan("note")], result.note, "warn", layout.width));
  lines.push([labelSpan("digest"), span(result.digest)]);
  return lines;
}

/** How the history was judged, where there is one and it is judged at all. */
function linearizabilityOf(run: ReportedRun): Span | null {
  const from = judgedFrom(run.scenario.expect, "linearizability");
  if (from === null || run.result.verdict === "error") return null;
  const violated = run.result.violation;
  const broken = violated?.property === "linearizability" || violated?.also.includes("linearizability") === true;
  if (broken) return span("not linearizable", "bad");
  if (run.result.note.includes("outgrew")) return span("not judged to the end", "warn");
  const until = run.result.virtualMicros < run.result.durationMicros ? " until then" : "";
  return span(`linearizable${from === 0 ? "" : ` since ${formatMicros(from)}`}${until}`, "good");
}

function leaderLines(run: ReportedRun, layout: Layout): Line[] {
  const { leaders } = run.result;
  if (run.scenario.protocol !== "etcd") return [];
  if (leaders.length === 0) return [[labelSpan("leaders"), span("none", "warn")]];
  const { signs } = layout;
  const items: Line[] = [];
  for (const [at, leader] of leaders.slice(0, LEADERS_MAX).entries()) {
    const before = leaders[at - 1];
    const link = before === undefined ? "" : `${isBeside(before, leader) ? signs.beside : signs.next} `;
    const until = shortTime(leader.untilMicros ?? run.result.virtualMicros);
    items.push([
      span(link, "dim"),
      span(`${memberName(leader.member)} t${leader.term}`, "leader"),
      span(` ${shortTime(leader.fromMicros)}${signs.range}${until}`),
    ]);
  }
  if (leaders.length > LEADERS_MAX) items.push([span(`and ${leaders.length - LEADERS_MAX} more`, "dim")]);
  if (run.result.verdict !== "error" && leaders.length > 1 && isOnePerTerm(leaders))
    items.push([span(`${signs.point} never two in one term`, "good")]);
  return fillItems(labelSpan("leaders"), items, span(" "), layout.width);
}

function isBeside(before: LeaderReport, leader: LeaderReport): boolean {
  return before.untilMicros === null || before.untilMicros > leader.fromMicros;
}

function isOnePerTerm(leaders: readonly LeaderReport[]): boolean {
  return leaders.every((one) => leaders.every((other) => one.term !== other.term || one.member === other.member));
}

function faultLines(result: RunResult, layout: Layout): Line[] {
  if (result.faults.length === 0) return [];
  const took = result.faults.filter((fault) => fault.status === "active" || fault.status === "done");
  const without = result.faults.filter((fault) => fault.status === "ineffective");
  // Of a run that ended early it says nothing that some had yet to come.
  const waiting =
    result.virtualMicros < result.durationMicros ? [] : result.faults.filter((fault) => fault.status === "waiting");
  const items: Line[] = [[span(`${grouped(took.length)} of ${grouped(result.faults.length)} took effect`)]];
  if (without.length > 0) items.push([span(`${grouped(without.length)} without effect`, "warn")]);
  if (waiting.length > 0) items.push([span(`${grouped(waiting.length)} never came`, "warn")]);
  const lines = fillItems(labelSpan("faults"), items, point(layout), layout.width);
  const odd = took.filter((fault) => fault.note !== "");
  const named: readonly FaultReport[] = [...without, ...waiting, ...odd];
  for (const fault of named.slice(0, INEFFECTIVE_MAX)) {
    const when = fault.status === "waiting" ? "never came" : `at ${shortTime(fault.firedAtMicros)}`;
    const note = fault.note === "" ? "" : `: ${fault.note}`;
    lines.push(...fillText([labelSpan("")], `${faultName(fault)} ${when}${note}`, "dim", layout.width));
  }
  if (named.length > INEFFECTIVE_MAX)
    lines.push([span(" ".repeat(LABEL_COLUMNS)), span(`and ${named.length - INEFFECTIVE_MAX} more`, "dim")]);
  return lines;
}

/** When more was away than the cluster is meant to survive. */
function budgetLines(result: RunResult, layout: Layout): Line[] {
  return result.beyond.slice(0, BEYOND_MAX).flatMap(({ what, members, tolerated, fromMicros, untilMicros }, at) => {
    const stretch = `${shortTime(fromMicros)}${layout.signs.range}${shortTime(untilMicros ?? result.virtualMicros)}`;
    const who = members.map(memberName).join(" ");
    const away = what === "members" ? `${who} away` : `the volumes of ${who} lost`;
    const more =
      at + 1 === BEYOND_MAX && result.beyond.length > BEYOND_MAX
        ? `, and ${result.beyond.length - at - 1} times more`
        : "";
    const text = `exceeded ${stretch}: ${away}, ${tolerated} may be${more}`;
    return fillText([labelSpan(at === 0 ? "budget" : "")], text, "plain", layout.width);
  });
}

/** Stretches beyond the budget that are told one by one. */
const BEYOND_MAX = 3;

/** Counters that other lines say already. */
const TOLD: readonly string[] = [
  "operation-ok",
  "operation-failed",
  "operation-unknown",
  "write-ok",
  "read-ok",
  "fault-effective",
  "fault-ineffective",
];

function coverageItems(result: RunResult): Line[] {
  const items: Line[] = [];
  for (const name of Object.keys(result.coverage)) {
    const value = result.coverage[name] ?? 0;
    if (value > 0 && !TOLD.includes(name)) items.push([span(`${name} `), span(grouped(value), "strong")]);
  }
  return items;
}

/** What was expected; of what came true only as much of the seen as there is room for. */
function expectationLines(run: ReportedRun, layout: Layout): Line[] {
  const lines: Line[] = [];
  for (const [at, { held, expected, seen }] of run.result.expectations.entries()) {
    const head = [labelSpan(at === 0 ? "expected" : ""), verdictSpan(held ? "held" : "violated", layout), span(" ")];
    const own = fillText(head, expected, held ? "plain" : "bad", layout.width);
    const said = span(`${layout.signs.dash} ${seen}`, "dim");
    const last = own.pop() as Line;
    if (seen !== "" && lineColumns(last) + 2 + lineColumns([said]) <= layout.width)
      lines.push(...own, [...last, span("  "), said]);
    else {
      lines.push(...own, last);
      if (!held && seen !== "")
        lines.push(...fillText([span(" ".repeat(LABEL_COLUMNS + 2))], said.text, "plain", layout.width));
    }
  }
  const open = run.scenario.expect.length - run.result.expectations.length;
  if (open > 0 && run.result.verdict === "undecided") {
    const text = `${grouped(open)} of ${grouped(run.scenario.expect.length)} were still open`;
    lines.push([labelSpan(lines.length === 0 ? "expected" : ""), span(text, "warn")]);
  }
  return lines;
}
