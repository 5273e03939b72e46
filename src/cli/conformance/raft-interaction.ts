/**
 * The commands of `interaction/` scripts: a cluster of Raft members with a hand-cranked network and disk.
 *
 * Members' disks are kept here as the scripts want them (`MemoryDisk`), beside the logs inside the members; what a
 * member would be told by its disk it is told by the same calls that any host makes.
 */

import {
  ConfChange,
  type ConfChangeSingle,
  ConfChangeTransition,
  confChangeOf,
  confChangeV2,
} from "../../raft/conf-change.ts";
import { createRaftConfig, NO_LIMIT, type RaftConfig, type ReadOnlyOption } from "../../raft/config.ts";
import {
  describeEntries,
  describeMessage,
  describeProgressTable,
  describeReady,
  quote,
  roleName,
} from "../../raft/describe.ts";
import { type Entry, EntryType } from "../../raft/entry.ts";
import { dropPrefix } from "../../raft/log.ts";
import {
  APPEND_THREAD,
  isStorageThread,
  Message,
  MessageType,
  messageTypeOf,
  NO_ENTRIES,
  NO_MESSAGES,
} from "../../raft/message.ts";
import {
  advance,
  applyConfChange,
  campaign,
  createRaft,
  forgetLeader,
  hasReady,
  isVoter,
  NOTHING_RECOVERED,
  propose,
  proposeConfChange,
  type Raft,
  type RaftEnv,
  Role,
  ready,
  reportUnreachable,
  setSnapshot,
  step,
  tick,
  transferLeader,
} from "../../raft/raft.ts";
import { ConfState, Snapshot } from "../../raft/snapshot.ts";
import {
  type Argument,
  type Directive,
  parseBoolean,
  parseInteger,
  parseUint,
  requireBoolean,
  ScriptError,
} from "./datadriven.ts";
import { parseOperations } from "./raft-confchange.ts";
import {
  CommandError,
  formatPayload,
  LEVELS,
  MemoryDisk,
  NONE_LEVEL,
  Output,
  TextPayload,
} from "./raft-environment.ts";

/** More rounds than any script needs; a cluster that never settles ends its script instead of running for ever. */
const STABILIZE_ROUNDS_MAX = 10_000;

interface Node {
  readonly raft: Raft;
  readonly disk: MemoryDisk;
  /** One snapshot per applied entry, after the bootstrap one. */
  readonly history: Snapshot[];
  readonly appendWork: Message[];
  readonly applyWork: Message[];
}

interface Recipient {
  readonly id: number;
  readonly drop: boolean;
}

/** The state of one script. */
export class InteractionScript {
  private readonly output = new Output();
  private readonly nodes: Node[] = [];
  private messages: Message[] = [];
  private readonly env: RaftEnv;

  constructor() {
    const output = this.output;
    this.env = {
      // Scripts are written so that the draw cannot show, or set it.
      electionTimeout: (_id, electionTicks) => electionTicks,
      logger: {
        debug: (text) => output.log(0, text),
        info: (text) => output.log(1, text),
        warn: (text) => output.log(2, text),
        error: (text) => output.log(3, text),
      },
      violation: (text) => {
        throw new ScriptError(`violation: ${text}`);
      },
    };
  }

  /** Returns what a command prints. */
  run(directive: Directive): string {
    this.output.take();
    let error: string | null = null;
    try {
      this.handle(directive);
    } catch (caught) {
      if (!(caught instanceof CommandError)) throw caught;
      error = caught.message;
    }
    const text = this.output.take();
    if (error !== null) return this.output.level === NONE_LEVEL ? error : text + error;
    return text === "" ? "ok" : text;
  }

