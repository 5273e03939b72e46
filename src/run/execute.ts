// From a scenario and a seed to a result: a run with its checkers, its judge, and the triggers that no time is given for.

import { CROWD, checkCrowd, TWICE_PPM_MAX } from "../checker/crowd.ts";
import { EtcdChecker } from "../checker/etcd-checker.ts";
import { LivenessChecker } from "../checker/liveness.ts";
import { PlainChecker } from "../checker/plain-checker.ts";
import type { Violation } from "../checker/violation.ts";
import type { ChoiceSource } from "../kernel/choose.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { COUNTERS, CounterAt } from "../kernel/counter.ts";
import { digestText } from "../kernel/digest.ts";
import { WAITING_MAX } from "../kernel/limits.ts";
import { PROPERTIES } from "../kernel/property.ts";
import { formatMicros } from "../kernel/time.ts";
import { EtcdProtocol } from "../member/etcd-protocol.ts";
import { PrimaryBackup } from "../member/primary-backup.ts";
import type { Protocol } from "../member/protocol.ts";
import { cloneMemory, createMemory, evaluatePredicate, type PredicateMemory } from "../scenario/evaluate-predicate.ts";
import {
  askedProperties,
  awaitsViolation,
  cloneJudge,
  createJudge,
  exactTimes,
  finish,
  isLooking,
  type Judge,
  judgedFrom,
  observe,
  observeViolation,
  settled,
} from "../scenario/judge.ts";
import type { Predicate } from "../scenario/predicate.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { beginAction } from "../world/actions.ts";
import { EventKind } from "../world/event.ts";
import { isAnswered } from "../world/operator.ts";
import { Trace } from "../world/trace.ts";
import type { World } from "../world/world.ts";
import { createBudget, watchBudget } from "./budget-watch.ts";
import { Collector } from "./collector.ts";
import { type CompiledRun, compileRun, expandScenario, unsupported, unsupportedPlaces } from "./compile-run.ts";
import { Gauge } from "./gauge.ts";
import { judgeLosses } from "./losses.ts";
import type { FaultReport, RunResult, Verdict, ViolationReport } from "./result.ts";
import { Run, type StepRecorder } from "./run.ts";
import { WorldView } from "./run-view.ts";
import type { SavedRun, Waiting } from "./saved-run.ts";
import { judgeSingles } from "./singles.ts";

export { expandScenario, unsupported, unsupportedPlaces };

/** What a run keeps and leaves out. */
export interface RunOptions {
  /** False: no property is checked. Expectations on properties then hold vacuously; for measuring only. */
  readonly checks?: boolean;
  readonly trace?: boolean;
  readonly history?: boolean;
  /** What only a study asks for is measured too. */
  readonly gauge?: boolean;
  /** Where choices come from; by default the generators of the seed. */
  readonly choices?: ChoiceSource;
  /** Ends the run right after the first event that makes it true. */
  readonly until?: Predicate;
  /** Recorded mode: takes the steps on drafts. By default steps change the world in place. */
  readonly recorder?: StepRecorder;
}

/** A run of a scenario, to be driven in slices. */
export class ScenarioRun {
  readonly run: Run;
  readonly scenario: Scenario;
  readonly seed: string;
  readonly collector: Collector;
  readonly checker: EtcdChecker | null = null;
  readonly plain: PlainChecker | null = null;
  readonly liveness: LivenessChecker | null = null;
  private readonly gauge: Gauge | null = null;
  private readonly compiled: CompiledRun;
  private readonly judge: Judge;
  private readonly view: WorldView;
  private readonly also: string[] = [];
  private violation: Violation | null = null;
  private seen: number = 0;
  private plainSeen: number = 0;
  private waiting: Waiting[] = [];
  private lastLook: number = -1;
  /** When more events than this wait, it is looked at what they are. */
  private crowd: number = CROWD;
  private livesSeen: number = 0;
  /** What ends the run when it comes true, and whether it did. */
  private readonly until: { readonly predicate: Predicate; readonly memory: PredicateMemory } | null;
  private stopped: boolean = false;

