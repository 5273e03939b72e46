// What no compiler checks: who may import whom, what pure rooms must not touch, and that the tree holds what it should and
// nothing of the machine it was written on. The layers are those of the architecture page; a violation is named by file.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeOf, importsOf } from "./tidy-code.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Rooms from the ground up; those on one line do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["kernel"],
  ["raft", "etcd", "network", "disk", "fault"],
  ["member", "client"],
  ["cluster"],
  ["world"],
  ["checker"],
  ["scenario"],
  ["run"],
  ["explore"],
  ["report"],
  ["sweep"],
  ["cli", "serve", "bench", "web", "testing", "index"],
];

/** Rooms that may know where they run. */
const HOSTS: readonly string[] = ["cli", "serve", "sweep", "bench", "web", "testing"];

/** Packages that a pure room may use: none of them touches its surroundings. */
const PURE_PACKAGES: readonly string[] = [
  "@noble/hashes",
  "fast-check",
  "fastest-levenshtein",
  "fflate",
  "immer",
  "seedrandom",
  "string-width",
  "yaml",
  "zod",
];

/** What the top of the repository holds, beside files whose names begin with a dot. */
const TOP: readonly string[] = [
  "LICENSE",
  "README.md",
  "docs",
  "package-lock.json",
  "package.json",
  "scenarios",
  "src",
  "test",
  "tsconfig.json",
];

/** Folders that git ignores: whatever is in them is not of the project. */
const IGNORED: readonly string[] = readFileSync(join(ROOT, ".gitignore"), "utf8")
  .split("\n")
  .filter((line) => line.endsWith("/"))
  .map((line) => line.slice(0, -1));

function filesUnder(folder: string, ending: string): string[] {
  const found: string[] = [];
  const at = join(ROOT, folder);
  if (!existsSync(at)) return found;
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (IGNORED.includes(entry.name) || entry.name === ".git") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesUnder(path, ending));
    else if (entry.name.endsWith(ending)) found.push(path.split(sep).join("/"));
  }
  return found.sort();
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The room of a file under src. */
function roomOf(path: string): string {
  return (path.split("/")[1] as string).replace(/\.tsx?$/, "");
}

function layerOf(room: string): number {
  return LAYERS.findIndex((layer) => layer.includes(room));
}

/** The package that an import names: `yaml` for `yaml/util`, `@noble/hashes` for `@noble/hashes/sha2`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const SOURCES = [...filesUnder("src", ".ts"), ...filesUnder("src", ".tsx")];
const PURE = SOURCES.filter((path) => !HOSTS.includes(roomOf(path)));
const CODE = new Map(SOURCES.map((path) => [path, codeOf(read(path))]));

/** Lines of pure code in which `pattern` occurs, each with its place. */
function linesWith(paths: readonly string[], pattern: RegExp): string[] {
  const found: string[] = [];
  for (const path of paths) {
    for (const [at, line] of (CODE.get(path) as string).split("\n").entries()) {
      if (pattern.test(line)) found.push(`${path}:${at + 1}: ${line.trim()}`);
    }
  }
  return found;
}

describe("the reader of code", () => {
  test("leaves out comments and the text of strings, and keeps the code within templates", () => {
    const hole = ["$", "{c.Date}"].join("");
    const text = `a("Date"); // Date\n/* Date\n */ b(\`Date ${hole} Date\`, 'Da\\'te', /Da"te/);`;
    expect(codeOf(text)).toBe(`a(""); \n\n b(\`${hole}\`, '', /./);`);
  });

  test("tells a regular expression from a division", () => {
    expect(codeOf('x = a / b; y = "/"; z = (1) / 2;')).toBe('x = a / b; y = ""; z = (1) / 2;');
    expect(codeOf('return /"/.test(t); // "')).toBe("return /./.test(t); ");
    expect(codeOf("x.split(/[/]\\//g)")).toBe("x.split(/./)");
  });

  test("finds imports of all kinds", () => {
    const text =
      'import a from "a";\nimport type { B } from "./b.ts";\nexport * from "c";\nimport "d";\nawait import("e");\nimport {\n  f,\n} from "f";\ntype G = import("g").G;\n// import "h"\n';
    expect(importsOf(text).sort()).toEqual(["./b.ts", "a", "c", "d", "e", "f", "g"]);
  });
});

