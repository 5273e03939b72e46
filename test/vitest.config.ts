import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

/** LOCKSTEP_TEST_SEED, or the beginning of the commit's hash: each commit is tested with other examples than the one before. */
function seed(): number {
  const wanted = process.env.LOCKSTEP_TEST_SEED;
  if (wanted !== undefined) return Number.parseInt(wanted, 10);
  try {
    const hash = execFileSync("git", ["rev-parse", "--short=7", "HEAD"], { cwd: root, stdio: "pipe" }).toString();
    return Number.parseInt(hash.slice(0, 7), 16);
  } catch {
    return 1;
  }
}

export default defineConfig({
  root,
  test: {
    include: ["test/**/*.test.ts"],
    provide: { seed: seed() },
    pool: "forks",
    // By itself vitest leaves one core free, which on a machine of two is half of it.
    maxWorkers: "100%",
    // Only against tests that hang: a loaded machine may be slow.
    testTimeout: 300_000,
  },
});