  private handle(directive: Directive): void {
    const args = directive.args;
    switch (directive.command) {
      case "_breakpoint":
        return;
      case "add-nodes":
        this.addNodes(args);
        return;
      case "campaign":
        campaign(this.node(first(args)).raft, this.env);
        return;
      case "compact":
        this.compact(first(args), args[1]?.key ?? "");
        return;
      case "deliver-msgs":
        this.deliverCommand(args);
        return;
      case "forget-leader":
        forgetLeader(this.node(first(args)).raft, this.env);
        return;
      case "log-level":
        this.setLevel(args[0]?.key ?? "");
        return;
      case "process-append-thread":
        this.each(args, "processing append thread", (id) => this.processAppend(id));
        return;
      case "process-apply-thread":
        this.each(args, "processing apply thread", (id) => this.processApply(id));
        return;
      case "process-ready":
        this.each(args, "handling Ready", (id) => this.processReady(id));
        return;
      case "propose":
        this.propose(args);
        return;
      case "propose-conf-change":
        this.proposeConfChange(args, directive.input);
        return;
      case "raft-log":
        this.printLog(this.node(first(args)));
        return;
      case "raft-state":
        this.printStates();
        return;
      case "report-unreachable":
        this.reportUnreachable(args);
        return;
      case "send-snapshot":
        this.sendSnapshot(args);
        return;
      case "set-randomized-election-timeout":
        this.setElectionTimeout(args);
        return;
      case "stabilize":
        this.stabilizeCommand(args);
        return;
      case "status":
        this.printStatus(this.node(first(args)).raft);
        return;
      case "tick-election":
        this.tick(first(args), 3);
        return;
      case "tick-heartbeat":
        this.tick(first(args), 1);
        return;
      case "transfer-leadership":
        this.transfer(args);
        return;
      default:
        throw new CommandError("unknown command");
    }
  }

  private node(id: number): Node {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new ScriptError(`there is no node ${id}`);
    return node;
  }

  private each(args: readonly Argument[], what: string, body: (id: number) => void): void {
    const ids = argumentIds(args);
    for (const id of ids) {
      if (ids.length === 1) body(id);
      else {
        this.output.write(`> ${id} ${what}\n`);
        this.output.indented(() => body(id));
      }
    }
  }

  private setLevel(name: string): void {
    const level = LEVELS.indexOf(name.toUpperCase());
    if (level < 0) throw new CommandError(`log levels must be either of [${LEVELS.join(" ")}]`);
    this.output.level = level;
  }

  private addNodes(args: readonly Argument[]): void {
    const count = first(args);
    const voters: number[] = [];
    const learners: number[] = [];
    let index = 0;
    const options: { -readonly [K in keyof RaftConfig]?: RaftConfig[K] } = {
      electionTicks: 3,
      heartbeatTicks: 1,
      maxSizePerMsg: NO_LIMIT,
      maxInflightMsgs: 2147483647,
      checkQuorum: false,
      preVote: false,
    };
    for (const { key, values } of args.slice(1)) {
      for (const value of values) {
        if (key === "voters") voters.push(parseInteger(value));
        else if (key === "learners") learners.push(parseInteger(value));
        else if (key === "index") index = parseInteger(value);
        else if (key === "inflight") options.maxInflightMsgs = parseInteger(value);
        else if (key === "max-committed-size-per-ready") options.maxCommittedSizePerReady = parseInteger(value);
        else if (key === "async-storage-writes") options.asyncStorageWrites = requireBoolean(value);
        else if (key === "prevote") options.preVote = requireBoolean(value);
        else if (key === "checkquorum") options.checkQuorum = requireBoolean(value);
        else if (key === "disable-conf-change-validation") options.disableConfChangeValidation = requireBoolean(value);
        else if (key === "step-down-on-removal") options.stepDownOnRemoval = requireBoolean(value);
        else if (key === "read-only") options.readOnly = parseReadOnly(value);
        else if (key === "content") throw new ScriptError("content cannot be set");
      }
    }
    const bootstrap = index !== 0 || voters.length > 0 || learners.length > 0;
    const state = new ConfState(voters, [], learners, [], false);
    for (let k = 0; k < count; k++) {
      if (bootstrap && index <= 1) throw new CommandError("index must be specified as > 1 due to bootstrap");
      const snapshot = new Snapshot(index, bootstrap ? 1 : 0, state, 0, "", 0);
      const disk = new MemoryDisk();
      if (bootstrap) disk.applySnapshot(snapshot);
      const config = createRaftConfig({ ...options, id: this.nodes.length + 1 });
      const recovered = bootstrap ? { ...NOTHING_RECOVERED, snapshot, applied: index } : NOTHING_RECOVERED;
      const raft = createRaft(config, recovered, this.env);
      setSnapshot(raft, snapshot);
      this.nodes.push({ raft, disk, history: [snapshot], appendWork: [], applyWork: [] });
    }
  }

