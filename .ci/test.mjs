// `npm test`: works alone on a fresh clone. What is missing is installed and built first, then all tests run, or those named.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a tool of the project; the first that fails ends it all with its code. */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const tool = (path) => join(root, "node_modules", path);
const isInstalled = ["vitest/vitest.mjs", "typescript/bin/tsc", "commander/esm.mjs", "yaml/package.json"].every((path) => existsSync(tool(path)));
// `npm ci` builds as well, by its `prepare`; on an installed tree only what has changed is built.
if (!isInstalled) run(process.platform === "win32" ? "npm.cmd" : "npm", ["ci"]);
run(process.execPath, [tool("typescript/bin/tsc"), "-b", "src/tsconfig.host.json"]);
run(process.execPath, [tool("vitest/vitest.mjs"), "run", "--config", "test/vitest.config.ts", ...process.argv.slice(2)]);
