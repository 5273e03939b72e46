// A human's mistake, as something to throw: what is wrong, in lines, and the exit code. Never carries a stack to the eye.

import { type Line, span } from "../report/span.ts";
import { ExitCode } from "./exit-code.ts";

/** What a command cannot go on with. */
export class Complaint extends Error {
  readonly lines: readonly Line[];
  readonly exitCode: number;

  constructor(lines: readonly Line[], exitCode: number = ExitCode.Usage) {
    super("complaint");
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** `lockstep: <what is wrong>`, and what was probably meant below it. */
export function complaint(message: string, hint: string | null = null, exitCode: number = ExitCode.Usage): Complaint {
  return new Complaint(complaintLines(message, hint), exitCode);
}

/** The lines of `complaint`. */
export function complaintLines(message: string, hint: string | null = null): Line[] {
  const lines: Line[] = [[span("lockstep: ", "bad"), span(message)]];
  if (hint !== null) lines.push([span("  "), span(hint, "good")]);
  return lines;
}

/** What the system said, in words; the code stands behind it for those who look it up. */
export function systemReason(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const known: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EPERM: "not permitted",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is not a directory",
    EEXIST: "it exists already",
    ENOSPC: "no space left on the device",
    EDQUOT: "the disk quota is used up",
    EROFS: "the file system is read-only",
    ENAMETOOLONG: "the name is too long",
    ELOOP: "too many symbolic links",
    EMFILE: "too many open files",
    EIO: "the device failed",
  };
  const text = known[code];
  if (text !== undefined) return `${text} (${code})`;
  return code === "" ? "it failed" : code;
}
