// The words that a report uses for what a scenario expects, beside the properties: expectations, tests, counters, measures and
// statistics. What each means, in a sentence, and how it is written in a file.

import type { Counter } from "../kernel/counter.ts";
import type { Expectation } from "../scenario/expectation.ts";
import type { Predicate } from "../scenario/predicate.ts";
import type { Measure, Statistic } from "../scenario/study.ts";

/** One word of a report. */
export interface WordText {
  readonly word: string;
  /** What sort of word it is. */
  readonly sort: string;
  readonly meaning: string;
  /** As it stands in a scenario. */
  readonly example: string;
}

type Told<Word extends string> = Readonly<Record<Word, readonly [meaning: string, example: string]>>;
type Meant<Word extends string> = Readonly<Record<Word, string>>;

const EXPECTATIONS: Told<Exclude<Expectation["kind"], "always-property">> = {
  always: [
    "true whenever it is looked at, in the window or in the whole run; with a property: it never fires",
    'always: "leaders <= 1"',
  ],
  sometimes: ["true at least once, in the window or in the whole run", "sometimes: { leader: n3 }"],
  never: ["at no moment true, in the window or in the whole run", 'never: "commits(n1, n2)"'],
  eventually: [
    "true at some moment after a time, and within a span of it where one is given",
    "eventually: { converged: true }",
  ],
  at: [
    "true at exactly that time, after every event of it; without a time at the end of the run",
    "{ at: 5s, leaders: 1 }",
  ],
  violates: [
    "a world broken on purpose: the property must fire, and the run goes on until it does",
    "violates: election-safety",
  ],
  linearizable: [
    "what clients saw has an order that explains it: each operation takes effect at one moment between call and answer",
    "linearizable: true",
  ],
  availability: [
    "the share of operations begun in the window that were answered ok",
    'availability: { during: [2s, 8s], writes: ">= 95%" }',
  ],
  "data-loss": [
    "no write that was acknowledged is gone at the end, or only those acknowledged within the windows that are allowed",
    "dataLoss: none",
  ],
  scope: [
    "the property is not judged before that time, or not at all, because of what the scenario is about",
    "scope: { property: linearizability, from: 3s }",
  ],
};

const TESTS: Told<Exclude<Predicate["kind"], "all" | "any" | "not" | "counter"> | "down"> = {
  leaders: ["how many members that are up call themselves leader", 'sometimes: "leaders(same-term) >= 2"'],
  leader: ["one of these members is a leader", "sometimes: { leader: n3 }"],
  role: ["all of these members have the role", 'sometimes: "role(n2) = follower"'],
  up: ["all of these members run", "{ at: 5s, up: n1 }"],
  down: ["all of these members are down", "{ at: 5s, down: n1 }"],
  term: ["the highest term among these members", '{ at: 5s, term: ">= 2" }'],
  commit: ["the highest commit index among these members", '{ at: 5s, commit: ">= 10" }'],
  applied: ["the highest applied index among these members", '{ at: 5s, applied: ">= 10" }'],
  "last-index": ["the highest index of a log entry among these members", 'sometimes: "last-index(n1) >= 10"'],
  commits: [
    "the highest commit index among these members is above what it was at the beginning of the window",
    'never: "commits(n1, n2)"',
  ],
  converged: [
    "all of these members that are up have the same term, commit index and applied index, and there is a leader",
    "eventually: { converged: true }",
  ],
  time: ["the virtual time", 'when: "time >= 3s and leader(n1)"'],
  event: ["the number of the event", 'when: "event >= 1000"'],
  violated: ["the property with that id has fired", 'sometimes: "violated(vote-once)"'],
};

