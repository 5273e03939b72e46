// A world as predicates and expectations see it: one object, refreshed in place when somebody looks.

import type { ResolvedCut, RunningRole } from "../fault/resolve-selector.ts";
import type { MemberRole } from "../fault/selector.ts";
import type { ProcessFacts, Protocol } from "../member/protocol.ts";
import type { MemberView, RunView } from "../scenario/predicate.ts";
import { termOf } from "../world/life.ts";
import { processOf, type World } from "../world/world.ts";

const ROLES: readonly RunningRole[] = ["follower", "candidate", "leader", "pre-candidate"];

interface Row {
  id: number;
  up: boolean;
  role: RunningRole;
  configured: MemberRole;
  term: number;
  zone: string | null;
  host: string | null;
  commit: number;
  applied: number;
  lastIndex: number;
}

/** A `RunView` of a world. */
export class WorldView implements RunView {
  nowMicros: number = 0;
  event: number = 0;
  members: readonly MemberView[] = [];
  counters: readonly number[] = [];
  cuts: readonly ResolvedCut[] = [];
  readonly violated: string[] = [];
  private rows: Row[] = [];
  private readonly protocol: Protocol<unknown, unknown>;
  private readonly facts: ProcessFacts = { role: 0, term: 0, commit: 0, applied: 0, lastIndex: 0 };

  constructor(protocol: Protocol<unknown, unknown>) {
    this.protocol = protocol;
  }

  /** Looks at `world` from now on, without looking anew at its members. */
  bind(world: World): void {
    this.counters = world.counters;
    this.cuts = world.cuts;
  }

  /** Brings the view up to the state of `world`. */
  refresh(world: World): void {
    this.nowMicros = world.atMicros;
    this.event = world.steps;
    this.counters = world.counters;
    this.cuts = world.cuts;
    let at = 0;
    for (let i = 0; i < world.ids.length; i++) {
      const process = processOf(world, world.ids[i] as number);
      if (process.removed) continue;
      let row = this.rows[at];
      if (row === undefined) {
        row = {
          id: 0,
          up: false,
          role: "down",
          configured: "voter",
          term: 0,
          zone: null,
          host: null,
          commit: 0,
          applied: 0,
          lastIndex: 0,
        };
        this.rows.push(row);
      }
      const facts = this.facts;
      const up = process.status === "up";
      if (process.state === null) facts.role = facts.commit = facts.applied = facts.lastIndex = 0;
      else this.protocol.describe(process.state, facts);
      row.id = process.id;
      row.up = up;
      row.role = up ? (ROLES[facts.role] as RunningRole) : "down";
      row.configured = process.role;
      row.term = termOf(process);
      row.zone = process.zone;
      row.host = process.host;
      row.commit = up ? facts.commit : 0;
      row.applied = up ? facts.applied : 0;
      row.lastIndex = up ? facts.lastIndex : 0;
      at++;
    }
    this.rows.length = at;
    this.members = this.rows;
  }
}
