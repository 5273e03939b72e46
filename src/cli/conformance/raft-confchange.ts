/**
 * The commands of `confchange/` scripts: the algebra of membership changes alone.
 */

import { type ConfChangeSingle, ConfChangeType } from "../../raft/conf-change.ts";
import { describeMembership, describeProgressTable } from "../../raft/describe.ts";
import { enterJoint, leaveJoint, type MembershipChange, simpleChange } from "../../raft/membership.ts";
import type { Progress } from "../../raft/progress.ts";
import { EMPTY_MEMBERSHIP, type Membership } from "../../raft/tracker.ts";
import { type Directive, parseUint, requireBoolean, ScriptError } from "./datadriven.ts";

const OPERATIONS: ReadonlyMap<string, ConfChangeType> = new Map<string, ConfChangeType>([
  ["v", ConfChangeType.AddNode],
  ["l", ConfChangeType.AddLearnerNode],
  ["r", ConfChangeType.RemoveNode],
  ["u", ConfChangeType.UpdateNode],
]);

/** Returns the operations of an input like `v1 l2 r3`, or the text of the error in it. */
export function parseOperations(input: string): ConfChangeSingle[] | string {
  const changes: ConfChangeSingle[] = [];
  if (input === "") return changes;
  for (const token of input.split(" ")) {
    if (token.length < 2) return `unknown token ${token}`;
    const type = OPERATIONS.get(token[0]!);
    if (type === undefined) return `unknown input: ${token}`;
    const nodeId = parseUint(token.slice(1));
    if (typeof nodeId === "string") return nodeId;
    changes.push({ type, nodeId });
  }
  return changes;
}

/** The state of one script: the membership so far. */
export class ConfChangeScript {
  private membership: Membership = EMPTY_MEMBERSHIP;
  private progress: readonly Progress[] = [];
  private lastIndex = 0;

  /** Returns what a command prints. */
  run(directive: Directive): string {
    const lastIndex = this.lastIndex++;
    const changes = parseOperations(directive.input);
    if (typeof changes === "string") return changes;
    let result: MembershipChange;
    if (directive.command === "simple") {
      result = simpleChange(this.membership, this.progress, changes, lastIndex);
    } else if (directive.command === "enter-joint") {
      result = enterJoint(this.membership, this.progress, changes, autoLeave(directive), lastIndex);
    } else if (directive.command === "leave-joint") {
      if (changes.length > 0) return "this command takes no input";
      result = leaveJoint(this.membership, this.progress, lastIndex);
    } else return "unknown command";
    if (result.error !== null) return result.error;
    this.membership = result.membership;
    this.progress = result.progress;
    return `${describeMembership(result.membership)}\n${describeProgressTable(result.progress, 10, 0)}`;
  }
}

function autoLeave(directive: Directive): boolean {
  if (directive.args.length === 0) return false;
  const value = directive.args.find((arg) => arg.key === "autoleave")?.values[0];
  if (value === undefined) throw new ScriptError("missing argument: autoleave");
  return requireBoolean(value);
}