  /** A run from its start, or with `from` one that goes on from there; then `scenario` and `seed` are those of `from`. */
  constructor(scenario: Scenario, seed: string, options: RunOptions = {}, from: SavedRun | null = null) {
    this.scenario = from === null ? expandScenario(scenario, seed) : scenario;
    this.until = options.until === undefined ? null : { predicate: options.until, memory: createMemory() };
    this.seed = seed;
    this.compiled = from === null ? compileRun(this.scenario) : from.compiled;
    const { plan, etcd, stepLimit } = this.compiled;
    const ids = plan.members.map((member) => member.id);
    const isEtcd = scenario.protocol === "etcd";
    const protocol = isEtcd ? new EtcdProtocol(etcd) : new PrimaryBackup(ids);
    this.run = new Run({
      plan,
      protocol: protocol as unknown as Protocol<unknown, unknown>,
      choices: from === null ? (options.choices ?? new RandomChoices(seed)) : from.image.context.choices.fork(),
      durationMicros: scenario.durationMicros,
      stepLimit,
    });
    const { world, context } = this.run;
    this.view = new WorldView(context.protocol);
    this.judge =
      from === null
        ? createJudge(
            scenario.expect,
            scenario.durationMicros,
            scenario.workload.map((workload) => workload.name),
          )
        : cloneJudge(from.judge);
    if (from !== null) {
      this.checker = from.checker === null ? null : from.checker.fork(world);
      this.plain = from.plain === null ? null : from.plain.fork(world);
      if (from.liveness !== null && this.checker !== null) this.liveness = from.liveness.fork(this.checker, plan, etcd);
    } else if (options.checks !== false) {
      if (isEtcd) {
        const checker = new EtcdChecker(world, plan.workloads);
        const asked = askedProperties(scenario.expect);
        for (const { id, group } of PROPERTIES) {
          const since = judgedFrom(scenario.expect, id);
          if (since === null || (group === "client" && !asked.includes(id)))
            checker.notBefore.set(id, Number.POSITIVE_INFINITY);
          else if (since > 0) checker.notBefore.set(id, since);
        }
        this.checker = checker;
        this.liveness = new LivenessChecker(checker, plan, etcd);
      } else this.plain = new PlainChecker(world);
    }
    if (this.checker !== null) {
      (protocol as unknown as EtcdProtocol).observer = this.checker;
      context.lifeObserver = this.checker;
      this.run.bound.push(this.checker);
    }
    if (this.plain !== null) this.run.bound.push(this.plain);
    const singles = [];
    for (const [position, { action }] of this.compiled.faults.entries()) {
      if (action.kind === "clientOp") singles.push({ position, client: action.client });
    }
    const next = this.checker ?? this.plain;
    if (from === null) {
      this.collector = new Collector(world, this.judge, next, singles);
      if (isEtcd) this.collector.budget = createBudget(scenario.budget.membersDown);
      if (options.gauge === true) this.gauge = new Gauge(context.protocol);
      this.collector.gauge = this.gauge;
      if (options.history === true) {
        this.collector.history = [];
        this.collector.programs = [];
      }
      if (scenario.expect.some((expectation) => expectation.kind === "data-loss")) this.collector.acknowledged = [];
    } else this.collector = from.collector.fork(world, this.judge, next, singles);
    this.run.bound.push(this.collector);
    context.clientObserver = this.collector;
    context.programObserver = this.collector;
    this.collector.programNext = this.checker;
    if (options.trace === true) context.trace = new Trace();
    this.run.looks = exactTimes(scenario.expect);
    this.run.onLook = () => this.look(true);
    this.run.observers.push({ stepped: (now, member) => this.stepped(now, member) });
    if (from === null) this.begin(options);
    else this.resume(from, options);
  }

  private begin(options: RunOptions): void {
    for (const [position, fault] of this.compiled.faults.entries()) {
      if (fault.trigger.kind === "time") continue;
      this.waiting.push({
        position,
        event: fault.trigger.kind === "event" ? fault.trigger.event : 0,
        predicate: fault.trigger.kind === "when" ? fault.trigger.predicate : null,
        memory: createMemory(),
      });
    }
    this.run.begin();
    this.collector.noteLife();
    this.run.recorder = options.recorder ?? null;
    this.look(true);
  }

