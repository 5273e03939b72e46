/** What an operator does to a cluster, and what it does in a trace: membership, leadership, compaction. */

import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/member/etcd-member.ts";
import { advanceTo, begin, delivered, end, faultOf, leaderIn, lives, memberIn, processIn, tell } from "./story.ts";

const SECOND = 1_000_000;

function story(faults: string, members: number | string = 3, more: string = ""): string {
  return `
duration: 16s
cluster: { members: ${members} }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 30/s, ops: { put: 1 }, timeout: 1s }
${more}
faults:
${faults}`;
}

/** Membership as a member has applied it. */
function membership(run: Parameters<typeof processIn>[0], id: number): { voters: number[]; learners: number[] } {
  const { confState } = processIn(run, id).disk.backend as Backend;
  return { voters: [...confState.voters], learners: [...confState.learners] };
}

describe("membership", () => {
  test("a member that is added starts empty, catches up, and votes", () => {
    const told = tell(story("  - { at: 7s, id: more, member: { add: n4 } }"));
    expect(faultOf(told.result, "more")).toMatchObject({ status: "done", targets: [4], note: "" });
    expect(lives(told.trace)[0]).toMatch(/^\+n4@70\d+$/);
    for (const id of [1, 2, 3, 4]) expect(membership(told.run, id)).toEqual({ voters: [1, 2, 3, 4], learners: [] });
    expect(delivered(told.trace, { from: 4, type: "MsgAppResp", since: 7 * SECOND }).length).toBeGreaterThan(20);
    expect(told.result.coverage["config-change"]).toBe(1);
    expect(told.result.members).toEqual([1, 2, 3, 4]);
  });

  test("several are added one after another, or at once through a joint configuration", () => {
    const one = tell(story("  - { at: 7s, id: more, member: { add: [n4, n5] } }"));
    expect(faultOf(one.result, "more").status).toBe("done");
    expect(membership(one.run, 1).voters).toEqual([1, 2, 3, 4, 5]);
    const joint = begin(story("  - { at: 7s, id: more, member: { add: [n4, n5], joint: true } }"));
    let outgoing = false;
    for (let at = 7 * SECOND; at < 8 * SECOND; at += 500) {
      advanceTo(joint, at);
      const { votersOutgoing } = memberIn(joint, leaderIn(joint)).raft.tracker.membership;
      if (votersOutgoing.length === 3) outgoing = true;
    }
    expect(outgoing).toBe(true);
    const told = end(joint);
    expect(faultOf(told.result, "more").status).toBe("done");
    expect(membership(joint, 1).voters).toEqual([1, 2, 3, 4, 5]);
    expect(memberIn(joint, leaderIn(joint)).raft.tracker.membership.votersOutgoing).toEqual([]);
  });

  test("of those who are there already is ineffective, with the reason", () => {
    const twice = begin(
      story("  - { at: 7s, id: more, member: { add: n4 } }\n  - { at: 9s, id: again, member: { add: n5 } }"),
    );
    advanceTo(twice, 8 * SECOND);
    // Somebody else, say a session of a served cluster, was quicker.
    (twice.run.context.plan.timetable[1] as { action: unknown }).action = (
      twice.run.context.plan.timetable[0] as { action: unknown }
    ).action;
    expect(faultOf(end(twice).result, "again")).toMatchObject({
      status: "ineffective",
      note: "n4 is or was a member: a new one needs a new name",
    });
  });

  test("a learner that is added receives entries and does not vote; promoted, it does", () => {
    const told = tell(
      story(
        "  - { at: 7s, id: more, member: { add: n4, role: learner } }\n  - { at: 10s, id: up, member: { promote: n4 } }\n  - { at: 12s, crash: leader }",
      ),
    );
    expect(faultOf(told.result, "up")).toMatchObject({ status: "done", note: "" });
    expect(membership(told.run, 1)).toEqual({ voters: [1, 2, 3, 4], learners: [] });
    expect(
      delivered(told.trace, {
        from: 4,
        type: ["MsgVoteResp", "MsgPreVoteResp", "MsgVote", "MsgPreVote"],
        until: 10 * SECOND,
      }),
    ).toEqual([]);
    expect(
      delivered(told.trace, {
        from: 4,
        type: ["MsgVoteResp", "MsgPreVoteResp", "MsgVote", "MsgPreVote"],
        since: 12 * SECOND,
      }).length,
    ).toBeGreaterThan(0);
    expect(processIn(told.run, 4).role).toBe("voter");
  });

  test("a voter is demoted to a learner", () => {
    const told = tell(story("  - { at: 7s, id: less, member: { demote: n5 } }", 5));
    expect(faultOf(told.result, "less").status).toBe("done");
    expect(membership(told.run, 1)).toEqual({ voters: [1, 2, 3, 4], learners: [5] });
    expect(processIn(told.run, 5).role).toBe("learner");
  });

  test("a member that is removed ends by itself, and never starts again", () => {
    const told = tell(
      story("  - { at: 7s, id: less, member: { remove: n3 } }\n  - { at: 10s, id: back, restart: n3 }"),
    );
    expect(faultOf(told.result, "less").status).toBe("done");
    expect(faultOf(told.result, "back").status).toBe("ineffective");
    expect(lives(told.trace)).toEqual([expect.stringMatching(/^-n3@80\d+$/)]);
    expect(processIn(told.run, 3)).toMatchObject({ removed: true, reason: "removed from the cluster" });
    expect(membership(told.run, 1).voters).toEqual([1, 2]);
    expect(told.result.verdict).toBe("held");
  });

  test("the leader is removed: it ends, and another one leads the rest", () => {
    const told = tell(story("  - { at: 7s, id: less, member: { remove: leader } }", 4));
    const [gone] = faultOf(told.result, "less").targets as [number];
    expect(faultOf(told.result, "less").status).toBe("done");
    expect(lives(told.trace)).toEqual([expect.stringMatching(new RegExp(`^-n${gone}@80\\d+$`))]);
    expect(told.result.leaders.at(-1)!.member).not.toBe(gone);
    expect(told.result.leaders.at(-1)!.untilMicros).toBeNull();
    expect(told.result.leaders[1]!.fromMicros).toBeLessThan(9_200_000);
  });

  test("labels are changed at once, and selectors follow them", () => {
    const told = tell(
      story("  - { at: 4s, id: move, member: { update: n2, zone: b } }\n  - { at: 5s, id: down, crash: { zone: b } }"),
    );
    expect(faultOf(told.result, "move").status).toBe("done");
    expect(faultOf(told.result, "down").targets).toEqual([2]);
  });

  test("a change is asked for again while the cluster refuses it, and given up after a time", () => {
    const told = tell(
      story("  - { at: 3s, for: 10s, crash: n3 }\n  - { at: 9s, id: more, member: { add: n4 } }").replace("16s", "24s"),
    );
    // One of three voters has been silent for more than five seconds, and must be there again for as long.
    expect(faultOf(told.result, "more").status).toBe("done");
    expect(lives(told.trace).find((one) => one.startsWith("+n4"))).toMatch(/^\+n4@1[89]\d{6}$/);
    const never = begin(
      story("  - { at: 3s, crash: n3 }\n  - { at: 9s, id: more, member: { add: n4 } }").replace("16s", "40s"),
    );
    const late = end(never);
    expect(faultOf(late.result, "more")).toMatchObject({
      status: "ineffective",
      note: "etcdserver: unhealthy cluster",
    });
  });

  test("an operator whose answer is lost asks again and learns that the change was made", () => {
    // The leader dies right after it has told its followers that the change is committed.
    for (const change of ["add: n6", "remove: n5", "demote: n5"]) {
      let lost = 0;
      for (let delay = 4_000; delay <= 9_000; delay += 500) {
        const run = begin(
          story(
            `  - { at: 7s, id: change, member: { ${change} } }
  - { at: ${7_000_000 + delay}us, id: down, crash: leader }`,
            5,
          ).replace("16s", "30s"),
        );
        const told = end(run);
        const report = faultOf(told.result, "change");
        expect(report.status).toBe("done");
        expect(told.result.verdict).toBe("held");
        const survivors = [1, 2, 3, 4].filter((id) => processIn(run, id)?.status === "up");
        const expected = change === "add: n6" ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4];
        for (const id of survivors) expect(membership(run, id).voters).toEqual(expected);
        if (report.note === "") lost++;
        if (change === "add: n6") expect(processIn(run, 6).status).toBe("up");
      }
      expect(lost).toBeGreaterThan(0);
    }
  });
});

