// Options from elsewhere than the command line: `LOCKSTEP_*` in the environment, a profile, a configuration file. A flag stands above
// all of them; then the environment, the profile, the file.

import type { Command, Option } from "commander";
import { parseDocument } from "yaml";
import { nearest } from "../scenario/nearest.ts";
import { Complaint, complaint, systemReason } from "./complaint.ts";

/** Values by the name of the option, as a file has them: `stepLimit`, or `step-limit`. */
type Settings = Readonly<Record<string, unknown>>;

const PLACES: readonly string[] = [
  "lockstep.config.ts",
  "lockstep.config.mts",
  "lockstep.config.js",
  "lockstep.config.mjs",
  "lockstep.config.json",
  "lockstep.config.yaml",
  "lockstep.config.yml",
  "package.json",
];

/** Options that choose the settings cannot stand in them. */
const CHOOSING: readonly string[] = ["config", "profile", "help", "version"];
/** Options that change scenarios say nothing to commands about runs that were made before. */
const CHANGING: readonly string[] = [
  "set",
  "members",
  "duration",
  "stepLimit",
  "mutate",
  "properties",
  "until",
  "break",
];
const ABOUT_RUNS: readonly string[] = ["replay", "explain", "diff", "export", "shrink"];

/** Fills in what the command line left open. `known` gives the names of all options there are; asked only where a file is read. */
export async function applySettings(command: Command, known: () => readonly string[]): Promise<void> {
  const globals = command.optsWithGlobals<{ config?: string; profile?: string }>();
  const file = await fileSettings(globals.config ?? process.env.LOCKSTEP_CONFIG, known);
  const profile = profileOf(file, globals.profile ?? process.env.LOCKSTEP_PROFILE, known);
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const option of at.options) {
      const name = option.attributeName();
      const source = at.getOptionValueSource(name);
      if (CHOOSING.includes(name) || (source !== undefined && source !== "default")) continue;
      if (CHANGING.includes(name) && ABOUT_RUNS.includes(command.name())) continue;
      const variable = `LOCKSTEP_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
      const given = process.env[variable];
      if (given !== undefined && given !== "") setOption(at, option, given, variable);
      else if (profile !== null && name in profile.settings)
        setOption(at, option, profile.settings[name], profile.where);
      else if (file !== null && name in file.settings) setOption(at, option, file.settings[name], file.where);
    }
  }
}

/** What was read, and where it stands, for complaints. */
interface Read {
  readonly settings: Settings;
  readonly profiles: Readonly<Record<string, unknown>>;
  readonly where: string;
}

async function fileSettings(named: string | undefined, known: () => readonly string[]): Promise<Read | null> {
  const { lilconfig } = await import("lilconfig");
  const explorer = lilconfig("lockstep", {
    searchPlaces: [...PLACES],
    stopDir: "/",
    loaders: {
      ".yaml": yamlOf,
      ".yml": yamlOf,
      ".json": jsonOf,
      ".ts": moduleOf,
      ".mts": moduleOf,
      ".js": moduleOf,
      ".mjs": moduleOf,
    },
  });
  let found: { readonly config: unknown; readonly filepath: string; readonly isEmpty?: boolean } | null;
  try {
    found = named === undefined ? await explorer.search() : await explorer.load(named);
  } catch (error) {
    if (error instanceof Complaint) throw error;
    const coded = typeof error === "object" && error !== null && "code" in error;
    const why = coded
      ? systemReason(error)
      : error instanceof Error
        ? (error.message.split("\n")[0] ?? "")
        : "it failed";
    throw complaint(`cannot read the configuration${named === undefined ? "" : ` ${named}`}: ${why}`);
  }
  if (found === null || found.isEmpty === true) return null;
  const { config, filepath } = found;
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw complaint(`${filepath} is no map of options`, "format: compact");
  const { profiles = {}, ...settings } = config as Record<string, unknown>;
  if (typeof profiles !== "object" || profiles === null || Array.isArray(profiles))
    throw complaint(`${filepath}: profiles is a map of names to options`);
  return {
    settings: withNames(settings, filepath, known),
    profiles: profiles as Record<string, unknown>,
    where: filepath,
  };
}

function profileOf(
  file: Read | null,
  name: string | undefined,
  known: () => readonly string[],
): { readonly settings: Settings; readonly where: string } | null {
  if (name === undefined) return null;
  const profiles = file?.profiles ?? {};
  const found = profiles[name];
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    const near = nearest(name, Object.keys(profiles));
    const there = Object.keys(profiles);
    throw complaint(
      file === null ? `--profile ${name}: there is no configuration file` : `${file.where} has no profile "${name}"`,
      near !== null ? `did you mean ${near}?` : there.length > 0 ? `it has ${there.join(", ")}` : null,
    );
  }
  const where = `${file?.where ?? ""}, profile ${name}`;
  return { settings: withNames(found as Settings, where, known), where };
}

/** The settings by names as commander has them; a name that no command knows is refused. */
function withNames(settings: Settings, where: string, known: () => readonly string[]): Settings {
  const named: Record<string, unknown> = {};
  for (const key of Object.keys(settings)) {
    const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!known().includes(name) || CHOOSING.includes(name)) {
      const near = nearest(name, known());
      throw complaint(`${where}: there is no option "${key}"`, near === null ? null : `did you mean ${near}?`);
    }
    named[name] = settings[key];
  }
  return named;
}

function setOption(command: Command, option: Option, value: unknown, where: string): void {
  const name = option.attributeName();
  if (option.isBoolean()) {
    if (!["true", "false", "1", "0"].includes(String(value)))
      throw complaint(`${where}: ${name} is true or false, not "${value}"`);
    command.setOptionValueWithSource(name, value === true || value === "true" || value === "1", "config");
    return;
  }
  if (typeof value === "object" && !Array.isArray(value)) throw complaint(`${where}: ${name} is a text, not a map`);
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  let parsed: unknown;
  for (const text of texts) {
    try {
      parsed = option.parseArg === undefined ? text : option.parseArg(text, parsed);
    } catch (error) {
      throw complaint(`${where}: ${name}: ${error instanceof Error ? error.message : "it makes no sense"}`);
    }
  }
  command.setOptionValueWithSource(name, parsed, "config");
}

function yamlOf(filepath: string, content: string): unknown {
  const document = parseDocument(content, { version: "1.2", logLevel: "silent" });
  const [wrong] = document.errors;
  if (wrong !== undefined) throw complaint(`${filepath}: ${wrong.message.split("\n")[0] ?? "it is no YAML"}`);
  return document.toJS({ maxAliasCount: 100 });
}

function jsonOf(filepath: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw complaint(`${filepath} is no JSON`);
  }
}

async function moduleOf(filepath: string): Promise<unknown> {
  const { loadModule } = await import("./load-module.ts");
  const loaded = await loadModule(filepath);
  if (loaded instanceof Complaint) throw loaded;
  return loaded.value;
}