  private resume(from: SavedRun, options: RunOptions): void {
    this.run.recorder = options.recorder ?? null;
    this.run.resume(from.image);
    this.waiting = from.waiting.map((one) => ({ ...one, memory: cloneMemory(one.memory) }));
    for (const property of from.violated) this.view.violated.push(property);
    for (const property of from.also) this.also.push(property);
    this.violation = from.violation;
    this.seen = from.seen;
    this.plainSeen = from.plainSeen;
    this.lastLook = from.lastLook;
    this.crowd = from.crowd;
    this.livesSeen = from.livesSeen;
    // The view is made anew before each look.
  }

  /** The run as it is now, between two events: to go on from there as often as one likes. */
  save(): SavedRun {
    const image = this.run.save();
    const checker = this.checker === null ? null : this.checker.fork(image.world);
    const plain = this.plain === null ? null : this.plain.fork(image.world);
    const { plan, etcd } = this.compiled;
    const judge = cloneJudge(this.judge);
    return {
      scenario: this.scenario,
      seed: this.seed,
      compiled: this.compiled,
      image,
      checker,
      plain,
      liveness: this.liveness === null || checker === null ? null : this.liveness.fork(checker, plan, etcd),
      collector: this.collector.fork(image.world, judge, null, []),
      judge,
      waiting: this.waiting.map((one) => ({ ...one, memory: cloneMemory(one.memory) })),
      violated: this.view.violated.slice(),
      also: this.also.slice(),
      violation: this.violation,
      seen: this.seen,
      plainSeen: this.plainSeen,
      lastLook: this.lastLook,
      crowd: this.crowd,
      livesSeen: this.livesSeen,
    };
  }

  /** How far the run is. */
  get progress(): { atMicros: number; durationMicros: number; steps: number } {
    return {
      atMicros: this.run.world.atMicros,
      durationMicros: this.scenario.durationMicros,
      steps: this.run.world.steps,
    };
  }

  /** Takes up to `maxEvents` events; true when the run is over. */
  advance(maxEvents: number): boolean {
    return this.run.advance(maxEvents);
  }

  private stepped(world: World, member: number): boolean {
    const kind = this.run.context.queue.kind;
    if (this.checker !== null) {
      this.checker.stepped(world, member);
      if (this.liveness !== null) this.liveness.stepped(world);
      if (this.run.context.queue.size > this.crowd) this.lookAtCrowd(this.checker, world);
    }
    if (member !== 0) this.collector.noteLeader(member);
    if (kind === EventKind.FaultBegins || kind === EventKind.FaultEnds || kind === EventKind.Operator) {
      for (const id of world.ids) this.collector.noteLeader(id);
      this.livesChanged(world);
    }
    // A process may also end itself, and an operator brings new ones, at any step.
    const lives = (world.counters[CounterAt.crash] as number) + world.ids.length;
    if (lives !== this.livesSeen) {
      this.livesSeen = lives;
      this.livesChanged(world);
    }
    if (this.gauge !== null) this.gauge.stepped(world, member);
    if (this.waiting.length > 0) this.fireWaiting(world);
    if (this.findViolations()) return true;
    this.look(false);
    return this.until !== null && this.comesTrue(this.until.predicate, this.until.memory);
  }

  /** So much waits that it may be messages that beget messages; looked at again when twice as much does. */
  private lookAtCrowd(checker: EtcdChecker, world: World): void {
    const { queue } = this.run.context;
    this.crowd = queue.size * 2;
    if (this.compiled.plan.duplicatePpm <= TWICE_PPM_MAX) checkCrowd(checker, queue, world);
  }

  /** Faults began or ended, members came or went. */
  private livesChanged(world: World): void {
    this.collector.noteLife();
    const { budget } = this.collector;
    if (budget !== null) watchBudget(budget, world, this.checker === null ? [] : this.checker.ghost.disksLost);
    if (this.gauge !== null) this.gauge.changed(world);
  }

