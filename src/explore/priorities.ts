// Priorities of links, after "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (Burckhardt et al., 2010).
// There threads have priorities and a few drawn moments change them, so that a bug that needs d orderings is met with a chance
// that falls only with d. Here messages of a link with a lower priority take longer, and at each drawn moment one link falls
// behind all others for a while. All of it is ordinary delay, so that what is found can be written down and shrunk.

import { ALWAYS_PPM } from "../fault/action.ts";
import { members as named } from "../fault/selector.ts";
import { RandomChoices } from "../kernel/choose.ts";
import { MILLISECOND } from "../kernel/time.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { between, doubled, oneOf } from "./draw.ts";
import { endingBy } from "./smaller.ts";
import type { SwarmRun } from "./swarm.ts";

/** Most moments at which a priority changes: the depth of bugs looked for. */
const DEPTH_MAX = 6;

/** Message types whose order decides most; the empty list is all of them. */
const ORDERED: readonly (readonly string[])[] = [
  [],
  [],
  ["MsgApp"],
  ["MsgAppResp"],
  ["MsgPreVote", "MsgVote"],
  ["MsgPreVoteResp", "MsgVoteResp"],
  ["MsgHeartbeatResp", "MsgReadIndexResp"],
  ["MsgTimeoutNow"],
  ["MsgSnap"],
];

/** The run with priorities of its links. */
export function withPriorities(run: SwarmRun, seed: string): SwarmRun {
  const { scenario } = run;
  const ids = scenario.cluster.members.map((member) => member.id);
  if (ids.length < 2) return run;
  const stream = new RandomChoices(`priorities/${seed}`).open("fault", 0);
  const { electionMicros } = scenario.cluster.raft;
  const faults: Fault[] = [];
  const depth = between(stream, 1, DEPTH_MAX);
  for (let n = 1; n <= depth; n++) {
    const from = oneOf(stream, ids);
    const to = oneOf(
      stream,
      ids.filter((id) => id !== from),
    );
    const atMicros = MILLISECOND * stream.below(Math.floor(scenario.durationMicros / 2 / MILLISECOND));
    const behind: Fault = {
      id: `behind-${n}`,
      trigger: { kind: "time", atMicros },
      forMicros: doubled(stream, electionMicros >> 2, 5),
      action: {
        kind: "delay",
        from: named(from),
        to: named(to),
        types: oneOf(stream, ORDERED),
        pPpm: ALWAYS_PPM,
        addMicros: doubled(stream, electionMicros >> 2, 4),
        jitterMicros: 0,
        correlationPpm: 0,
        dist: "constant",
      },
    };
    faults.push(endingBy(behind, scenario.durationMicros));
  }
  const changed: Scenario = { ...scenario, faults: [...scenario.faults, ...faults] };
  return { scenario: changed, drawn: [...run.drawn, `${depth} links fall behind`] };
}
