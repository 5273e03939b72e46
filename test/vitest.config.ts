import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // By itself vitest leaves one core free, which on a machine of two is half of it.
    maxWorkers: "100%",
    // Only against tests that hang: a loaded machine may be slow.
    testTimeout: 300_000,
  },
});
