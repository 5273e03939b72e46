// The words of `lockstep check`. Knows commander only, so that help stays cheap.

import { type Command, Option } from "commander";

/** Options of `check` as commander hands them over. */
export interface CheckOptions {
  readonly manifest?: string;
  readonly online?: boolean;
  readonly model?: string;
  readonly input?: string;
  readonly initial?: string;
  readonly failCas?: string;
  readonly allowUndecided?: string;
  readonly budget?: string;
  readonly export?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly format?: string;
}

/** Adds arguments and options of `check` to `command`. */
export function describeCheck(command: Command): Command {
  return command
    .argument("[histories...]", "files (also .gz), or - for standard input")
    .option("--manifest <file>", "judge all histories of a MANIFEST.json and compare the verdicts")
    .option("--allow-undecided <n>", "with --manifest: so many undecided ones do not count")
    .option(
      "--model <name>",
      "register, cas-register, multi-register, kv, kv-cas, set, queue, stack, mutex, list-append, etcd",
    )
    .addOption(
      new Option("--input <form>", "format of the history").choices([
        "jepsen-log",
        "kv-text",
        "edn",
        "jsonl",
        "bundle",
      ]),
    )
    .option("--initial <json>", "state before the first operation")
    .addOption(new Option("--fail-cas <meaning>", "what a failed cas says").choices(["observed", "discarded"]))
    .option("--online", "judge after every event, as the history grows; with costs per event")
    .option("--budget <n>", "configurations before a part is undecided")
    .addOption(
      new Option("--export <form>", "write the history or its picture").choices([
        "porcupine",
        "edn",
        "jepsen-log",
        "jsonl",
        "text",
        "svg",
        "html",
      ]),
    )
    .option("-o, --out <file>", "file of --export (else standard output)")
    .option("--json", "one JSON document")
    .addOption(
      new Option("--format <form>", "form of the output").choices(["pretty", "compact", "json", "ndjson", "silent"]),
    );
}