  private compact(id: number, text: string): void {
    const node = this.node(id);
    const index = parseUint(text);
    if (typeof index === "string") throw new CommandError(index);
    node.disk.compact(index);
    const log = node.raft.log;
    // While a received snapshot is on its way to the disk, the member's log starts after that one.
    if (index > log.snapshotIndex && index <= log.last) dropPrefix(log, index);
    this.printLog(node);
  }

  private propose(args: readonly Argument[]): void {
    if (args.length !== 2 || args[1]!.values.length > 0) throw new ScriptError("expected exactly one key with no vals");
    const error = propose(this.node(first(args)).raft, new TextPayload(args[1]!.key), this.env);
    if (error !== null) throw new CommandError(error);
  }

  private proposeConfChange(args: readonly Argument[], input: string): void {
    const node = this.node(first(args));
    let v1 = false;
    let transition: ConfChangeTransition = ConfChangeTransition.Auto;
    for (const { key, values } of args.slice(1)) {
      for (const value of values) {
        if (key === "v1") {
          const parsed = parseBoolean(value);
          if (parsed === null) throw new CommandError(`strconv.ParseBool: parsing ${quote(value)}: invalid syntax`);
          v1 = parsed;
        } else if (key === "transition") transition = parseTransition(value);
        else throw new CommandError(`unknown command ${key}`);
      }
    }
    const changes = parseOperations(input);
    if (typeof changes === "string") throw new CommandError(changes);
    const error = proposeConfChange(node.raft, makeChange(changes, transition, v1), this.env);
    if (error !== null) throw new CommandError(error);
  }

  private processReady(id: number): void {
    const node = this.node(id);
    const work = ready(node.raft);
    const async = node.raft.config.asyncStorageWrites;
    this.output.write(describeReady(work, formatPayload));
    if (!async) {
      this.persist(node, work.entries, work.snapshot);
      this.apply(node, work.committedEntries);
    }
    for (const message of work.messages) {
      if (!isStorageThread(message.to)) this.messages.push(message);
      else if (message.to === APPEND_THREAD) node.appendWork.push(message);
      else node.applyWork.push(message);
    }
    if (!async) advance(node.raft, this.env);
  }

  private persist(node: Node, entries: readonly Entry[], snapshot: Snapshot | null): void {
    if (snapshot === null) {
      node.disk.append(entries);
      return;
    }
    if (entries.length > 0) throw new CommandError("can't apply snapshot and entries at the same time");
    node.disk.applySnapshot(snapshot);
  }

