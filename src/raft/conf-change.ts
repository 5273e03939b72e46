/**
 * A proposed change of the membership, as the payload of an entry.
 *
 * What is unknown here: what a change does to a configuration (`membership.ts`).
 * One class stands for etcd's `ConfChange` (v1: one operation, no transition) and `ConfChangeV2`.
 */

import type { Entry, Payload } from "./entry.ts";

/** Operations of a change, in etcd's order. */
export const ConfChangeType = { AddNode: 0, RemoveNode: 1, UpdateNode: 2, AddLearnerNode: 3 } as const;
/** One of the values of `ConfChangeType`, 0 to 3. */
export type ConfChangeType = (typeof ConfChangeType)[keyof typeof ConfChangeType];

const TYPE_NAMES: readonly string[] = Object.freeze([
  "ConfChangeAddNode",
  "ConfChangeRemoveNode",
  "ConfChangeUpdateNode",
  "ConfChangeAddLearnerNode",
]);

/** Returns etcd's name of an operation. */
export function confChangeTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `${type}`;
}

/** How a change goes through: simple where that is possible, or by a joint configuration that is left by itself or on request. */
export const ConfChangeTransition = { Auto: 0, JointImplicit: 1, JointExplicit: 2 } as const;
/** One of the values of `ConfChangeTransition`, 0 to 2. */
export type ConfChangeTransition = (typeof ConfChangeTransition)[keyof typeof ConfChangeTransition];

const TRANSITION_NAMES: readonly string[] = Object.freeze([
  "ConfChangeTransitionAuto",
  "ConfChangeTransitionJointImplicit",
  "ConfChangeTransitionJointExplicit",
]);

/** Returns etcd's name of a transition. */
export function confChangeTransitionName(transition: number): string {
  return TRANSITION_NAMES[transition] ?? `${transition}`;
}

/** One operation on one member. */
export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  /** 0 is ignored when the change is applied. */
  readonly nodeId: number;
}

function varint(value: number): number {
  let size = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** What a proposer may send along: anything immutable that is a text when asked. */
export type ChangeContext = { toString(): string } | null;

/** A change of the membership. Immutable. No operations at all: leave the joint configuration. */
export class ConfChange implements Payload {
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  /** For the proposer's own use; carried, never read but as a text: its hash and length are those of the text. */
  readonly context: ChangeContext;
  /** True for etcd's older one-operation message; it travels as `EntryConfChange`. */
  readonly v1: boolean;
  readonly size: number;
  readonly hash: number;

  constructor(
    transition: ConfChangeTransition,
    changes: readonly ConfChangeSingle[],
    context: ChangeContext,
    v1: boolean,
  ) {
    this.transition = transition;
    this.changes = changes;
    this.context = context;
    this.v1 = v1;
    const contextLength = context === null ? 0 : `${context}`.length;
    const contextSize = context === null ? 0 : 1 + varint(contextLength) + contextLength;
    let hash = v1 ? 0x3c6ef372 : 0x1b873593 + transition;
    // A v1 change writes type and node id; a v2 change writes its transition and one nested message per operation.
    let size = v1 ? 0 : 2;
    for (const change of changes) {
      const inner = 3 + varint(change.nodeId);
      size += v1 ? inner : 2 + inner;
      hash = Math.imul(hash ^ Math.imul(change.nodeId, 0xcc9e2d51), 0x85ebca6b) + change.type + 1;
      hash ^= hash >>> 15;
    }
    const text = context === null ? "" : `${context}`;
    for (let offset = 0; offset < text.length; offset++) hash = Math.imul(hash ^ text.charCodeAt(offset), 0x01000193);
    this.size = size + contextSize;
    this.hash = hash | 0;
  }
}

/** The change that a null payload of a configuration entry stands for: leave the joint configuration. */
export const EMPTY_CONF_CHANGE: ConfChange = new ConfChange(
  0,
  Object.freeze([]) as readonly ConfChangeSingle[],
  null,
  false,
);

/** Returns a v1 change of one operation. */
export function confChangeV1(type: ConfChangeType, nodeId: number, context: ChangeContext = null): ConfChange {
  return new ConfChange(0, Object.freeze([{ type, nodeId }]), context, true);
}

/** Returns a v2 change. */
export function confChangeV2(
  changes: readonly ConfChangeSingle[],
  transition: ConfChangeTransition = 0,
  context: ChangeContext = null,
): ConfChange {
  return new ConfChange(transition, changes, context, false);
}

/** Returns the change that a configuration entry carries. */
export function confChangeOf(entry: Entry): ConfChange {
  return entry.data instanceof ConfChange ? entry.data : EMPTY_CONF_CHANGE;
}