  private comesTrue(predicate: Predicate, memory: PredicateMemory): boolean {
    this.view.refresh(this.run.world);
    this.stopped = evaluatePredicate(predicate, this.view, memory);
    return this.stopped;
  }

  /** Lets the judge look, when it waits for something. */
  private look(exact: boolean): void {
    const world = this.run.world;
    if (!exact && (world.steps === this.lastLook || !isLooking(this.judge, world.atMicros))) return;
    this.lastLook = world.steps;
    this.view.refresh(world);
    observe(this.judge, this.view);
  }

  private fireWaiting(world: World): void {
    this.view.refresh(world);
    for (let at = 0; at < this.waiting.length; ) {
      const { position, event, predicate, memory } = this.waiting[at] as Waiting;
      const due = predicate === null ? world.steps >= event : evaluatePredicate(predicate, this.view, memory);
      if (!due) {
        at++;
        continue;
      }
      this.waiting.splice(at, 1);
      this.run.change((changing) => void beginAction(changing, this.run.context, position));
      const now = this.run.world;
      this.view.bind(now);
      if (this.checker !== null) for (const id of now.ids) this.checker.stepped(now, id);
      for (const id of now.ids) this.collector.noteLeader(id);
      this.livesChanged(now);
    }
  }

  /** Takes what checkers found; true when the run is to stop. */
  private findViolations(): boolean {
    let stop = false;
    if (this.checker !== null) {
      const found = this.checker.violations;
      while (this.seen < found.length && !stop) stop = this.found(found[this.seen++] as Violation);
    }
    if (this.plain !== null) {
      const found = this.plain.violations;
      while (this.plainSeen < found.length && !stop) stop = this.found(found[this.plainSeen++] as Violation);
    }
    return stop;
  }

  private found(violation: Violation): boolean {
    const waits = awaitsViolation(this.judge);
    this.view.violated.push(violation.property);
    observeViolation(this.judge, violation.property, violation.atMicros, violation.text);
    if (waits && awaitsViolation(this.judge)) {
      if (!this.also.includes(violation.property)) this.also.push(violation.property);
      return false;
    }
    this.violation = violation;
    return true;
  }

  /** What the run came to. `interrupted`: it was stopped from outside. */
  result(interrupted: boolean = false): RunResult {
    const { run, scenario, collector } = this;
    const over = run.end !== null && !this.stopped;
    const decides = over && run.end !== "steps" && run.end !== "storm";
    if (run.end === "time" || run.end === "idle") run.setTime(scenario.durationMicros);
    const { world, context } = run;
    if (this.checker !== null && collector.acknowledged !== null && run.end === "time")
      judgeLosses(world, this.checker, collector.acknowledged, this.judge);
    this.view.refresh(world);
    const expectations = decides ? finish(this.judge, this.view) : settled(this.judge);
    const expected = scenario.expect.some((expectation) => expectation.kind === "violates");
    const singles = decides
      ? judgeSingles(this.compiled.faults, world.timetable, collector.singles, expectations.length)
      : [];
    const all = [...expectations, ...singles];
    const firstFailed = all.find((expectation) => !expectation.held);
    let verdict: Verdict = "held";
    let violation: ViolationReport | null = null;
    let note = "";
    if (this.violation !== null) {
      const { property, step, atMicros, members, text, evidence } = this.violation;
      violation = { property, step, atMicros, members, text, evidence, also: this.also };
      verdict = expected ? "held" : "violated";
    } else if (!over && !this.stopped) {
      verdict = "undecided";
      note = interrupted ? "interrupted" : "not over";
    } else if (firstFailed !== undefined) {
      verdict = "violated";
      violation = {
        property: firstFailed.name,
        step: world.steps,
        atMicros: firstFailed.atMicros < 0 ? world.atMicros : firstFailed.atMicros,
        members: [],
        text: `expected ${firstFailed.expected}; ${firstFailed.seen}`,
        evidence: [],
        also: this.also,
      };
    } else if (run.end === "storm") {
      verdict = "undecided";
      note = `more than ${WAITING_MAX} events waited at ${formatMicros(world.atMicros)}: messages multiply${this.mostOf()}`;
    } else if (this.stopped || run.end === "steps") {
      verdict = "undecided";
      note = this.stopped
        ? `stopped at ${formatMicros(world.atMicros)}, as asked for, after event ${world.steps}`
        : `the limit of ${this.compiled.stepLimit} events was reached at ${formatMicros(world.atMicros)}`;
    } else if (this.plain !== null && this.plain.undecided !== null) {
      verdict = "undecided";
      note = this.plain.undecided;
    }
    const coverage: Record<string, number> = {};
    for (const [at, name] of COUNTERS.entries()) {
      const count = world.counters[at] as number;
      if (count > 0) coverage[name] = count;
    }
    return {
      scenario: scenario.name,
      variant: scenario.variant,
      seed: this.seed,
      verdict,
      violation,
      expectations: all,
      events: world.steps,
      messages: context.delivered,
      virtualMicros: world.atMicros,
      durationMicros: scenario.durationMicros,
      operations: { ok: collector.ok, failed: collector.failed, unknown: collector.unknown },
      writes: { invoked: collector.writesInvoked, ok: collector.writesOk },
      reads: { invoked: collector.readsInvoked, ok: collector.readsOk },
      digest: digestText(context.digest),
      checkpoints: run.checkpoints,
      coverage,
      faults: this.faultReports(),
      leaders: collector.leaders,
      away: collector.away,
      members: world.ids,
      beyond: collector.budget === null ? [] : collector.budget.beyond,
      ...(this.gauge === null ? {} : { numbers: this.gauge.result() }),
      interrupted: interrupted || this.stopped,
      note,
    };
  }

