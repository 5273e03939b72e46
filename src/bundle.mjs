// What the program runs as: the modules that `tsc` checks, joined into a few files under `bundle/`, which start faster and run
// faster than hundreds of small ones. Every file of a host keeps its place and name; what several share goes to `parts/`, on the
// same level, so that `../room/file.js` leads from a module's own address to another file wherever it came to stand. All that a
// simulation steps through is one file, of constant names (`fix-names.mjs`).

import { chmodSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { fixNames } from "./fix-names.mjs";

const SRC = fileURLToPath(new URL(".", import.meta.url));

/** Rooms whose files are entries, and the modules that the package exports. */
const HOSTS = ["cli", "serve", "sweep", "bench"];
const EXPORTS = ["index", "checker/linearizability/index"];

/** What runs for each event, and what that needs. The version is asked for by `--help` too, and stays by itself. */
const ENGINE = /\/src\/((kernel(?!\/engine\.)|raft|etcd|network|disk|fault|member|client|cluster|world)\/|checker\/[^/]+$|run\/run\.)/;

function hostFiles() {
  const rooms = readdirSync(SRC).filter((name) => HOSTS.includes(name));
  return rooms.flatMap((room) =>
    readdirSync(`${SRC}${room}`, { recursive: true })
      .map((path) => `${room}/${path.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
      .map((path) => path.slice(0, -3)),
  );
}

const bundle = await rolldown({
  input: Object.fromEntries([...EXPORTS, ...hostFiles()].map((name) => [name, `${SRC}${name}.ts`])),
  platform: "node",
  external: (id) => !/^[./]/.test(id),
  tsconfig: `${SRC}tsconfig.host.json`,
  plugins: [{ name: "fix-names", renderChunk: (code, chunk) => (chunk.name === "engine" ? { code: fixNames(code) } : null) }],
});
await bundle.write({
  dir: fileURLToPath(new URL("../bundle", import.meta.url)),
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "parts/[name]-[hash].js",
  cleanDir: true,
  codeSplitting: { groups: [{ name: "engine", test: ENGINE }] },
  comments: false,
});
// npm makes it a program when it installs; whoever builds again has it as one as well.
chmodSync(fileURLToPath(new URL("../bundle/cli/lockstep.js", import.meta.url)), 0o755);
