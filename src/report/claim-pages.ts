// The pages that claims are read on, as Markdown: made from what scenarios say, never written by hand.

import type { ClaimRow } from "./claims.ts";

const TIMING = "T";

const SECTIONS: readonly (readonly [string, string])[] = [
  ["Q", "Quorum and size"],
  ["E", "Election and split brain"],
  ["R", "Replication and consistency"],
  ["S", "Snapshots, backup, recovery"],
  ["D", "Data model"],
  ["K", "Kubernetes around it"],
  ["O", "Operators"],
];

/** `docs/claims.md`. */
export function claimsPage(rows: readonly ClaimRow[]): string {
  const lines = [
    "# What is said about highly available etcd, and what a run shows",
    "",
    "Each row is a claim of the field, what becomes of it here, and the figure that its runs measured. A claim stands in the",
    "scenario that judges it, with expectations that fail if its verdict were wrong. This page is made by",
    "`npx lockstep claims --write docs`; `npx lockstep claims` prints it, `run F` stands for `npx lockstep run scenarios/F.yaml`.",
  ];
  for (const [letter, title] of SECTIONS) {
    const own = rows.filter(({ id }) => id.startsWith(letter));
    if (own.length === 0) continue;
    lines.push("", `## ${title}`, "", "| id | claim | verdict | figure | command |", "| --- | --- | --- | --- | --- |");
    for (const row of own) lines.push(line(row.id, row.claim, verdictOf(row), withNote(row), commandOf(row)));
  }
  return `${lines.join("\n")}\n`;
}

/** `docs/TIMING.md`. */
export function timingPage(rows: readonly ClaimRow[]): string {
  const lines = [
    "# Times, beside those of a real cluster",
    "",
    "The middle column was measured on etcd 3.6.16: three or five processes on one machine with two cores, loopback, data in",
    "memory, etcd's defaults (heartbeat 100 ms, election timeout 1 s). Beside it stands what a simulated cluster of the same",
    "settings does. This page is made by `npx lockstep claims --write docs`; `run F` stands for",
    "`npx lockstep run scenarios/F.yaml`.",
    "",
    "| what | real cluster | simulated | command |",
    "| --- | --- | --- | --- |",
  ];
  const own = rows.filter(({ id }) => id.startsWith(TIMING));
  for (const row of own)
    lines.push(line(row.claim, row.real ?? "", `${row.figure}${row.ok ? "" : " – fails"}`, commandOf(row)));
  lines.push("", "## What differs, and why", "");
  for (const { claim, note } of own) if (note !== undefined) lines.push(`- **${claim}**: ${note}`);
  return `${lines.join("\n")}\n`;
}

function line(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function verdictOf({ verdict, condition, ok }: ClaimRow): string {
  return `${verdict}${condition === undefined ? "" : ` ${condition}`}${ok ? "" : " – **fails**"}`;
}

function withNote({ figure, note }: ClaimRow): string {
  return note === undefined ? figure : `${figure}. ${note}`;
}

function commandOf({ command }: ClaimRow): string {
  return `\`${command.replace(/^npx lockstep run (?:.*\/)?scenarios\/(.*)\.ya?ml$/, "run $1")}\``;
}