const COUNTERS: Meant<Counter> = {
  election: "a member became candidate; pre-candidates do not count",
  "leader-change": "a member became leader, the first of the run included",
  "two-leaders": "a member became leader while another still believed to be one",
  "split-vote": "a candidate went into a new term, and nobody had won the last",
  "step-down": "a leader became follower without a crash",
  transfer: "a handover of the leader's office was asked for",
  "uncommitted-overwritten": "log entries that were not committed were dropped for those of a leader",
  "snapshot-taken": "a member wrote a snapshot",
  "snapshot-sent": "a leader sent a snapshot to a member",
  "snapshot-installed": "a member took the state of a snapshot that was sent to it",
  compaction: "a member cut its Raft log after a snapshot",
  "config-change": "a change of the membership took effect",
  crash: "a member crashed",
  restart: "a member came back",
  "message-lost": "a message was lost on its way",
  "fault-effective": "a fault of the scenario did something",
  "fault-ineffective": "a fault of the scenario found nothing to do: the run proves less than its file says",
  "operation-ok": "an operation of a client was answered ok",
  "operation-failed": "an operation of a client failed for certain",
  "operation-unknown": "an operation of a client has no answer: nobody knows whether it took effect",
  "write-ok": "a write was answered ok",
  "read-ok": "a read was answered ok",
  "stale-read": "a serializable read was below a revision that had been acknowledged",
  retry: "a client asked again",
  "watch-event": "a watcher was told of a change",
  "lease-expired": "a lease ran out",
};

const MEASURES: Meant<Measure> = {
  failover: "time from the crash or cut of a leader to the next leader that commits in its term",
  "first-election": "time from the start to the first leader",
  "write-gap": "the longest stretch without a successful write between two that succeeded",
  "stale-leader": "how long a deposed leader went on believing in itself",
  "step-down": "time from a fault to the moment at which the leader it had left without a majority gave up",
  regain: "time from the end of a fault to a leader that stands then or next",
  convergence: "time from healing to the same applied index everywhere",
  handover: "time from a handover that was asked for to the new leader",
  "write-latency": "time to the answer of each write",
  "read-latency": "time to the answer of each read",
  "commit-latency": "time from a proposal to its commit at the leader",
  "follower-lag": "how far behind the leader a follower's applied index was, in time",
  "follower-lag-entries": "how far behind the leader a follower's applied index was, in entries",
  "leader-changes": "how often a member became leader",
  "leader-changes-per-hour": "how often a member became leader, by the hour",
  elections: "how often a member became candidate",
  "split-votes": "how often a candidate went into a new term, and nobody had won the last",
  "stale-reads": "how many serializable reads were below a revision that had been acknowledged",
  messages: "how many messages were sent",
  events: "how many events the run had",
  "write-availability": "share of writes that were answered ok",
  "read-availability": "share of reads that were answered ok",
  availability: "share of operations that were answered ok",
};

const STATISTICS: Meant<Statistic> = {
  median: "the number with as many below as above it",
  mean: "the sum by the count",
  p5: "the number below which 5 of 100 are",
  p90: "the number below which 90 of 100 are",
  p95: "the number below which 95 of 100 are",
  p99: "the number below which 99 of 100 are",
  min: "the smallest number",
  max: "the largest number",
  count: "how many numbers there are",
  share: "which part of the numbers lies between two bounds",
};

function told(sort: string, words: Told<string>): WordText[] {
  return Object.entries(words).map(([word, [meaning, example]]) => ({ word, sort, meaning, example }));
}

function meant(sort: string, words: Meant<string>, example: (word: string) => string): WordText[] {
  return Object.entries(words).map(([word, meaning]) => ({ word, sort, meaning, example: example(word) }));
}

/** All words, in the order in which they are listed to people; one may stand in two sorts. */
export const WORD_TEXTS: readonly WordText[] = [
  ...told("expectation", EXPECTATIONS),
  ...told("test", TESTS),
  ...meant("counter", COUNTERS, (word) => `sometimes: "${word} >= 1"`),
  ...meant("measure of a study", MEASURES, (word) => `median: { of: ${word}, is: … }`),
  ...meant("statistic of a study", STATISTICS, (word) => `${word}: { of: failover, is: … }`),
];

/** What a report prints in other words than the file. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  "no-data-loss": "data-loss",
  dataloss: "data-loss",
  "at-the-end": "at",
};

/** All that the word means, as a report prints it; empty where no report does. */
export function wordTexts(given: string): readonly WordText[] {
  const plain = given.toLowerCase().replaceAll(" ", "-");
  const wanted = OTHER_WORDS[plain] ?? plain;
  return WORD_TEXTS.filter(({ word }) => word === wanted);
}
