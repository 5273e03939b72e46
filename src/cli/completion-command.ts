// `lockstep completion <shell>`: a script that completes words and options by itself, and asks the hidden `lockstep __complete` for
// what only a folder can tell: scenarios, artifacts, bugs.

import { oneOf } from "../scenario/nearest.ts";
import { allCommands, type CommandNode } from "./command-tree.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

const SHELLS: Readonly<Record<string, (tree: CommandNode) => string>> = { bash, zsh, fish, pwsh };

/** Prints the script. */
export async function completionCommand(shell: string, tree: CommandNode, terminal: Terminal): Promise<number> {
  const script = SHELLS[shell];
  if (script === undefined) {
    throw complaint(`there is no completion for "${shell}"`, oneOf(shell, Object.keys(SHELLS)));
  }
  terminal.write(script(tree));
  return ExitCode.Held;
}

/** Options of a command with those of the program. */
function flagsOf(node: CommandNode, tree: CommandNode): string[] {
  const own = node === tree ? node.options : [...node.options, ...tree.options];
  return [...own.flatMap((option) => option.flags), "--help"];
}

/** `path|option` to choices, for options that have them. */
function choicesOf(tree: CommandNode): [key: string, choices: string][] {
  return allCommands(tree).flatMap((node) =>
    (node === tree ? [] : [...node.options, ...tree.options])
      .filter((option) => option.choices.length > 0)
      .flatMap((option) =>
        option.flags.map((flag): [string, string] => [`${node.path}|${flag}`, option.choices.join(" ")]),
      ),
  );
}

/** The part that bash and zsh have in common: tables, and the function that answers for a line. */
function tables(tree: CommandNode): string {
  const words = allCommands(tree).filter((node) => node.commands.length > 0);
  const lines = ["__lockstep_words() {", '  case "$1" in'];
  for (const node of words)
    lines.push(`    "${node.path}") echo "${node.commands.map((one) => one.name).join(" ")}" ;;`);
  lines.push("  esac", "}", "__lockstep_flags() {", '  case "$1" in');
  for (const node of allCommands(tree)) lines.push(`    "${node.path}") echo "${flagsOf(node, tree).join(" ")}" ;;`);
  lines.push("  esac", "}", "__lockstep_choices() {", '  case "$1" in');
  for (const [key, choices] of choicesOf(tree)) lines.push(`    "${key}") echo "${choices}" ;;`);
  lines.push("  esac", "}");
  lines.push(
    "__lockstep_answer() {",
    '  local path="" word',
    '  local cur="$1" prev="$2"; shift 2',
    '  for word in "$@"; do',
    '    case " $(__lockstep_words "$path") " in *" $word "*) path="${path:+$path }$word" ;; esac',
    "  done",
    '  local choices="$(__lockstep_choices "$path|$prev")"',
    '  if [ -n "$choices" ]; then echo "$choices"; return; fi',
    '  case "$cur" in -*) __lockstep_flags "$path"; return ;; esac',
    '  local words="$(__lockstep_words "$path")"',
    '  if [ -n "$words" ]; then echo "$words"; return; fi',
    '  lockstep __complete -- "$path" "$prev" "$cur" 2>/dev/null',
    "}",
  );
  return `${lines.join("\n")}\n`;
}

function bash(tree: CommandNode): string {
  return `# bash completion of lockstep: source <(lockstep completion bash)
${tables(tree)}_lockstep() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=($(compgen -W "$(__lockstep_answer "$cur" "$prev" "\${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$cur"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _lockstep lockstep
`;
}

function zsh(tree: CommandNode): string {
  return `#compdef lockstep
# zsh completion of lockstep: source <(lockstep completion zsh)
${tables(tree)}_lockstep() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}"
  local -a found
  found=(\${(s: :)\${(f)"$(__lockstep_answer "$cur" "$prev" "\${(@)words[2,CURRENT-1]}")"}})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _lockstep lockstep
`;
}

function fish(tree: CommandNode): string {
  const lines = ["# fish completion of lockstep: lockstep completion fish | source", "complete -c lockstep -f"];
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  for (const node of allCommands(tree)) {
    const parts = node.path === "" ? [] : node.path.split(" ");
    const children = node.commands.map((child) => child.name);
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const none = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(" ")}`];
    const condition = [...seen, ...none].join("; and ");
    const when = condition === "" ? "" : ` -n ${quoted(condition)}`;
    for (const child of node.commands)
      lines.push(`complete -c lockstep${when} -a ${child.name} -d ${quoted(child.about)}`);
    const seenOnly = seen.join("; and ");
    const of = seenOnly === "" ? "" : ` -n ${quoted(seenOnly)}`;
    for (const option of node.options) {
      const flags = option.flags
        .map((flag) => (flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
        .join("");
      const value = !option.takesValue
        ? ""
        : option.choices.length > 0
          ? ` -x -a ${quoted(option.choices.join(" "))}`
          : " -r";
      lines.push(`complete -c lockstep${of}${flags}${value} -d ${quoted(option.about)}`);
    }
    if (node.arguments.length > 0)
      lines.push(
        `complete -c lockstep${of} -a ${quoted(`(lockstep __complete -- "${node.path}" "" (commandline -ct))`)}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

function pwsh(tree: CommandNode): string {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const list = (values: readonly string[]): string => `@(${values.map(text).join(", ")})`;
  const words = allCommands(tree).filter((node) => node.commands.length > 0);
  return `# PowerShell completion of lockstep: lockstep completion pwsh | Out-String | Invoke-Expression
$LockstepWords = @{
${words.map((node) => `  ${text(node.path)} = ${list(node.commands.map((one) => one.name))}`).join("\n")}
}
$LockstepFlags = @{
${allCommands(tree)
  .map((node) => `  ${text(node.path)} = ${list(flagsOf(node, tree))}`)
  .join("\n")}
}
$LockstepChoices = @{
${choicesOf(tree)
  .map(([key, choices]) => `  ${text(key)} = ${list(choices.split(" "))}`)
  .join("\n")}
}
Register-ArgumentCompleter -Native -CommandName lockstep -ScriptBlock {
  param($word, $line, $cursor)
  $all = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  $before = if ($word -eq '') { $all } else { @($all | Select-Object -SkipLast 1) }
  $path = ''
  foreach ($one in $before) {
    if ($LockstepWords[$path] -contains $one) { $path = ("$path $one").Trim() }
  }
  $previous = if ($before.Count -gt 0) { $before[-1] } else { '' }
  $found = if ($LockstepChoices["$path|$previous"]) { $LockstepChoices["$path|$previous"] }
    elseif ($word.StartsWith('-')) { $LockstepFlags[$path] }
    elseif ($LockstepWords[$path]) { $LockstepWords[$path] }
    else { lockstep __complete -- $path $previous $word 2>$null }
  $found | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}