describe("leadership", () => {
  test("is handed over at once, in a higher term", () => {
    const run = begin(
      story("  - { at: 4s, id: hand, transferLeader: n1 }\n  - { at: 6s, id: on, transferLeader: n2 }"),
    );
    const told = end(run);
    const leaders = told.result.leaders.map((one) => one.member);
    expect(leaders.slice(-2)).toEqual([1, 2]);
    expect(told.result.leaders.at(-1)!.fromMicros).toBeLessThan(6_050_000);
    expect(delivered(told.trace, { type: "MsgTimeoutNow" }).length).toBeGreaterThanOrEqual(1);
    expect(told.result.operations.failed).toBe(0);
  });

  test("handing it to whoever leads, to a learner or without a leader is ineffective", () => {
    const members = "[n1, n2, n3, { id: n4, role: learner }]";
    const told = tell(
      story(
        `  - { at: 4s, id: self, transferLeader: leader }
  - { at: 5s, id: learner, transferLeader: n4 }
  - { at: 6s, crash: leader }
  - { at: 6100ms, id: nobody, transferLeader: n1 }`,
        members,
      ),
    );
    expect(faultOf(told.result, "self").status).toBe("ineffective");
    expect(faultOf(told.result, "learner")).toMatchObject({
      status: "ineffective",
      note: "etcdserver: bad leader transferee",
    });
    expect(faultOf(told.result, "nobody").status).toBe("ineffective");
  });

  test("a member told to campaign asks for votes at once", () => {
    const told = tell(
      story("  - { at: 4s, id: go, campaign: followers }", 3, "").replace(
        "members: 3",
        "members: 3, raft: { preVote: false, checkQuorum: false }",
      ),
    );
    expect(delivered(told.trace, { type: "MsgVote", since: 4 * SECOND, until: 4_010_000 }).length).toBeGreaterThan(0);
    expect(told.result.leaders.length).toBeGreaterThan(1);
    expect(faultOf(told.result, "go").status).toBe("done");
  });
});

describe("compaction", () => {
  test("drops old revisions everywhere, down to those it keeps", () => {
    const told = tell(story("  - { at: 8s, id: cut, compact: { keep: 10 } }"));
    expect(faultOf(told.result, "cut").status).toBe("done");
    const kept = [1, 2, 3].map((id) => (processIn(told.run, id).disk.backend as Backend).store.compactRevision);
    expect(kept[0]).toBeGreaterThan(100);
    expect(new Set(kept).size).toBe(1);
  });

  test("of what is compacted, or of the future, is refused and ineffective", () => {
    const told = tell(
      story(
        "  - { at: 8s, compact: {} }\n  - { at: 9s, id: past, compact: { revision: 2 } }\n  - { at: 10s, id: future, compact: { revision: 100000 } }",
      ),
    );
    expect(faultOf(told.result, "past")).toMatchObject({
      status: "ineffective",
      note: "etcdserver: mvcc: required revision has been compacted",
    });
    expect(faultOf(told.result, "future")).toMatchObject({
      status: "ineffective",
      note: "etcdserver: mvcc: required revision is a future revision",
    });
  });
});
