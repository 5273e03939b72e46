// Keeps the memory of an online check at the size of its frontier: what no configuration, open operation or lost operation
// names any more is dropped from the tables, at amortized constant cost.

import type { Frontier } from "./configuration.ts";
import { COMPACT_MIN, indexFamily, NOTHING, outputId, setWith, stateId } from "./configuration.ts";
import type { Model } from "./model.ts";

/** Forgets what can no longer matter. */
export function tidy<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): void {
  if (f.configurations[0]!.spent.length > 0) dropUsed(f);
  if (f.states.length + f.outputs.length + f.sets.length + f.lost.length + (f.keySize >> 10) > f.compactAt)
    compact(f, model);
}

/** A lost operation that every configuration has used is gone for good. */
function dropUsed<S, I, O>(f: Frontier<S, I, O>): void {
  let common: readonly number[] = f.configurations[0]!.spent;
  for (let i = 1; i < f.configurations.length && common.length > 0; i++) {
    const { spent } = f.configurations[i]!;
    if (spent !== common) common = common.filter((id) => spent.includes(id));
  }
  if (common.length === 0) return;
  for (const id of common) {
    const family = f.families[f.lost[id]!.family]!;
    family.members = family.members.filter((member) => member !== id);
    if (family.members.length === 0) unindexFamily(f, f.lost[id]!.family);
  }
  for (const c of f.configurations) c.spent = c.spent.filter((id) => !common.includes(id));
}

/** An empty family leaves the indexes; its place in `families` goes at the next compaction. */
function unindexFamily<S, I, O>(f: Frontier<S, I, O>, id: number): void {
  const family = f.families[id]!;
  f.familyIds.delete(family.key);
  if (family.target >= 0) dropFrom(f.byTarget, family.target, id);
  else if (family.required >= 0) dropFrom(f.byRequired, family.required, id);
  else f.unindexed = f.unindexed.filter((other) => other !== id);
}

function dropFrom(index: Map<number, number[]>, key: number, id: number): void {
  const rest = index.get(key)!.filter((other) => other !== id);
  if (rest.length === 0) index.delete(key);
  else index.set(key, rest);
}

/** Rebuilds the tables with only what the configurations, open operations and lost ones still name. */
function compact<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): void {
  const { states, outputs, sets, lost, families } = f;
  f.states = [];
  f.stateIds = new Map();
  f.keySize = 0;
  f.outputs = [undefined];
  f.outputIds = new Map();
  f.sets = [NOTHING];
  f.widerSets = new Map();
  f.lost = [];
  f.families = [];
  f.familyIds = new Map();
  f.byTarget = new Map();
  f.byRequired = new Map();
  f.unindexed = [];
  const lostIds = new Map<number, number>();
  const aliveInOrder: number[] = [];
  for (const family of families) for (const id of family.members) aliveInOrder.push(id);
  aliveInOrder.sort((a, b) => a - b);
  for (const id of aliveInOrder) lostIds.set(id, lostIds.size);
  for (const family of families) {
    if (family.members.length === 0) continue;
    const id = f.families.length;
    family.members = family.members.map((member) => lostIds.get(member)!);
    if (family.target >= 0) family.target = stateId(f, model, states[family.target]!);
    if (family.required >= 0) family.required = stateId(f, model, states[family.required]!);
    f.families.push(family);
    f.familyIds.set(family.key, id);
    indexFamily(f, id);
    for (const member of family.members) {
      const old = lost[aliveInOrder[member]!]!;
      f.lost[member] = { operation: old.operation, family: id, invokedAt: old.invokedAt };
    }
  }
  for (const slot of f.slots) {
    if (slot.operation < 0) continue;
    if (slot.target >= 0) slot.target = stateId(f, model, states[slot.target]!);
    if (slot.expected >= 0) slot.expected = outputId(f, model, outputs[slot.expected] as O);
  }
  for (const c of f.configurations) {
    c.state = stateId(f, model, states[c.state]!);
    c.spent = c.spent.map((id) => lostIds.get(id)!);
    for (let i = 0; i < c.status.length; i++) {
      const status = c.status[i]!;
      if (status <= 1) continue;
      if (status & 1) {
        c.status[i] = 2 * outputId(f, model, outputs[status >> 1] as O) + 1;
        continue;
      }
      let set = 0;
      for (const output of sets[status >> 1]!) set = setWith(f, set, outputId(f, model, outputs[output] as O));
      c.status[i] = 2 * set;
    }
  }
  const alive = f.states.length + f.outputs.length + f.sets.length + f.lost.length + (f.keySize >> 10);
  f.compactAt = Math.max(COMPACT_MIN, 2 * alive);
}