  private apply(node: Node, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = node.history.at(-1)!;
      let state = last.confState;
      let update = "";
      if (entry.type !== EntryType.EntryNormal) state = applyConfChange(node.raft, confChangeOf(entry), this.env);
      else if (entry.data instanceof TextPayload) update = entry.data.text;
      const data = `${last.data}${update}`;
      node.history.push(new Snapshot(entry.index, entry.term, state, entry.chain, data, data.length));
      setSnapshot(node.raft, node.history.at(-1)!);
    }
  }

  private processAppend(id: number): void {
    const node = this.node(id);
    const work = node.appendWork.shift();
    if (work === undefined) this.output.write("no append work to perform");
    else this.processWork(work, () => this.persist(node, work.entries, work.snapshot));
  }

  private processApply(id: number): void {
    const node = this.node(id);
    const work = node.applyWork.shift();
    if (work === undefined) this.output.write("no apply work to perform");
    else this.processWork(work, () => this.apply(node, work.entries));
  }

  private processWork(work: Message, body: () => void): void {
    this.output.write(`Processing:\n${describeMessage(withoutResponses(work), formatPayload)}\n`);
    body();
    this.output.write("Responses:\n");
    for (const response of work.responses) {
      this.output.write(`${describeMessage(response, formatPayload)}\n`);
      this.messages.push(response);
    }
  }

  private deliverCommand(args: readonly Argument[]): void {
    let type = -1;
    const recipients: Recipient[] = [];
    for (const { key, values } of args) {
      if (values.length === 0) recipients.push({ id: parseInteger(key), drop: false });
      for (const value of values) {
        if (key === "drop") {
          const id = parseInteger(value);
          if (recipients.some((one) => one.id === id)) {
            throw new ScriptError(`can't both deliver and drop msgs to ${id}`);
          }
          recipients.push({ id, drop: true });
        } else if (key === "type") {
          type = messageTypeOf(value);
          if (type < 0) throw new ScriptError(`unknown message type ${value}`);
        }
      }
    }
    let count = 0;
    for (const recipient of recipients) count += this.deliver(recipient, type);
    if (count === 0) this.output.write("no messages\n");
  }

  /** Delivers, or drops, what waits for a recipient, and returns how many messages that were. */
  private deliver(recipient: Recipient, type: number): number {
    const taken: Message[] = [];
    const left: Message[] = [];
    for (const message of this.messages) {
      const local = message.from === message.to || isStorageThread(message.from) || isStorageThread(message.to);
      const chosen = message.to === recipient.id && !(recipient.drop && local) && (type < 0 || message.type === type);
      (chosen ? taken : left).push(message);
    }
    this.messages = left;
    for (const message of taken) {
      this.output.write(`${recipient.drop ? "dropped: " : ""}${describeMessage(message, formatPayload)}\n`);
      if (recipient.drop) continue;
      const error = step(this.node(recipient.id).raft, message, this.env);
      if (error !== null) this.output.write(`${error}\n`);
    }
    return taken.length;
  }

  private stabilizeCommand(args: readonly Argument[]): void {
    const ids = argumentIds(args);
    const level = this.output.level;
    try {
      for (const { key, values } of args) {
        for (const value of values) if (key === "log-level") this.setLevel(value);
      }
      this.stabilize(ids.length > 0 ? ids : this.nodes.map((_, k) => k + 1));
    } finally {
      this.output.level = level;
    }
  }

  private stabilize(ids: readonly number[]): void {
    const block = (id: number, what: string, body: () => void): void => {
      this.output.write(`> ${id} ${what}\n`);
      this.output.indented(body);
    };
    let rounds = 0;
    for (let done = false; !done; ) {
      if (++rounds > STABILIZE_ROUNDS_MAX) throw new ScriptError("the cluster does not become stable");
      done = true;
      for (const id of ids) {
        if (!hasReady(this.node(id).raft)) continue;
        block(id, "handling Ready", () => this.processReady(id));
        done = false;
      }
      for (const id of ids) {
        if (!this.messages.some((message) => message.to === id)) continue;
        block(id, "receiving messages", () => {
          this.deliver({ id, drop: false }, -1);
        });
        done = false;
      }
      for (const id of ids) {
        if (this.node(id).appendWork.length === 0) continue;
        this.output.write(`> ${id} processing append thread\n`);
        while (this.node(id).appendWork.length > 0) this.output.indented(() => this.processAppend(id));
        done = false;
      }
      for (const id of ids) {
        if (this.node(id).applyWork.length === 0) continue;
        this.output.write(`> ${id} processing apply thread\n`);
        while (this.node(id).applyWork.length > 0) this.output.indented(() => this.processApply(id));
        done = false;
      }
    }
  }

  private tick(id: number, ticks: number): void {
    for (let k = 0; k < ticks; k++) tick(this.node(id).raft, this.env);
  }

  private setElectionTimeout(args: readonly Argument[]): void {
    const timeout = parseInteger(requireValue(args, "timeout"));
    if (timeout <= 0) throw new ScriptError("the timeout must be positive");
    this.node(first(args)).raft.randomizedElectionTimeout = timeout;
  }

  private transfer(args: readonly Argument[]): void {
    const from = this.node(parseInteger(requireValue(args, "from")));
    const to = this.node(parseInteger(requireValue(args, "to")));
    transferLeader(from.raft, to.raft.id, this.env);
  }

  private reportUnreachable(args: readonly Argument[]): void {
    const ids = argumentIds(args);
    if (ids.length !== 2) {
      throw new CommandError("must specify exactly two node indexes: node on which to report, and reported node");
    }
    reportUnreachable(this.node(ids[0]!).raft, this.node(ids[1]!).raft.id, this.env);
  }

  private sendSnapshot(args: readonly Argument[]): void {
    const ids = argumentIds(args);
    if (ids.length !== 2) throw new ScriptError("send-snapshot takes two nodes");
    const from = this.node(ids[0]!);
    const snapshot = from.history.at(-1)!;
    const message = new Message(
      MessageType.MsgSnap,
      ids[1]!,
      ids[0]!,
      from.raft.term,
      0,
      0,
      0,
      0,
      false,
      0,
      NO_ENTRIES,
      snapshot,
      0,
      NO_MESSAGES,
    );
    this.messages.push(message);
    this.output.write(describeMessage(message, formatPayload));
  }

  private printLog(node: Node): void {
    const disk = node.disk;
    if (disk.entries.length === 0) {
      this.output.write(`log is empty: first index=${disk.firstIndex()}, last index=${disk.lastIndex()}`);
    } else this.output.write(describeEntries(disk.entries, formatPayload));
  }

  private printStates(): void {
    for (const { raft } of this.nodes) {
      const voter = isVoter(raft) ? "(Voter)" : "(Non-Voter)";
      this.output.write(`${raft.id}: ${roleName(raft.role)} ${voter} Term:${raft.term} Lead:${raft.lead}\n`);
    }
  }

  private printStatus(raft: Raft): void {
    if (raft.role !== Role.Leader) return;
    this.output.write(
      describeProgressTable(raft.tracker.progress, raft.config.maxInflightMsgs, raft.config.maxInflightBytes),
    );
  }
}

