#!/usr/bin/env node
// The command line: its words, and nothing else. Each command's own module is loaded when it is called, so that help and a
// mistyped word cost no more than commander does.

import { existsSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { PROGRAM_VERSION } from "../kernel/engine.ts";
import { describeCheck } from "./check-options.ts";
import type { CommonOptions, Terminal } from "./terminal.ts";

const FORMATS = ["pretty", "compact", "json", "ndjson", "tap", "junit", "github", "silent"];
const USAGE_EXIT = 2;
const OWN_ERROR_EXIT = 70;

/** What a command ended with. */
let exitCode = 0;

/** A reader that has seen enough (`| head`) is no error. What else comes here is ours. */
function onUncaught(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(exitCode);
  if (error.syscall === "write") {
    void sayUnwritable(error).finally(() => process.exit(USAGE_EXIT));
    return;
  }
  void sayTrouble(error, {}).then((code) => process.exit(code));
}

/** Standard output that takes no more (a full disk behind `>`) is the user's to mend. */
async function sayUnwritable(error: NodeJS.ErrnoException): Promise<void> {
  const { complaintLines, systemReason } = await import("./complaint.ts");
  const { openTerminal } = await import("./terminal.ts");
  const terminal = await openTerminal({});
  terminal.err(complaintLines(`cannot write to standard output: ${systemReason(error)}`));
}

async function main(given: readonly string[]): Promise<number> {
  const args = withVerb(given);
  const program = createProgram(args);
  // Help on a word that does not exist is no help: without the flag the word is refused with the nearest.
  const unknown = unknownWords(program, args);
  if (unknown !== null) return await parsed(program, unknown);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  return await parsed(program, args);
}

async function parsed(program: Command, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.code === "commander.helpDisplayed" ||
        error.code === "commander.version" ||
        error.code === "commander.help"
        ? 0
        : USAGE_EXIT;
    return await sayTrouble(error, program.opts<CommonOptions>());
  }
}

