// The words of the program as plain data, read off commander: what completion scripts and the reference are made from.

import type { Command } from "commander";

/** One option. */
export interface OptionNode {
  /** As they are typed: `-o`, `--out`. */
  readonly flags: readonly string[];
  /** How it is written with its value: `-o, --out <dir>`. */
  readonly usage: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly about: string;
  readonly isGlobal: boolean;
}

/** One command. */
export interface CommandNode {
  /** From the program on: `scenario list`; empty for the program itself. */
  readonly path: string;
  readonly name: string;
  readonly about: string;
  /** Arguments as they are written: `<scenarios...>`. */
  readonly arguments: readonly { readonly usage: string; readonly about: string }[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

/** The tree of a program whose words are all described. */
export function commandTree(program: Command): CommandNode {
  return nodeOf(program, "");
}

function nodeOf(command: Command, path: string): CommandNode {
  const children = command.commands.filter((child) => !child.name().startsWith("__") && child.name() !== "help");
  return {
    path,
    name: command.name(),
    about: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      usage: argument.required
        ? `<${argument.name()}${argument.variadic ? "..." : ""}>`
        : `[${argument.name()}${argument.variadic ? "..." : ""}]`,
      about: argument.description,
    })),
    options: command.options
      .filter((option) => !option.hidden)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
        usage: option.flags,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
        about: option.description,
        isGlobal: path === "",
      })),
    commands: children.map((child) => nodeOf(child, path === "" ? child.name() : `${path} ${child.name()}`)),
  };
}

/** All commands of the tree, parents first. */
export function allCommands(tree: CommandNode): CommandNode[] {
  return [tree, ...tree.commands.flatMap((child) => allCommands(child))];
}