function first(args: readonly Argument[]): number {
  return parseInteger(args[0]?.key ?? "");
}

function argumentIds(args: readonly Argument[]): number[] {
  return args.filter((arg) => arg.values.length === 0).map((arg) => parseInteger(arg.key));
}

function requireValue(args: readonly Argument[], key: string): string {
  const value = args.find((arg) => arg.key === key)?.values[0];
  if (value === undefined) throw new ScriptError(`missing argument: ${key}`);
  return value;
}

function parseReadOnly(value: string): ReadOnlyOption {
  if (value === "safe" || value === "lease-based") return value;
  throw new CommandError(`invalid read-only option ${quote(value)}`);
}

function parseTransition(value: string): ConfChangeTransition {
  if (value === "auto") return ConfChangeTransition.Auto;
  if (value === "implicit") return ConfChangeTransition.JointImplicit;
  if (value === "explicit") return ConfChangeTransition.JointExplicit;
  throw new CommandError(`unknown transition ${value}`);
}

function makeChange(changes: readonly ConfChangeSingle[], transition: ConfChangeTransition, v1: boolean): ConfChange {
  if (!v1) return confChangeV2(changes, transition);
  if (changes.length > 1 || transition !== ConfChangeTransition.Auto) {
    throw new CommandError("v1 conf change can only have one operation and no transition");
  }
  if (changes.length === 0) throw new ScriptError("a v1 conf change needs an operation");
  return new ConfChange(ConfChangeTransition.Auto, changes, null, true);
}

function withoutResponses(message: Message): Message {
  return new Message(
    message.type,
    message.to,
    message.from,
    message.term,
    message.logTerm,
    message.index,
    message.commit,
    message.vote,
    message.reject,
    message.rejectHint,
    message.entries,
    message.snapshot,
    message.context,
    NO_MESSAGES,
  );
}
