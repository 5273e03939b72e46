/**
 * What surrounds the members in `interaction/` scripts: their disks, the data they agree on, and where output goes.
 *
 * What is unknown here: the commands (`raft-interaction.ts`).
 */

import { quote } from "../../raft/describe.ts";
import type { Entry, Payload } from "../../raft/entry.ts";
import type { Snapshot } from "../../raft/snapshot.ts";
import { ScriptError } from "./datadriven.ts";

/** Log levels by number. */
export const LEVELS: readonly string[] = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"];
/** The level at which nothing is printed but errors. */
export const NONE_LEVEL: number = 5;
/** The data of a proposal: its text. */
export class TextPayload implements Payload {
  readonly text: string;
  readonly size: number;
  readonly hash: number;

  constructor(text: string) {
    this.text = text;
    this.size = new TextEncoder().encode(text).length;
    let hash = 0x811c9dc5;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.hash = hash | 0;
  }
}

/** Returns the text of a proposal in quotes. */
export function formatPayload(data: Payload | null): string {
  return quote(data instanceof TextPayload ? data.text : "");
}

/** What a command prints, muted or not, indented or not. */
export class Output {
  level = 0;
  private text = "";

  write(text: string): void {
    if (this.level !== NONE_LEVEL) this.text += text;
  }

  log(level: number, text: string): void {
    if (this.level <= level) this.write(`${LEVELS[level]} ${text}\n`);
  }

  /** Emits what `body` writes with two spaces before each line. */
  indented(body: () => void): void {
    const outer = this.text;
    this.text = "";
    try {
      body();
    } finally {
      const lines = this.text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      this.text = outer + lines.map((line) => `  ${line}\n`).join("");
    }
  }

  take(): string {
    const text = this.text;
    this.text = "";
    return text;
  }
}

/** A command failed; the text is printed. */
export class CommandError extends Error {}

/** The stable storage of one member: a log that starts after a dummy entry. */
export class MemoryDisk {
  entries: Entry[] = [];
  dummyIndex = 0;
  dummyTerm = 0;
  private snapshotIndex = 0;

  firstIndex(): number {
    return this.dummyIndex + 1;
  }

  lastIndex(): number {
    return this.dummyIndex + this.entries.length;
  }

  append(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => entry.index >= this.firstIndex());
    if (fresh.length === 0) return;
    const at = fresh[0]!.index - this.firstIndex();
    if (at > this.entries.length) throw new ScriptError(`missing log entry [last: ${this.lastIndex()}]`);
    this.entries = [...this.entries.slice(0, at), ...fresh];
  }

  compact(index: number): void {
    if (index <= this.dummyIndex) throw new CommandError("requested index is unavailable due to compaction");
    if (index > this.lastIndex()) {
      throw new ScriptError(`compact ${index} is out of bound lastindex(${this.lastIndex()})`);
    }
    const drop = index - this.dummyIndex;
    this.dummyTerm = this.entries[drop - 1]!.term;
    this.entries = this.entries.slice(drop);
    this.dummyIndex = index;
  }

  applySnapshot(snapshot: Snapshot): void {
    if (this.snapshotIndex !== 0 && this.snapshotIndex >= snapshot.index) {
      throw new CommandError("requested index is older than the existing snapshot");
    }
    this.snapshotIndex = snapshot.index;
    this.dummyIndex = snapshot.index;
    this.dummyTerm = snapshot.term;
    this.entries = [];
  }
}