/** Human mistakes in lines; everything else is our own error, in one line and without a stack. */
async function sayTrouble(error: unknown, options: CommonOptions): Promise<number> {
  const { openTerminal } = await import("./terminal.ts");
  const { Complaint, complaintLines } = await import("./complaint.ts");
  const terminal = await openTerminal(options);
  if (error instanceof Complaint) {
    terminal.err(error.lines);
    return error.exitCode;
  }
  const known = error instanceof Error && error.name === "AssertionError" ? `: ${error.message}` : "";
  const hint = "this is a bug of lockstep; LOCKSTEP_DEBUG=1 shows where it is, for a report";
  terminal.err(complaintLines(`internal error${known}`, hint));
  if (process.env.LOCKSTEP_DEBUG === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return OWN_ERROR_EXIT;
}

/** Options of the program that take a value, and those that take none. */
const VALUED: readonly string[] = ["--color", "--width", "--config", "--profile"];
const PLAIN: readonly string[] = ["-q", "--quiet", "-v", "--verbose", "--ascii"];

/** The words up to the first that names no command, where a command is asked for; null where all do. */
function unknownWords(program: Command, args: readonly string[]): string[] | null {
  const words: string[] = [];
  let command = program;
  for (let at = 0; at < args.length && command.commands.length > 0; at++) {
    const arg = args[at] as string;
    if (VALUED.includes(arg)) at++;
    if (arg.startsWith("-") || (arg === "help" && words.length === 0)) continue;
    const named = command.commands.find((one) => one.name() === arg);
    words.push(arg);
    if (named === undefined) return words;
    command = named;
  }
  return null;
}

/** `lockstep x.yaml` is `lockstep run x.yaml`, and an artifact is replayed. A command's word before it stands, misspelt or not. */
function withVerb(args: readonly string[]): string[] {
  for (const [at, arg] of args.entries()) {
    if (arg === "help" || WORDS.some(([word]) => word === arg) || isMisspelt(arg, args[at - 1])) break;
    if (/\.run\.json(\.gz)?$/.test(arg)) return ["replay", ...args];
    if (arg === "-" || (!arg.startsWith("-") && /[/\\*?]|\.(ya?ml|json)$/i.test(arg))) return ["run", ...args];
  }
  return [...args];
}

/** Whether the word can only be meant as a command: it is no file, and no value of the option before it. */
function isMisspelt(word: string, before: string | undefined): boolean {
  if (!/^[a-z][a-z-]*$/.test(word) || existsSync(word)) return false;
  return before === undefined || !before.startsWith("-") || PLAIN.includes(before);
}

function createProgram(args: readonly string[]): Command {
  const program = new Command();
  program
    .name("lockstep")
    .description("Runs etcd clusters that do the same thing each time, and checks them after each step.")
    .version(`lockstep ${PROGRAM_VERSION}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .addOption(
      new Option("--color <when>", "colour of the output").choices(["auto", "always", "never"]).default("auto"),
    )
    .option("--ascii", "no signs but those of ASCII")
    .addOption(new Option("--width <columns>", "columns of the output").argParser(columns))
    .option("-q, --quiet", "only what went wrong, and the totals")
    .addOption(
      new Option("-v, --verbose", "each run in full").argParser((_: string, sum: number | undefined) => (sum ?? 0) + 1),
    )
    .option("--config <file>", "options from this file (else lockstep.config.* upward from here)")
    .option("--profile <name>", "options of this profile of the configuration")
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      outputError: (text, write) => {
        // What is near no word is told by all of them.
        const lost = text.includes("Did you mean") ? undefined : /^error: unknown command '(.*)'/.exec(text)?.[1];
        const before = args.slice(0, args.indexOf(lost ?? ""));
        const outer = program.commands.find((one) => one.commands.length > 0 && before.includes(one.name())) ?? program;
        const words = outer.commands.map((one) => one.name()).join(", ");
        write(`${text.replace(/^error: /, "lockstep: ")}${lost !== undefined ? `  there are ${words}\n` : ""}`);
      },
    })
    .enablePositionalOptions(args.includes("bench"))
    .exitOverride();
  for (const [word, about, describe] of WORDS) {
    const command = sub(program, word, about);
    // A word that is not called needs no options: help lists it all the same, and costs less.
    if (args.includes(word)) describe(command);
  }
  addHidden(program, args);
  program.addHelpText(
    "after",
    `
Examples:
  lockstep run scenarios/partition/minority-leader.yaml
  lockstep run scenarios --seeds 1..20
  lockstep replay 42:scenarios/partition/minority-leader.yaml
  lockstep scenario new my-story --template partition

Exit codes: 0 held, 1 violated, 2 usage or scenario, 3 undecided,
  4 nothing ran, 5 another digest than recorded, 70 our own error.`,
  );
  return program;
}

function columns(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) < 40) throw new InvalidArgumentError("A number of columns from 40 on.");
  return Number(text);
}

function collected(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** A sub-command that inherits how errors leave. */
function sub(parent: Command, usage: string, about: string): Command {
  return parent.command(usage).description(about).copyInheritedSettings(parent);
}

/** Options that change a scenario. */
function withOverrides(command: Command): Command {
  return command
    .addOption(new Option("--set <key=value>", "change a key of the scenario (again for more)").argParser(collected))
    .option("--members <n>", "members of the cluster")
    .option("--duration <time>", "virtual time, such as 30s")
    .option("--step-limit <n>", "events after which a run is undecided")
    .addOption(new Option("--mutate <bug>", "plant a bug (again for more)").argParser(collected));
}

/** Which promises a run is judged by. */
function withProperties(command: Command): Command {
  return command.option("--properties <list>", "judge by these properties only, or all");
}

/** Options that stop a run before its end. */
function withStops(command: Command): Command {
  return command
    .option("--until <predicate>", "stop where it comes true, such as 'leaders >= 2'")
    .option("--break <predicate>", "the same, and show the event and its causes");
}

function withOutput(command: Command): Command {
  return command
    .option("--json", "one JSON document")
    .addOption(new Option("--format <form>", "form of the output").choices(FORMATS))
    .option("-o, --out <dir>", "write the artifact of every run there")
    .option("--token", "show the token of a run that failed, however long it is")
    .option("--report <forms>", "also write html, junit, json, tap, markdown, such as html=out/x.html,junit")
    .addOption(new Option("--progress <how>", "progress on standard error").choices(["auto", "plain", "none"]));
}

/** Names of all options of all commands, as settings have them. */
function optionNames(): readonly string[] {
  const names: string[] = [];
  const visit = (command: Command): void => {
    for (const option of command.options) names.push(option.attributeName());
    for (const child of command.commands) visit(child);
  };
  visit(createProgram(WORDS.map(([word]) => word)));
  return [...new Set(names)];
}

type Handler = (terminal: Terminal, command: Command) => Promise<number>;

/** Opens the terminal, and only then loads what the command needs. */
async function handled(command: Command, handler: Handler): Promise<void> {
  const { applySettings } = await import("./config.ts");
  await applySettings(command, optionNames);
  const { openTerminal } = await import("./terminal.ts");
  const { useV8Settings } = await import("./v8-settings.ts");
  useV8Settings();
  const terminal = await openTerminal(command.optsWithGlobals<CommonOptions>());
  exitCode = await handler(terminal, command);
}

function describeRun(run: Command): void {
  run
    .argument("<scenarios...>", "files, folders, patterns, or - for standard input")
    .option("--seed <seed>", "one seed for all")
    .option("--seeds <a..b>", "a range of seeds for each")
    .option("--no-shrink", "leave failures as they were found")
    .option("--soft", "exit 0 even where something was violated");
  withOutput(withStops(withProperties(withOverrides(run)))).action((names: string[], _options, command: Command) =>
    handled(command, async (terminal) =>
      (await import("./run-command.ts")).runCommand(names, command.opts(), terminal),
    ),
  );
}

function describeReplay(replay: Command): void {
  replay.argument("<artifacts...>", "*.run.json, *.run.json.gz, folders of them, or <seed>:<file>");
  withOutput(withStops(withProperties(withOverrides(replay)))).action((names: string[], _options, command: Command) =>
    handled(command, async (terminal) =>
      (await import("./replay-command.ts")).replayCommand(names, command.opts(), terminal),
    ),
  );
}

/** Options that say which seeds, how, and by how many hands. */
function withSeeds(command: Command): Command {
  return command
    .option("--strategy <name>", "swarm, random, pct, guided or targeted")
    .option("--seeds <a..b>", "a range of seeds")
    .option("--runs <n>", "so many seeds, from 1 on or from --seed on")
    .option("--for <time>", "as many seeds as fit into so much real time")
    .option("--seed <seed>", "the first seed")
    .option("--jobs <n>", "threads; as many as there are cores if nothing is said");
}

function describeSweep(sweep: Command): void {
  const described = withSeeds(sweep.argument("<scenarios...>", "files, folders, patterns, or -"))
    .option("--shard <i/n>", "the i-th of n equal parts")
    .option("--max-failures <n>", "stop at the n-th run that did not hold")
    .option("--resume", "go on where the same sweep was interrupted")
    .option("--no-shrink", "leave failures as they were found")
    .option("--soft", "exit 0 even where something was violated")
    .option("--json", "one JSON document")
    .addOption(
      new Option("--format <form>", "form of the output").choices([
        "pretty",
        "json",
        "ndjson",
        "junit",
        "github",
        "silent",
      ]),
    )
    .option("-o, --out <dir>", "where artifacts and the ledger go")
    .addOption(new Option("--progress <how>", "progress on standard error").choices(["auto", "plain", "none"]));
  withOverrides(described).action((names: string[], _options, command: Command) =>
    handled(command, async (terminal) =>
      (await import("./sweep-command.ts")).sweepCommand(names, command.opts(), terminal),
    ),
  );
}

function describeShrink(shrink: Command): void {
  const described = shrink
    .argument("<artifacts...>", "*.run.json, *.run.json.gz, folders of them, or <seed>:<file>")
    .option("--budget <time>", "real time for each, 60s if nothing is said")
    .option("--reseed <n>", "seeds that are tried where a part is taken away", "200")
    .option("--keep <what>", "what must stay the same: signature or property", "signature")
    .option("--jobs <n>", "threads; as many as there are cores if nothing is said")
    .option("--json", "one JSON document")
    .option("-o, --out <dir>", "where the small scenarios go; beside the artifact if nothing is said")
    .addOption(new Option("--progress <how>", "progress on standard error").choices(["auto", "plain", "none"]));
  withOverrides(described).action((names: string[], _options, command: Command) =>
    handled(command, async (terminal) =>
      (await import("./shrink-command.ts")).shrinkCommand(names, command.opts(), terminal),
    ),
  );
}

function describeBugs(bugs: Command): void {
  const load = (): Promise<typeof import("./bugs-command.ts")> => import("./bugs-command.ts");
  sub(bugs, "list", "the bugs that can be planted")
    .option("--json", "one JSON document")
    .action((options, command: Command) =>
      handled(command, async (terminal) => (await load()).bugsListCommand(options, terminal)),
    );
  sub(bugs, "show", "what a bug is, what shows it, what it breaks")
    .argument("<id>", "the bug")
    .option("--json", "one JSON document")
    .action((id: string, options, command: Command) =>
      handled(command, async (terminal) => (await load()).bugsShowCommand(id, options, terminal)),
    );
  withSeeds(
    sub(bugs, "hunt", "plant a bug and look for it with nothing but the properties")
      .argument("[ids...]", "the bugs; all where none is named")
      .option("--budget <time>", "real time in which to shrink what was found; 0 for not at all", "60s")
      .option("--scoreboard <file>", "write the table of the hunts there")
      .option("--ranges <n>", "hunt on so many disjoint ranges of seeds")
      .option("--resume", "leave out what the scoreboard has already")
      .option("--json", "a JSON line for each bug")
      .option("-o, --out <dir>", "where artifacts go")
      .addOption(new Option("--progress <how>", "progress on standard error").choices(["auto", "plain", "none"])),
  ).action((ids: string[], options, command: Command) =>
    handled(command, async (terminal) => (await import("./hunt-command.ts")).bugsHuntCommand(ids, options, terminal)),
  );
}

function describeScenario(scenario: Command): void {
  const load = (): Promise<typeof import("./scenario-command.ts")> => import("./scenario-command.ts");
  sub(scenario, "validate", "say all that is wrong with files, and run nothing")
    .argument("<scenarios...>", "files, folders, patterns, or -")
    .option("--json", "one JSON document")
    .action((names: string[], options, command: Command) =>
      handled(command, async (terminal) => (await load()).validateCommand(names, options, terminal)),
    );
  sub(scenario, "list", "list scenarios")
    .argument("[scenarios...]", "files, folders or patterns", ["scenarios"])
    .option("--tag <tag>", "only those with the tag")
    .option("--json", "one JSON document")
    .action((names: string[], options, command: Command) =>
      handled(command, async (terminal) => (await load()).listCommand(names, options, terminal)),
    );
  sub(scenario, "show", "show a scenario with everything filled in that matters")
    .argument("<scenario>", "a file, or -")
    .option("--seed <seed>", "with random faults as this seed makes them")
    .option("--variant <name>", "one variant")
    .option("--json", "the normalised scenario as JSON")
    .action((name: string, options, command: Command) =>
      handled(command, async (terminal) => (await load()).showCommand(name, options, terminal)),
    );
  sub(scenario, "schema", "print the JSON Schema of scenario files")
    .addOption(new Option("--draft <draft>", "draft of JSON Schema").choices(["7", "2020-12"]).default("7"))
    .action((options, command: Command) =>
      handled(command, async (terminal) => (await load()).schemaCommand(options, terminal)),
    );
  sub(scenario, "new", "write a scenario to begin with")
    .argument("[name]", "its name, and that of the file")
    .option("-t, --template <id>", "what to begin with", "partition")
    .option("-o, --out <file>", "the file; - for standard output")
    .option("--list", "list the templates")
    .action((name: string | undefined, options, command: Command) =>
      handled(command, async (terminal) => (await load()).newCommand(name, options, terminal)),
    );
  sub(scenario, "fmt", "lay files out, comments kept")
    .argument("<scenarios...>", "files, folders, patterns, or -")
    .option("--check", "change nothing; exit 1 where something would change")
    .action((names: string[], options, command: Command) =>
      handled(command, async (terminal) => (await load()).formatCommand(names, options, terminal)),
    );
}

function describeQuorum(quorum: Command): void {
  quorum
    .argument("[members...]", "sizes of clusters, such as 3 or 3..7 (default: 1 to 9)")
    .option("--failure <share>", "share of time that a member is down, such as 0.01 or 1%")
    .option("--split <a+b>", "which side of a split can decide, such as 3+3")
    .option("--json", "one JSON document")
    .action((sizes: string[], options, command: Command) =>
      handled(command, async (terminal) =>
        (await import("./quorum-command.ts")).quorumCommand(sizes, options, terminal),
      ),
    );
}

function describeDoctor(doctor: Command): void {
  doctor
    .option("--json", "one JSON document")
    .action((options, command: Command) =>
      handled(command, async (terminal) => (await import("./doctor-command.ts")).doctorCommand(options, terminal)),
    );
}

function describeBench(bench: Command): void {
  bench
    .argument("<work>", "what to measure: w, recorded, mvcc, recovery, check, blackbox, sweep")
    .argument("[arguments...]", "options of the work; see docs/BENCHMARKS.md")
    .allowUnknownOption(true)
    .passThroughOptions(true)
    .action((work: string, rest: string[], _options, command: Command) =>
      handled(command, async () => (await import("./bench-command.ts")).benchCommand(work, rest)),
    );
}

function describeCheckCommand(check: Command): void {
  describeCheck(check).action((files: string[], _options, command: Command) =>
    handled(command, async (terminal) =>
      (await import("./check-command.ts")).checkCommand(files, command.opts(), terminal),
    ),
  );
}

function describeExplain(explain: Command): void {
  withProperties(withOverrides(explain))
    .argument("<run>", "an artifact, a token, or <seed>:<file>")
    .option("--event <n>", "why this event is there, and what came of it")
    .addOption(new Option("--member <n1>", "only what it takes part in (again for more)").argParser(collected))
    .option("--from <time>", "from this virtual time on, such as 2s")
    .option("--to <time>", "up to this virtual time")
    .option("--every", "every event of the stretch, not only those that matter")
    .option("--rows <n>", "events to tell at most (default: 48)")
    .option("--json", "one JSON document")
    .action((name: string, _options, command: Command) =>
      handled(command, async (terminal) =>
        (await import("./explain-run-command.ts")).explainRunCommand(name, command.opts(), terminal),
      ),
    );
}

function describeDiff(diff: Command): void {
  withProperties(withOverrides(diff))
    .argument("<a>", "an artifact, a token, or <seed>:<file>")
    .argument("<b>", "another run of the same scenario")
    .option("--json", "one JSON document")
    .action((a: string, b: string, _options, command: Command) =>
      handled(command, async (terminal) =>
        (await import("./diff-command.ts")).diffCommand(a, b, command.opts(), terminal),
      ),
    );
}

function describeExport(exporting: Command): void {
  exporting
    .argument("<run>", "an artifact, a token, or <seed>:<file>")
    .requiredOption(
      "--to <form>",
      "ndjson, mermaid, svg (the run); jsonl, edn, jepsen-log, porcupine, text-history, svg-history, html (its history)",
    )
    .option("-o, --out <file>", "the file; without it standard output")
    .option("--model <name>", "of a history: kv-cas (keys apart) or etcd (with revisions)")
    .option("--key <key>", "of a history: this key only")
    .option("--rows <n>", "of mermaid and svg: events to draw at most")
    .action((path: string, _options, command: Command) =>
      handled(command, async (terminal) =>
        (await import("./export-command.ts")).exportCommand(path, command.opts(), terminal),
      ),
    );
}

function describeClaims(claims: Command): void {
  claims
    .argument("[scenarios...]", "files, folders, patterns (default: scenarios)")
    .option("--json", "one JSON document")
    .option("--write <folder>", "write claims.md and TIMING.md into it")
    .action((names: string[], options, command: Command) =>
      handled(command, async (terminal) =>
        (await import("./claims-command.ts")).claimsCommand(names, options, terminal),
      ),
    );
}

function describeExplainCode(explain: Command): void {
  explain
    .argument("[code]", "the code, the property or a word of a report; without it all are listed")
    .action((code: string | undefined, _options, command: Command) =>
      handled(command, async (terminal) => (await import("./explain-command.ts")).explainCommand(code, terminal)),
    );
}

function describeCompletion(completion: Command): void {
  completion.argument("<shell>", "bash, zsh, fish or pwsh").action((shell: string, _options, command: Command) =>
    handled(command, async (terminal) => {
      const { commandTree } = await import("./command-tree.ts");
      const { completionCommand } = await import("./completion-command.ts");
      return completionCommand(shell, commandTree(createProgram(WORDS.map(([word]) => word))), terminal);
    }),
  );
}

/** What completion scripts and the reference ask for; no help lists them. */
function addHidden(program: Command, args: readonly string[]): void {
  if (args[0] === "__complete")
    program
      .command("__complete", { hidden: true })
      .argument("[words...]")
      .action((words: string[], _options, command: Command) =>
        handled(command, async (terminal) => {
          const [path = "", previous = "", current = ""] = words;
          return (await import("./complete-command.ts")).completeCommand(path, previous, current, terminal);
        }),
      );
  if (args[0] === "__tree")
    program.command("__tree", { hidden: true }).action((_options, command: Command) =>
      handled(command, async (terminal) => {
        const { commandTree } = await import("./command-tree.ts");
        terminal.write(`${JSON.stringify(commandTree(createProgram(WORDS.map(([word]) => word))))}\n`);
        return 0;
      }),
    );
}

/** The words of the program, in the order of its help; each with what fills in its options when it is called. */
const WORDS: readonly (readonly [string, string, (command: Command) => void])[] = [
  ["run", "run scenarios, each with its own seed or those given", describeRun],
  ["replay", "run an artifact again and compare; or run <seed>:<scenario>", describeReplay],
  ["sweep", "run many seeds, and group what fails", describeSweep],
  ["shrink", "make a failure as small as it gets", describeShrink],
  ["bugs", "list, show and hunt the bugs that can be planted", describeBugs],
  ["scenario", "judge, list, show, write and lay out scenario files", describeScenario],
  ["check", "judge histories: is there an order that explains them", describeCheckCommand],
  ["explain", "tell a run by the events that matter, or one event by its causes", describeExplain],
  ["diff", "the first event in which two runs of a scenario differ", describeDiff],
  ["export", "write what a recorded run was in another form", describeExport],
  ["claims", "what is said about etcd clusters, judged by the scenarios' runs", describeClaims],
  ["quorum", "majorities: how many must agree, how many may fail", describeQuorum],
  ["doctor", "check this machine: versions, determinism in two processes, the terminal", describeDoctor],
  ["bench", "measure, one JSON line each", describeBench],
  ["completion", "a script that completes words in your shell", describeCompletion],
  ["explain-code", "the long text of a code such as LS1001 or LS2004", describeExplainCode],
];

process.on("uncaughtException", onUncaught);
process.exitCode = await main(process.argv.slice(2));