describe("layers", () => {
  test("every file under src is in a room that has its place", () => {
    expect(SOURCES.length).toBeGreaterThan(50);
    expect(SOURCES.filter((path) => layerOf(roomOf(path)) < 0)).toEqual([]);
  });

  test("imports go downward only, and rooms of one layer do not import each other", () => {
    const wrong: string[] = [];
    for (const path of SOURCES) {
      for (const specifier of importsOf(read(path))) {
        if (!specifier.startsWith(".")) continue;
        const target = relative(ROOT, resolve(ROOT, dirname(path), specifier))
          .split(sep)
          .join("/");
        if (!target.startsWith("src/")) wrong.push(`${path} leaves src: ${specifier}`);
        else if (roomOf(target) !== roomOf(path) && layerOf(roomOf(target)) >= layerOf(roomOf(path))) {
          wrong.push(`${path} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test("every relative import names a file that exists, with its ending", () => {
    const wrong: string[] = [];
    for (const path of SOURCES) {
      for (const specifier of importsOf(read(path))) {
        if (!specifier.startsWith(".")) continue;
        const clean = specifier.split("?")[0] as string;
        if (!/\.(ts|tsx|json|css)$/.test(clean) || !existsSync(resolve(ROOT, dirname(path), clean))) {
          wrong.push(`${path}: ${specifier}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test("pure rooms import no host, and no package that knows one", () => {
    const wrong: string[] = [];
    for (const path of PURE) {
      for (const specifier of importsOf(read(path))) {
        if (!specifier.startsWith(".") && !PURE_PACKAGES.includes(packageOf(specifier)))
          wrong.push(`${path}: ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("only the recorder knows immer", () => {
    const knowing = SOURCES.filter((path) => importsOf(read(path)).includes("immer"));
    expect(knowing.filter((path) => path !== "src/run/recorder.ts")).toEqual([]);
  });
});

describe("pure rooms", () => {
  const banned: readonly (readonly [string, RegExp])[] = [
    ["know no time but the world's", /\b(Date|performance|Temporal)\b\s*[.(]|\bnew Date\b/],
    ["draw no chance but the run's", /\bMath\.random\b|\bcrypto\b\s*[.[]|\bgetRandomValues\b|\brandomUUID\b/],
    [
      "wait for nothing",
      /\b(setTimeout|setInterval|setImmediate|queueMicrotask|requestAnimationFrame)\b|\bnew Promise\b|\bPromise\.|\basync (function\b|\(|\w+ =>|\w+\()|\bawait\b/,
    ],
    [
      "do no arithmetic that engines may do differently",
      /\bMath\.(a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b/,
    ],
    ["order and write by no locale", /\blocaleCompare\b|\bIntl\b|\.toLocale\w*\(|\.normalize\(/],
    ["write no fractions in other bases", /\.toString\((?!(2|8|10|16)\))\d/],
    [
      "reach for nothing around them",
      /\b(process|globalThis|window|document|self|navigator)\.(env|argv|cwd|exit|stdout|stderr|hrtime|nextTick|memoryUsage|location|crypto|on)\b|\brequire\(|\bfetch\(|\bconsole\./,
    ],
    ["take no order from an object's keys", /\bfor \((const|let|var) \w+ in\b/],
    ["keep nothing that the collector decides", /\bnew (WeakRef|FinalizationRegistry)\b/],
    ["show no error in an engine's own words", /\b(e|err|error|cause|caught|thrown)\.stack\b/],
  ];
  // It compares two records of the same fields for the record of a step; what a run does never passes through it. Engines walk
  // the fields of a record several times faster by `in` than by their names, and recording spends a quarter of its time there.
  const walksFields = "run/settle.ts";
  for (const [title, pattern] of banned) {
    test(title, () => {
      const found = linesWith(PURE, pattern);
      const allowed = title.startsWith("take no order") ? found.filter((line) => line.includes(walksFields)) : [];
      expect(allowed.length).toBeLessThanOrEqual(1);
      expect(found.filter((line) => !allowed.includes(line))).toEqual([]);
    });
  }

  // A power of whole numbers that stays below 2^53 is exact as the product is; the exponent must be seen to be whole.
  test("raise to whole powers only", () => {
    const powers = linesWith(PURE, /\*\*/);
    const whole = /^(?:[^*]|\*(?!\*)|\*\* (?:\d+n?\b(?!\.)|BigInt\(|\(\d+ - Math\.clz32\())*$/;
    expect(powers.filter((line) => !whole.test(line))).toEqual([]);
  });

  test("the patterns above find what they are for", () => {
    const samples: readonly string[] = [
      "const t = Date.now();",
      "const x = Math.random();",
      "setTimeout(f, 10);",
      "const y = Math.log(2);",
      "names.sort((x, y) => x.localeCompare(y));",
      "const id = x.toString(36);",
      "process.env.HOME;",
      "for (const key in table) {",
      "new WeakRef(x);",
      "return error.stack;",
    ];
    expect(banned.map(([, pattern], at) => pattern.test(samples[at] as string))).toEqual(banned.map(() => true));
  });
});

describe("sources", () => {
  test("every file says in its first lines what lives in it", () => {
    const silent = SOURCES.filter((path) => !/^(#!.*\n)?(\/\/ \S|\/\*)/.test(read(path)));
    expect(silent).toEqual([]);
  });

  test("nothing is left for later", () => {
    const words = /\b(TODO|FIXME|XXX|HACK)\b|\bnot implemented\b|\bstub(s|bed)?\b/i;
    const found: string[] = [];
    for (const path of SOURCES) {
      for (const [at, line] of read(path).split("\n").entries()) if (words.test(line)) found.push(`${path}:${at + 1}`);
    }
    expect(found).toEqual([]);
  });

  test("every package that is imported is a dependency", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const wrong: string[] = [];
    for (const path of SOURCES) {
      // The page is built from its packages when the project is installed from its sources.
      const known = roomOf(path) === "web" ? { ...dependencies, ...devDependencies } : dependencies;
      for (const specifier of importsOf(read(path))) {
        if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
        if (!(packageOf(specifier) in known)) wrong.push(`${path}: ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("tests", () => {
  const tests = filesUnder("test", ".ts");

  test("none is left out and none runs alone", () => {
    const mark =
      /\b(test|it|describe|suite|bench)(\.\w+(\([^)]*\))?)*\.(only|skip|skipIf|todo|fails)\b|\b(xit|xtest|fit|xdescribe|fdescribe)\(/;
    const found: string[] = [];
    for (const path of tests) {
      for (const [at, line] of codeOf(read(path)).split("\n").entries())
        if (mark.test(line)) found.push(`${path}:${at + 1}`);
    }
    expect(found).toEqual([]);
    expect(
      mark.test("test.concurrent.only(") && mark.test("describe.each([1]).skip(") && !mark.test("test.runIf(x)("),
    ).toBe(true);
  });

  test("each looks at something", () => {
    const blind = tests.filter(
      (path) => path.endsWith(".test.ts") && !/\bexpect\b|\bassert\w*\(/.test(codeOf(read(path))),
    );
    expect(blind).toEqual([]);
  });
});

describe("the tree", () => {
  // What git tracks: a scenario that somebody tries out beside the files of the project is no part of it.
  const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean);
  const top = [...new Set(tracked.map((path) => path.split("/")[0] as string))];
  const all = filesUnder("", "").filter((path) => !/\.(gz|png|ico|woff2?)$/.test(path) && path !== "test/tidy.test.ts");

  test("its top holds what it should, and nothing else", () => {
    expect(top.filter((name) => !name.startsWith(".") && !TOP.includes(name))).toEqual([]);
  });

  test("its top lacks nothing", () => {
    expect(TOP.filter((name) => !top.includes(name))).toEqual([]);
  });

  test("no file names a place on the machine where it was written, or a registry", () => {
    const place =
      /(^|[\s"'`(=:])\/(work|root|home|Users)\/|\bregistry\.(npmjs|yarnpkg)\b|\blocalhost:(4873|8081)\b|\bnexus\b|\bartifactory\b/i;
    const found: string[] = [];
    for (const path of all) {
      for (const [at, line] of read(path).split("\n").entries())
        if (place.test(line)) found.push(`${path}:${at + 1}: ${line.trim()}`);
    }
    expect(found).toEqual([]);
  });

  test("the lockfile names no host from which packages came", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { resolved?: string }> };
    expect(Object.keys(packages).length).toBeGreaterThan(50);
    expect(Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(read(".npmrc")).toContain("omit-lockfile-registry-resolved=true");
  });

  test("the packages that were asked for are used", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const runtime = ["chalk", "commander", "fflate", "immer", "seedrandom", "yaml", "zod"];
    const tools = ["@biomejs/biome", "fast-check", "knip", "typescript", "vitest"];
    expect(runtime.filter((name) => !(name in dependencies))).toEqual([]);
    expect(tools.filter((name) => !(name in devDependencies))).toEqual([]);
  });
});
