// The records of hunts, one line a bug, and the page that is written from them: hunts for a scoreboard may be made in pieces.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BUGS } from "../explore/bugs.ts";
import {
  type HuntRecord,
  SCOREBOARD_TITLE,
  type ScoreboardRow,
  scoreboardRows,
  scoreboardText,
} from "../report/scoreboard.ts";
import { makeFolder, writeWhole } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";

/** The records of earlier hunts, by bug; none where there is no such file. Throws a complaint where a line is damaged. */
export function readRecords(path: string): Map<string, HuntRecord> {
  const records = new Map<string, HuntRecord>();
  if (!existsSync(path)) return records;
  if (statSync(path).isDirectory()) throw complaint(`${path} is a folder`, "-o names another place for what is found");
  for (const [at, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line === "") continue;
    const record = recordOf(line);
    if (record === null) throw complaint(`${path}:${at + 1}: the line is damaged`, "delete the file to begin anew");
    records.set(record.id, record);
  }
  return records;
}

/** The record of a line; null: it is none. */
function recordOf(line: string): HuntRecord | null {
  try {
    const read = JSON.parse(line) as HuntRecord | null;
    return typeof read?.id === "string" && Array.isArray(read.seedsToFind) ? read : null;
  } catch {
    return null;
  }
}

/** The lines of a page that is there already. Throws a complaint where it is no scoreboard: it would be overwritten. */
export function readPage(page: string): Map<string, ScoreboardRow> {
  if (!existsSync(page)) return new Map();
  const text = statSync(page).isDirectory() ? null : readFileSync(page, "utf8");
  if (text === null || (text.trim() !== "" && !text.startsWith(SCOREBOARD_TITLE)))
    throw complaint(`${page} is no scoreboard`, "--scoreboard names a page of its own");
  const rows = scoreboardRows(text);
  if (typeof rows === "number")
    throw complaint(`${page}:${rows}: the line is none of this version's`, "delete the page to begin anew");
  return rows;
}

/** Writes the records, and the page from all of them and its own lines of other bugs. Throws a complaint where the disk refuses. */
export function writeScoreboard(page: string, path: string, records: ReadonlyMap<string, HuntRecord>): void {
  makeFolder(dirname(path));
  writeWhole(path, [...records.values()].map((one) => `${JSON.stringify(one)}\n`).join(""));
  writeWhole(page, scoreboardText(BUGS, records, readPage(page)));
}
