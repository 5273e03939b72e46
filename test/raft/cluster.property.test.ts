import { expect, test } from "vitest";
import { confChangeV1, confChangeV2 } from "../../src/raft/conf-change.ts";
import { chainAt } from "../../src/raft/log.ts";
import {
  ConfChangeType,
  campaign,
  propose,
  proposeConfChange,
  type RaftMutations,
  Role,
  readIndex,
  tick,
  transferLeader,
} from "../../src/raft/raft.ts";
import { fc } from "../properties.ts";
import {
  type Cluster,
  Command,
  crash,
  createCluster,
  deliver,
  elect,
  leaders,
  lose,
  member,
  mutated,
  restart,
  settle,
  snapshotAt,
  ticks,
  values,
  work,
  write,
} from "./cluster.ts";

interface Event {
  readonly kind: number;
  readonly who: number;
  readonly pick: number;
}

/** What must hold after every event, whatever the schedule. Kept outside the members, so that crashes do not touch it. */
class Ghost {
  private readonly leaderOf = new Map<number, number>();
  private readonly chainOf = new Map<string, number>();
  private readonly committed = new Map<number, number>();
  private readonly granted = new Map<string, number>();
  private readonly terms = new Map<number, number>();
  readonly found: string[] = [];
  reachedTerm = 0;

  observe(cluster: Cluster): void {
    for (const { raft, up } of cluster.members) {
      if (!up) continue;
      const { id, term, log } = raft;
      this.reachedTerm = Math.max(this.reachedTerm, term);
      if (term < (this.terms.get(id) ?? 0)) this.found.push(`term of ${id} fell to ${term}`);
      this.terms.set(id, term);
      if (raft.role === Role.Leader) {
        const other = this.leaderOf.get(term) ?? id;
        if (other !== id) this.found.push(`${other} and ${id} lead in term ${term}`);
        this.leaderOf.set(term, id);
      }
      if (raft.vote !== 0) {
        const key = `${id}@${term}`;
        const other = this.granted.get(key) ?? raft.vote;
        if (other !== raft.vote) this.found.push(`${id} voted for ${other} and ${raft.vote} in term ${term}`);
        this.granted.set(key, raft.vote);
      }
      if (log.applied > log.committed || log.committed > log.last) this.found.push(`log of ${id} out of order`);
      for (let index = Math.max(log.snapshotIndex, log.last - 3); index <= log.last; index++) {
        if (index <= log.snapshotIndex) continue;
        const entry = log.chunks[(index - log.origin) >> 7]![(index - log.origin) & 127]!;
        this.agree(this.chainOf, `${index}/${entry.term}`, entry.chain, `logs differ at ${index}/${entry.term}`);
        const before = chainAt(log, index - 1);
        if (index - 1 >= log.snapshotIndex && entry.previousChain !== before)
          this.found.push(`chain broken at ${index}`);
      }
      if (log.committed > log.snapshotIndex) {
        this.agree(this.committed, log.committed, chainAt(log, log.committed), `commits differ at ${log.committed}`);
      }
    }
  }

  private agree<K>(known: Map<K, number>, key: K, value: number, text: string): void {
    if ((known.get(key) ?? value) !== value) this.found.push(text);
    known.set(key, value);
  }
}

/** Runs a schedule and returns what was found wrong, with how far it came. */
function play(n: number, events: readonly Event[], mutations: RaftMutations, membersMax: number): Ghost {
  const cluster = createCluster(membersMax, {
    mutations,
    voters: Array.from({ length: n }, (_, k) => k + 1),
    electionTicks: 4,
    maxInflightMsgs: 3,
    maxSizePerMsg: 60,
    maxCommittedSizePerReady: 50,
    timeout: (id, electionTicks) => electionTicks + ((id * 7 + events.length) % electionTicks),
  });
  const ghost = new Ghost();
  let value = 0;
  for (const { kind, who, pick } of events) {
    const id = 1 + (who % membersMax);
    const one = member(cluster, id);
    const queued = cluster.queue.length;
    if (kind < 45 && queued > 0) {
      // Any message may be next: links reorder.
      const [message] = cluster.queue.splice(pick % queued, 1);
      deliver(cluster, message!);
    } else if (kind < 50 && queued > 0) lose(cluster, cluster.queue.splice(pick % queued, 1)[0]!);
    else if (kind < 55 && queued > 0) cluster.queue.push(cluster.queue[pick % queued]!);
    else if (kind < 75) {
      if (one.up) tick(one.raft, cluster.env);
    } else if (kind < 78) {
      if (one.up) campaign(one.raft, cluster.env);
    } else if (kind < 88) {
      if (one.up) propose(one.raft, new Command(++value), cluster.env);
    } else if (kind < 90) {
      if (one.up) readIndex(one.raft, ++value, cluster.env);
    } else if (kind < 92) {
      if (one.up) transferLeader(one.raft, 1 + (pick % membersMax), cluster.env);
    } else if (kind < 95) {
      if (one.up) crash(cluster, id);
      else restart(cluster, id);
    } else if (kind < 97) {
      if (one.up) snapshotAt(cluster, id);
    } else if (membersMax > n && one.up) {
      const target = 1 + (pick % membersMax);
      const types = [ConfChangeType.AddNode, ConfChangeType.RemoveNode, ConfChangeType.AddLearnerNode] as const;
      const type = types[pick % 3]!;
      const other = { type: types[(pick >> 2) % 3]!, nodeId: 1 + ((pick >> 4) % membersMax) };
      const change = pick % 5 === 0 ? confChangeV2([{ type, nodeId: target }, other]) : confChangeV1(type, target);
      proposeConfChange(one.raft, change, cluster.env);
    }
    work(cluster, id);
    ghost.observe(cluster);
  }
  // A host must not propose to remove the last voter; when it does, nothing changes.
  ghost.found.push(...cluster.violations.filter((text) => text !== "removed all voters"));
  return ghost;
}

