/** Files to begin with: what `scenario new` writes. Each parses, runs and holds as it is. */

export interface Template {
  readonly id: string;
  readonly about: string;
}

/** The templates, the plainest first. */
export const TEMPLATES: readonly Template[] = [
  { id: "election", about: "a cluster starts and elects a leader" },
  { id: "partition", about: "the leader is cut off with a minority, and comes back" },
  { id: "crash", about: "the leader crashes under load and restarts" },
  { id: "random", about: "random faults that leave a quorum, under load" },
  { id: "study", about: "one scenario over many seeds, judged on the whole" },
];

function head(name: string, title: string, about: string): string {
  return `apiVersion: lockstep/v1
name: ${name}
title: ${title}
about: ${about}
seed: 1
`;
}

/** The text of the template under a name; null where there is no such template. The name is `[A-Za-z][A-Za-z0-9_-]*`. */
export function templateText(id: string, name: string): string | null {
  switch (id) {
    case "election":
      return `${head(name, "A cluster elects its first leader", "Three members start as followers; one times out and wins.")}duration: 5s
cluster:
  members: 3
expect:
  - always: no-split-brain
  - eventually: { leaders: 1 }
    within: 3s
  - leaders: 1
`;
    case "partition":
      return `${head(name, "The leader ends up in the minority", "Two of five are cut off, the leader among them.")}duration: 15s
cluster:
  members: 5
workload:
  clients: 3
  rate: 20/s
  ops: { put: 1, get: 1 }
  timeout: 1s
faults:
  - at: 4s
    id: cut
    partition: { groups: [leader+1, rest] }
    for: 5s
expect:
  - always: no-split-brain
  - linearizable: true
  - never: { commit: { in: cut.0 } }
    during: [4s, 9s]
  - eventually: { converged: true }
    after: 9s
    within: 5s
`;
    case "crash":
      return `${head(name, "The leader crashes under load", "Power fails at the leader; another takes over.")}duration: 15s
cluster:
  members: 3
workload:
  clients: 3
  rate: 20/s
  ops: { put: 2, get: 1 }
  timeout: 1s
faults:
  - at: 5s
    crash: leader
    for: 4s
expect:
  - always: no-split-brain
  - linearizable: true
  - dataLoss: none
  - sometimes: leader-change
  - availability: { during: [9s, 15s], writes: ">= 80%" }
`;
    case "random":
      return `${head(name, "Random faults that leave a quorum", "Crashes, pauses, loss and partitions, drawn from the seed.")}duration: 30s
cluster:
  members: 5
workload:
  clients: 5
  closed: 20ms
  ops: { put: 3, get: 3, cas: 1, delete: 1 }
  timeout: 1s
random:
  from: 3s
  until: 22s
  every: { dist: exponential, mean: 1s }
  pick: { crash: 3, pause: 2, drop: 1, partition: { majority: 2, minority: 2, ring: 1 } }
  keepQuorum: true
expect:
  - always: no-split-brain
  - linearizable: true
  - dataLoss: none
  - eventually: { converged: true }
    after: 22s
`;
    case "study":
      return `${head(name, "How long is a cluster without a leader?", "The leader crashes; measured over many seeds.")}duration: 12s
cluster:
  members: 3
faults:
  - at: 5s
    crash: leader
over: { seeds: 1..200 }
expect:
  - always: no-split-brain
  - median: { of: failover, is: "< 2s" }
  - share: { of: failover, between: [500ms, 3s], is: ">= 95%" }
`;
    default:
      return null;
  }
}
