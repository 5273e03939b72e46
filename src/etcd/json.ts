/**
 * A reader for JSON texts that keeps numbers as they are written.
 *
 * The gateway's form carries 64-bit integers, also unquoted, and the language's own parser would round them; and it tells a
 * text that ends too early from one that is wrong, which clients see as different errors.
 */

/** A number by its text. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a text stands for. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | ReadonlyMap<string, JsonValue>;

/** Why a text stands for nothing: it ends too early, or it is wrong. */
export class JsonFault {
  readonly early: boolean;

  constructor(early: boolean) {
    this.early = early;
  }
}

/** Nesting beyond this is refused. */
const DEPTH_MAX = 10_000;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

const TOO_EARLY: JsonFault = new JsonFault(true);
const WRONG: JsonFault = new JsonFault(false);

/** Reads the first value of `text`; what follows it is not looked at. */
export function parseJson(text: string): JsonValue | JsonFault {
  return readValue({ text, at: 0, depth: 0 });
}

function skipSpace(reader: Reader): void {
  while (reader.at < reader.text.length && " \t\r\n".includes(reader.text.charAt(reader.at))) reader.at++;
}

function fault(reader: Reader): JsonFault {
  return reader.at >= reader.text.length ? TOO_EARLY : WRONG;
}

function readValue(reader: Reader): JsonValue | JsonFault {
  skipSpace(reader);
  if (reader.depth > DEPTH_MAX) return WRONG;
  switch (reader.text.charAt(reader.at)) {
    case "{":
      return readObject(reader);
    case "[":
      return readArray(reader);
    case '"':
      return readString(reader);
    case "t":
      return readWord(reader, "true", true);
    case "f":
      return readWord(reader, "false", false);
    case "n":
      return readWord(reader, "null", null);
    default:
      return readNumber(reader);
  }
}

function readWord(reader: Reader, word: string, value: boolean | null): boolean | null | JsonFault {
  for (const letter of word) {
    if (reader.text.charAt(reader.at) !== letter) return fault(reader);
    reader.at++;
  }
  return value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function readNumber(reader: Reader): JsonNumber | JsonFault {
  NUMBER.lastIndex = reader.at;
  const found = NUMBER.exec(reader.text);
  if (found === null) return fault(reader);
  reader.at += found[0].length;
  return new JsonNumber(found[0]);
}

function readArray(reader: Reader): JsonValue[] | JsonFault {
  const items: JsonValue[] = [];
  reader.at++;
  reader.depth++;
  skipSpace(reader);
  if (reader.text.charAt(reader.at) !== "]") {
    for (;;) {
      const item = readValue(reader);
      if (item instanceof JsonFault) return item;
      items.push(item);
      skipSpace(reader);
      if (reader.text.charAt(reader.at) !== ",") break;
      reader.at++;
    }
  }
  if (reader.text.charAt(reader.at) !== "]") return fault(reader);
  reader.at++;
  reader.depth--;
  return items;
}

function readObject(reader: Reader): Map<string, JsonValue> | JsonFault {
  const fields = new Map<string, JsonValue>();
  reader.at++;
  reader.depth++;
  skipSpace(reader);
  if (reader.text.charAt(reader.at) !== "}") {
    for (;;) {
      skipSpace(reader);
      if (reader.text.charAt(reader.at) !== '"') return fault(reader);
      const name = readString(reader);
      if (name instanceof JsonFault) return name;
      skipSpace(reader);
      if (reader.text.charAt(reader.at) !== ":") return fault(reader);
      reader.at++;
      const value = readValue(reader);
      if (value instanceof JsonFault) return value;
      // The same field twice is an error in the protobuf form of JSON.
      if (fields.has(name)) return WRONG;
      fields.set(name, value);
      skipSpace(reader);
      if (reader.text.charAt(reader.at) !== ",") break;
      reader.at++;
    }
  }
  if (reader.text.charAt(reader.at) !== "}") return fault(reader);
  reader.at++;
  reader.depth--;
  return fields;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

function readString(reader: Reader): string | JsonFault {
  const { text } = reader;
  let value = "";
  let from = ++reader.at;
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (Number.isNaN(code)) return TOO_EARLY;
    if (code < 0x20) return WRONG;
    if (code === 0x22) {
      value += text.slice(from, reader.at++);
      return value;
    }
    if (code !== 0x5c) {
      reader.at++;
      continue;
    }
    value += text.slice(from, reader.at++);
    const letter = text.charAt(reader.at++);
    if (letter === "u") {
      const digits = text.slice(reader.at, reader.at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return digits.length < 4 ? TOO_EARLY : WRONG;
      value += String.fromCharCode(Number.parseInt(digits, 16));
      reader.at += 4;
    } else {
      const escaped = ESCAPES.get(letter);
      if (escaped === undefined) return letter === "" ? TOO_EARLY : WRONG;
      value += escaped;
    }
    from = reader.at;
  }
}
