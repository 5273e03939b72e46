import { expect, test } from "vitest";
import type { ConfChangeSingle, ConfChangeType } from "../../src/raft/conf-change.ts";
import {
  enterJoint,
  leaveJoint,
  type MembershipChange,
  restoreMembership,
  simpleChange,
} from "../../src/raft/membership.ts";
import { createProgress } from "../../src/raft/progress.ts";
import { confStateOfMembership, EMPTY_MEMBERSHIP, type Membership } from "../../src/raft/tracker.ts";
import { fc } from "../properties.ts";

const change: fc.Arbitrary<ConfChangeSingle> = fc.record({
  type: fc.integer({ min: 0, max: 3 }) as fc.Arbitrary<ConfChangeType>,
  nodeId: fc.nat(6),
});
const changes = fc.array(change, { maxLength: 5 });

interface Command {
  readonly kind: "simple" | "enter" | "leave";
  readonly changes: readonly ConfChangeSingle[];
  readonly autoLeave: boolean;
}
const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom("simple", "enter", "leave"),
  changes,
  autoLeave: fc.boolean(),
});

/** The rules with sets of ids and nothing else. */
interface Sets {
  voters: Set<number>;
  outgoing: Set<number>;
  learners: Set<number>;
  next: Set<number>;
  autoLeave: boolean;
}

function naive(sets: Sets, { kind, changes: operations, autoLeave }: Command): Sets | null {
  const after: Sets = {
    voters: new Set(sets.voters),
    outgoing: new Set(sets.outgoing),
    learners: new Set(sets.learners),
    next: new Set(sets.next),
    autoLeave: sets.autoLeave,
  };
  const joint = sets.outgoing.size > 0;
  if (kind === "leave") {
    if (!joint) return null;
    for (const id of after.next) after.learners.add(id);
    return { ...after, next: new Set(), outgoing: new Set(), autoLeave: false };
  }
  if (joint || (kind === "enter" && sets.voters.size === 0)) return null;
  if (kind === "enter") {
    after.outgoing = new Set(sets.voters);
    after.autoLeave = autoLeave;
  }
  for (const { type, nodeId } of operations) {
    if (nodeId === 0 || type === 2) continue;
    const wasLearner = after.learners.has(nodeId);
    if (type === 3 && wasLearner) continue;
    after.voters.delete(nodeId);
    after.learners.delete(nodeId);
    after.next.delete(nodeId);
    if (type === 0) after.voters.add(nodeId);
    if (type === 3) (after.outgoing.has(nodeId) ? after.next : after.learners).add(nodeId);
  }
  if (after.voters.size === 0) return null;
  if (kind === "simple") {
    const differing = [...sets.voters, ...after.voters].filter((id) => sets.voters.has(id) !== after.voters.has(id));
    if (differing.length > 1) return null;
  }
  return after;
}

const sorted = (set: Set<number>): number[] => [...set].sort((a, b) => a - b);

function run(
  membership: Membership,
  progress: MembershipChange["progress"],
  one: Command,
  last: number,
): MembershipChange {
  if (one.kind === "leave") return leaveJoint(membership, progress, last);
  if (one.kind === "enter") return enterJoint(membership, progress, one.changes, one.autoLeave, last);
  return simpleChange(membership, progress, one.changes, last);
}

test("any sequence of changes gives what the rules on sets give", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      let membership: Membership = EMPTY_MEMBERSHIP;
      let progress: MembershipChange["progress"] = [];
      let sets: Sets = {
        voters: new Set(),
        outgoing: new Set(),
        learners: new Set(),
        next: new Set(),
        autoLeave: false,
      };
      commands.forEach((one, last) => {
        const before = JSON.stringify([membership, progress]);
        const result = run(membership, progress, one, last);
        const twin = naive(sets, one);
        expect(result.error === null).toBe(twin !== null);
        expect(JSON.stringify([membership, progress])).toBe(before);
        if (twin === null) return;
        sets = twin;
        membership = result.membership;
        progress = result.progress;
        expect(membership).toEqual({
          voters: sorted(sets.voters),
          votersOutgoing: sorted(sets.outgoing),
          learners: sorted(sets.learners),
          learnersNext: sorted(sets.next),
          autoLeave: sets.autoLeave,
        });
        const members = sorted(new Set([...sets.voters, ...sets.outgoing, ...sets.learners]));
        expect(progress.map((each) => each.id)).toEqual(members);
        for (const each of progress) expect(each.isLearner).toBe(sets.learners.has(each.id));
      });
    }),
    { numRuns: 500 },
  );
});

test("entering a joint configuration and leaving it comes to the same voters and learners as the operations alone", () => {
  fc.assert(
    fc.property(changes, (operations) => {
      const start: Membership = { ...EMPTY_MEMBERSHIP, voters: [1, 2, 3], learners: [4] };
      const progress = [1, 2, 3, 4].map((id) => createProgress(id, 1, id === 4));
      const entered = enterJoint(start, progress, operations, false, 9);
      const alone = simpleChange(start, progress, operations, 9);
      if (alone.error !== null || entered.error !== null) return;
      const left = leaveJoint(entered.membership, entered.progress, 9);
      expect(left.error).toBe(null);
      expect(left.membership).toEqual(alone.membership);
    }),
  );
});

test("a membership restored from its snapshot is the same", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 8 }), (commands) => {
      let membership: Membership = EMPTY_MEMBERSHIP;
      let progress: MembershipChange["progress"] = [];
      for (const one of commands) {
        const result = run(membership, progress, one, 5);
        if (result.error !== null) continue;
        membership = result.membership;
        progress = result.progress;
      }
      const restored = restoreMembership(confStateOfMembership(membership), 5);
      expect(restored.error).toBe(null);
      expect(restored.membership).toEqual(membership);
      expect(restored.progress.map((one) => [one.id, one.isLearner])).toEqual(
        progress.map((one) => [one.id, one.isLearner]),
      );
    }),
  );
});