const event: fc.Arbitrary<Event> = fc.record({ kind: fc.nat(99), who: fc.nat(99), pick: fc.nat(9999) });

test("no schedule of losses, duplicates, crashes and snapshots gives two leaders in a term or logs that disagree", () => {
  let reached = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(event, { minLength: 100, maxLength: 900, size: "max" }),
      (n, events) => {
        const ghost = play(n, events, mutated(), n);
        reached = Math.max(reached, ghost.reachedTerm);
        expect(ghost.found).toEqual([]);
      },
    ),
    { numRuns: 120 },
  );
  expect(reached).toBeGreaterThan(2);
});

test("the same holds while members come and go", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 200, maxLength: 900, size: "max" }), (events) => {
      expect(play(3, events, mutated(), 5).found).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test("the ghost is not blind: counting votes per message is found", () => {
  const arbitrary = fc.array(event, { minLength: 600, maxLength: 900, size: "max" });
  const wrong = fc
    .sample(arbitrary, { numRuns: 60, seed: 7 })
    .some((events) => play(5, events, mutated("duplicateVoteCounted", "quorumOfReachable"), 5).found.length > 0);
  expect(wrong).toBe(true);
});

test("after any schedule a healed cluster elects, commits and converges", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 50, maxLength: 400, size: "max" }), (events) => {
      const cluster = createCluster(3, { electionTicks: 4 });
      for (const { kind, who, pick } of events) {
        const id = 1 + (who % 3);
        const one = member(cluster, id);
        if (kind < 50 && cluster.queue.length > 0) {
          deliver(cluster, cluster.queue.splice(pick % cluster.queue.length, 1)[0]!);
        } else if (kind < 70 && one.up) tick(one.raft, cluster.env);
        else if (kind < 85 && one.up) propose(one.raft, new Command(pick), cluster.env);
        else if (kind < 90 && cluster.queue.length > 0) lose(cluster, cluster.queue.shift()!);
        else if (kind < 95 && one.up) crash(cluster, id);
        else if (!one.up) restart(cluster, id);
        else snapshotAt(cluster, id);
        work(cluster, id);
      }
      for (const id of [1, 2, 3]) if (!member(cluster, id).up) restart(cluster, id);
      settle(cluster);
      ticks(cluster, 40);
      expect(leaders(cluster)).toHaveLength(1);
      expect(write(cluster, leaders(cluster)[0]!, -7)).toBe(null);
      ticks(cluster, 2);
      for (const id of [1, 2, 3]) {
        expect(values(cluster, id).at(-1)).toBe(-7);
        expect(values(cluster, id)).toEqual(values(cluster, 1));
      }
      expect(cluster.violations).toEqual([]);
    }),
    { numRuns: 80 },
  );
});

test("a clone goes the same way as its original and is not touched by it", async () => {
  const { cloneRaft } = await import("../../src/raft/raft.ts");
  const cluster = createCluster(3);
  elect(cluster, 1);
  for (let k = 0; k < 200; k++) write(cluster, 1, k);
  const original = member(cluster, 1).raft;
  const copy = cloneRaft(original);
  const text = JSON.stringify(copy);
  expect(text).toBe(JSON.stringify(original));
  write(cluster, 1, 999);
  ticks(cluster, 3);
  expect(JSON.stringify(copy)).toBe(text);
  propose(copy, new Command(999), cluster.env);
  expect(copy.log.last).toBe(original.log.last);
  expect(chainAt(copy.log, copy.log.last)).toBe(chainAt(original.log, original.log.last));
});
