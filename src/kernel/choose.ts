// The one source of choice. Every decision of a run is `stream.below(n)` on a stream that was opened for a purpose and an
// entity. Behind it stands a generator (random runs), a tape (replay, shrinking) or an enumerator (exhaustive search).

import type { State } from "seedrandom";
import seedrandom from "seedrandom";

/** What decisions are about. Each (purpose, entity) has a stream of its own, so that a new draw in one leaves the others alone. */
export type Purpose =
  | "tick-phase"
  | "election"
  | "latency"
  | "loss"
  | "duplicate"
  | "reorder"
  | "corrupt"
  | "client-latency"
  | "client-loss"
  | "operation"
  | "key"
  | "think"
  | "disk"
  | "disk-crash"
  | "fault"
  | "selector"
  | "process"
  | "retry";

/** Two to the power of -32, exactly: what one step of an int32 is worth in a fraction. */
const UNIT = 2.3283064365386963e-10;

/** A stream of choices. */
export interface Stream {
  /** A choice among `n` options: 0..n-1. With n ≤ 1 there is nothing to choose: 0, and nothing is drawn. n < 2^31. */
  below(n: number): number;
}

/** Where streams come from. Opening the same (purpose, entity) twice gives the same stream. */
export interface ChoiceSource {
  open(purpose: Purpose, entity: number): Stream;
  /** A source of its own that goes on from here with the same choices. */
  fork(): ChoiceSource;
  /** State of all opened streams, for keyframes and forks. */
  save(): SavedChoices;
}

/** Saved states by `purpose/entity`. */
export interface SavedChoices {
  readonly seed: string;
  readonly states: ReadonlyMap<string, State.Alea>;
}

/**
 * A stream over seedrandom's alea: 32 bits a draw, scaled by one multiplication, which is exact in every engine. seedrandom makes
 * the state out of a seed; the stream takes the steps itself (Baagøe's: multiply with carry over three lagged numbers), since
 * nothing is drawn more often, and a generator that is a function of its own is called and not inlined.
 */
class RandomStream implements Stream {
  private s0: number;
  private s1: number;
  private s2: number;
  private c: number;

  constructor({ s0, s1, s2, c }: State.Alea) {
    this.s0 = s0;
    this.s1 = s1;
    this.s2 = s2;
    this.c = c;
  }

  below(n: number): number {
    if (n <= 1) return 0;
    const t = 2091639 * this.s0 + this.c * UNIT;
    const carry = t | 0;
    const drawn = t - carry;
    this.s0 = this.s1;
    this.s1 = this.s2;
    this.s2 = drawn;
    this.c = carry;
    return Math.floor(drawn * n);
  }

  state(): State.Alea {
    const { s0, s1, s2, c } = this;
    return { c, s0, s1, s2 };
  }
}

/** The choice source of a random run: one alea generator for each (purpose, entity), derived from the run's seed. */
export class RandomChoices implements ChoiceSource {
  readonly seed: string;
  private readonly streams: Map<string, RandomStream> = new Map();

  constructor(seed: string) {
    this.seed = seed;
  }

  open(purpose: Purpose, entity: number): Stream {
    const name = `${purpose}/${entity}`;
    const opened = this.streams.get(name);
    if (opened !== undefined) return opened;
    const stream = new RandomStream(seedrandom.alea(`${this.seed}/${name}`, { state: true }).state());
    this.streams.set(name, stream);
    return stream;
  }

  save(): SavedChoices {
    const states = new Map<string, State.Alea>();
    for (const [name, stream] of this.streams) states.set(name, stream.state());
    return { seed: this.seed, states };
  }

  fork(): RandomChoices {
    return RandomChoices.restore(this.save());
  }

  /** A source that goes on where `saved` was taken. */
  static restore(saved: SavedChoices): RandomChoices {
    const source = new RandomChoices(saved.seed);
    for (const [name, state] of saved.states) {
      source.streams.set(name, new RandomStream(state));
    }
    return source;
  }
}
