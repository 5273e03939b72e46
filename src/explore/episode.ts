// Episodes: a few faults in an order in which they happen to real clusters, each at a drawn moment. A swarm draws every fault by
// itself and meets most pairs of them; stories of five it hardly ever tells. What is told here is an operator's: members are
// exchanged in a burst while one of them is behind with applying, and the cluster splits and loses its leader about when it has
// caught up.

import type { Action, MemberAction } from "../fault/action.ts";
import { LEADER, members as named, REST } from "../fault/selector.ts";
import { RandomChoices, type Stream } from "../kernel/choose.ts";
import { MILLISECOND } from "../kernel/time.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { between, doubled, happens, oneOf, someOf } from "./draw.ts";
import type { SwarmRun } from "./swarm.ts";

/** Episodes of one run at most. */
const EPISODES_MAX = 3;

/** They are over by half of the run: liveness is judged after it. */
const OVER_BY = 2;

interface Story {
  readonly stream: Stream;
  readonly electionMicros: number;
  readonly faults: Fault[];
  voters: number[];
  nextId: number;
}

/** The run with episodes in its storm, or in place of it; as it is where there are less than three voters or no time. Precondition: its scenario names no members. */
export function withEpisodes(run: SwarmRun, seed: string): SwarmRun {
  const { scenario } = run;
  const { cluster, durationMicros } = scenario;
  const voters = cluster.members.filter(({ role }) => role === "voter").map(({ id }) => id);
  if (voters.length < 3) return run;
  const stream = new RandomChoices(`episodes/${seed}`).open("fault", 0);
  const { electionMicros } = cluster.raft;
  const story: Story = { stream, electionMicros, faults: [], voters, nextId: nextIdOf(scenario) };
  const alone = happens(stream, 1, 2);
  let at = Math.max(2 * electionMicros, whole(durationMicros / 32));
  let told = 0;
  while (told < EPISODES_MAX && story.voters.length >= 3) {
    at += doubled(stream, electionMicros, 3);
    const before = story.faults.length;
    const over = change(story, at);
    if (over > durationMicros / OVER_BY) {
      story.faults.length = before;
      break;
    }
    at = over;
    told++;
  }
  if (told === 0) return run;
  // Whoever stands for election need not have asked whether it would win.
  const asks = happens(stream, 1, 2);
  const raft = asks ? cluster.raft : { ...cluster.raft, preVote: false };
  const members = asks
    ? cluster.members
    : cluster.members.map((member) => ({ ...member, raft: { ...member.raft, preVote: false } }));
  const others = alone ? [] : scenario.faults;
  return {
    scenario: { ...scenario, cluster: { ...cluster, raft, members }, faults: [...others, ...story.faults] },
    drawn: [...run.drawn, `${told} exchanges of members${alone ? " and no storm" : ""}`],
  };
}

/** One exchange of members; gives the moment in which it is over. */
function change(story: Story, at: number): number {
  const { stream, electionMicros } = story;
  const gap = (): number => whole(between(stream, 1, 8) * (electionMicros >> 3));
  const changes: { action: MemberAction; atMicros: number }[] = [];
  let when = at;
  const then = (action: MemberAction): void => {
    changes.push({ action, atMicros: when });
    when += gap();
  };
  const { voters } = story;
  // A new one is tried as a learner first, more often than not.
  const tried = happens(stream, 3, 4) ? story.nextId++ : 0;
  if (tried > 0) then(member("add", [tried], "learner", false));
  let moved: number[] = [];
  if (happens(stream, 2, 3)) {
    moved = someOf(stream, voters, between(stream, 1, voters.length - 1));
    if (happens(stream, 1, 2)) then(member("demote", moved, "voter", true));
    else for (const id of moved) then(member("demote", [id], "voter", false));
  } else {
    const fresh = [story.nextId++, story.nextId++];
    if (happens(stream, 1, 2)) then(member("add", fresh, "voter", true));
    else for (const id of fresh) then(member("add", [id], "voter", false));
    story.voters = [...voters, ...fresh];
  }
  const late = oneOf(stream, moved.length > 0 && happens(stream, 2, 3) ? moved : voters);
  // It has applied the first change about when the others have elected somebody.
  const splits = when + stream.below(8) * MILLISECOND;
  const applyMicros = Math.max(MILLISECOND, splits - at + whole(between(stream, 4, 24) * (electionMicros >> 3)));
  const splitFor = whole(between(stream, 4, 16) * (electionMicros >> 1));
  const over = splits + Math.max(splitFor, applyMicros) + 2 * electionMicros;
  // Those that leave stand in one rack, or anybody stands anywhere.
  const others = voters.filter((id) => id !== late);
  const near =
    happens(stream, 1, 2) && moved.length > 0 ? moved : someOf(stream, others, between(stream, 1, others.length - 1));
  // It falls behind with the first change, or with what came before.
  const slows = at + stream.below(3) * stream.below(12) * MILLISECOND;
  put(story, slows, over - slows, { kind: "slow", on: named(late), cpuMicros: 0, applyMicros });
  for (const { action, atMicros } of changes) put(story, atMicros, null, action);
  put(story, splits, splitFor, {
    kind: "partition",
    shape: { kind: "groups", groups: [named(late, ...near), REST] },
    oneWay: "no",
  });
  if (happens(stream, 3, 4))
    put(story, splits, doubled(stream, electionMicros >> 3, 3), { kind: "crash", on: LEADER, unsynced: "lose" });
  // There is room for one learner at a time.
  let after = over;
  if (tried > 0) put(story, after, null, member("remove", [tried], "voter", false));
  for (const id of moved) {
    after += electionMicros;
    put(story, after, null, member("promote", [id], "voter", false));
  }
  return after;
}

function member(
  change: MemberAction["change"],
  ids: readonly number[],
  role: MemberAction["role"],
  joint: boolean,
): MemberAction {
  return { kind: "member", change, on: named(...ids), role, zone: null, host: null, joint };
}

function put({ faults }: Story, atMicros: number, forMicros: number | null, action: Action): void {
  faults.push({ id: `e${faults.length + 1}`, trigger: { kind: "time", atMicros }, forMicros, action });
}

/** The first number that no member has, nor any that joins. */
function nextIdOf({ cluster, faults }: Scenario): number {
  let most = Math.max(...cluster.members.map(({ id }) => id));
  for (const { action } of faults) {
    if (action.kind === "member" && action.on.kind === "members") most = Math.max(most, ...action.on.ids);
  }
  return most + 1;
}

function whole(micros: number): number {
  return Math.floor(micros / MILLISECOND) * MILLISECOND;
}