  /** The type of message that most of the waiting ones have. */
  private mostOf(): string {
    const { queue, protocol } = this.run.context;
    const counts = new Map<string, number>();
    let most = "";
    for (const slot of queue.slotsOf(EventKind.Message)) {
      const type = protocol.messageType(queue.at(slot).payload);
      const count = (counts.get(type) ?? 0) + 1;
      counts.set(type, count);
      if (count > (counts.get(most) ?? 0)) most = type;
    }
    return most === "" ? "" : `, most of them ${most}`;
  }

  private faultReports(): FaultReport[] {
    return this.compiled.faults.map((fault, position) => {
      const state = this.run.world.timetable[position] as World["timetable"][number];
      let { status, note } = state;
      if (this.run.end !== null) {
        if (status === "waiting") note = this.whyNever(fault);
        else if (status === "active" && isAnswered(fault.action)) {
          // What the cluster was asked for and has not done when the run is over had no effect.
          status = "ineffective";
          if (note === "") note = "it was not answered before the end";
        }
      }
      const { firedAtMicros, targets } = state;
      const ended = status === "done" && fault.forMicros !== null;
      return {
        id: fault.id,
        kind: fault.action.kind,
        status,
        firedAtMicros,
        endedAtMicros: ended ? firedAtMicros + (fault.forMicros ?? 0) : null,
        targets,
        note,
      };
    });
  }

  private whyNever({ trigger }: Fault): string {
    const { world } = this.run;
    if (trigger.kind === "when") return "its condition never became true";
    if (trigger.kind === "event") return `the run had ${world.steps} events, and it waited for event ${trigger.event}`;
    return "";
  }
}

/** Sets off a run of a scenario. `seed` is canonical. Precondition: `unsupported(scenario)` is empty. */
export function startRun(scenario: Scenario, seed: string, options: RunOptions = {}): ScenarioRun {
  return new ScenarioRun(scenario, seed, options);
}

/** Goes on with a run where `saved` was taken. */
export function resumeRun(saved: SavedRun, options: Pick<RunOptions, "trace" | "recorder"> = {}): ScenarioRun {
  return new ScenarioRun(saved.scenario, saved.seed, options, saved);
}

/** Runs a scenario to its end. */
export function executeScenario(scenario: Scenario, seed: string, options: RunOptions = {}): RunResult {
  const run = startRun(scenario, seed, options);
  while (!run.advance(1 << 20)) {
    // Goes on until it is over.
  }
  return run.result();
}
