/**
 * Fields of a message in the gateway's JSON form (protobuf's), read one by one.
 *
 * Unknown fields and unknown enum names are passed over, as the gateway does; both the proto name and the camel-case name
 * of a field are accepted; null stands for the default. A field of the wrong type marks the message as malformed.
 */

import { decodeBase64 } from "./base64.ts";
import { JsonNumber, type JsonValue } from "./json.ts";

/** What is wrong with a message that a person wrote: where, and what. */
export interface FieldNote {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** For a field that the message does not have: those that it has. */
  readonly known: readonly string[];
}

/** How a message is written by hand: byte strings as plain texts, members by name (`n2`), and nothing passed over. */
export interface PlainForm {
  readonly notes: FieldNote[];
  /** The id of member `n<number>`. */
  memberId(number: number): string;
}

/** What is known of a body while it is read. */
export interface ReadState {
  bad: boolean;
  /** Null: protobuf's JSON form. */
  readonly plain: PlainForm | null;
  /** In the plain form: the messages met so far, each with its fields. */
  readonly met: { readonly fields: Fields; readonly names: string[] }[];
}

/** A message being read. */
export interface Fields {
  readonly map: ReadonlyMap<string, JsonValue>;
  readonly state: ReadState;
  /** Where it is in the body. */
  readonly path: readonly (string | number)[];
  /** Names of the fields that were asked for; kept in the plain form only. */
  readonly names: string[];
}

/** The state in which reading begins. */
export function beginReading(plain: PlainForm | null = null): ReadState {
  return { bad: false, plain, met: [] };
}

/** In the plain form, after reading: notes every field that no message has. */
export function noteUnknown(state: ReadState): void {
  if (state.plain === null) return;
  for (const { fields, names } of state.met) {
    for (const name of fields.map.keys()) {
      if (names.some((known) => known === name || camelCase(known) === name)) continue;
      state.bad = true;
      state.plain.notes.push({
        path: [...fields.path, name],
        message: `there is no field "${name}" here`,
        known: names,
      });
    }
  }
}

const EMPTY_MAP: ReadonlyMap<string, JsonValue> = new Map();

function isMap(value: JsonValue): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

/** The message a JSON value stands for; what is no object marks it as malformed. */
export function messageOf(value: JsonValue, state: ReadState, path: readonly (string | number)[] = []): Fields {
  const map = isMap(value) ? value : EMPTY_MAP;
  const fields: Fields = { map, state, path, names: [] };
  if (state.plain !== null) state.met.push({ fields, names: fields.names });
  if (!isMap(value)) {
    state.bad = true;
    state.plain?.notes.push({ path, message: "a map of fields is needed here", known: [] });
  }
  return fields;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value under either name of a field; a message that uses both is malformed. */
function field(fields: Fields, name: string): JsonValue {
  if (fields.state.plain !== null && !fields.names.includes(name)) fields.names.push(name);
  const other = camelCase(name);
  if (other !== name && fields.map.has(name) && fields.map.has(other)) fields.state.bad = true;
  return fields.map.get(name) ?? fields.map.get(other) ?? null;
}

function bad<T>(fields: Fields, name: string, wanted: string, value: T): T {
  fields.state.bad = true;
  fields.state.plain?.notes.push({ path: [...fields.path, name], message: `"${name}" needs ${wanted}`, known: [] });
  return value;
}

/** Whether a field is there and not null. */
export function has(fields: Fields, name: string): boolean {
  return field(fields, name) !== null;
}

/** A byte string. */
export function readBytes(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "";
  if (fields.state.plain !== null) {
    if (value instanceof JsonNumber) return value.text;
    return typeof value === "string" ? value : bad(fields, name, "a text", "");
  }
  const bytes = typeof value === "string" ? decodeBase64(value) : null;
  return bytes ?? bad(fields, name, "base64", "");
}

/** A text. */
export function readText(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "";
  if (fields.state.plain !== null && value instanceof JsonNumber) return value.text;
  return typeof value === "string" ? value : bad(fields, name, "a text", "");
}

/** A list of texts. */
export function readTexts(fields: Fields, name: string): string[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, name, "a list of texts", []);
  return (value as readonly JsonValue[]).map((item) =>
    typeof item === "string" ? item : bad(fields, name, "a list of texts", ""),
  );
}

/** A truth value. */
export function readBool(fields: Fields, name: string): boolean {
  const value = field(fields, name);
  if (value === null) return false;
  return typeof value === "boolean" ? value : bad(fields, name, "true or false", false);
}

const INT64_MAX = 9223372036854775807n;
const UINT64_MAX = 18446744073709551615n;

/** The integer a number stands for, written in full; null for what is no integer. */
function integerOf(value: JsonValue): bigint | null {
  const text = value instanceof JsonNumber ? value.text : typeof value === "string" ? value : "";
  if (/^-?(?:0|[1-9][0-9]*)$/.test(text)) return BigInt(text);
  const parts = /^(-?(?:0|[1-9][0-9]*))(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/.exec(text);
  if (parts === null) return null;
  const whole = parts[1] as string;
  const fraction = (parts[2] ?? "").replace(/0+$/, "");
  const exponent = Number(parts[3] ?? "0");
  if (exponent < 0) {
    const kept = whole.slice(0, exponent);
    return fraction === "" && /^-?[0-9]+$/.test(kept) && /^0+$/.test(whole.slice(exponent)) ? BigInt(kept) : null;
  }
  if (fraction.length > exponent) return null;
  return BigInt(whole + fraction + "0".repeat(exponent - fraction.length));
}

/** An int64 as a decimal text. */
export function readInt64(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "0";
  const integer = integerOf(value);
  if (integer === null || integer > INT64_MAX || integer < -INT64_MAX - 1n) {
    return bad(fields, name, "an integer of 64 bits", "0");
  }
  return integer.toString();
}

/** A uint64 as a decimal text. */
export function readUint64(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "0";
  const { plain } = fields.state;
  const member = plain !== null && typeof value === "string" ? /^n([1-9][0-9]{0,2})$/.exec(value) : null;
  if (plain !== null && member !== null) return plain.memberId(Number(member[1]));
  const integer = integerOf(value);
  return integer === null || integer < 0n || integer > UINT64_MAX
    ? bad(fields, name, "an id, or the name of a member", "0")
    : integer.toString();
}

/** An int64 as a number; what lies beyond 2^53 comes to the last exact number, since no revision reaches that far. */
export function readInteger(fields: Fields, name: string): number {
  const value = Number(readInt64(fields, name));
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

function enumOf(fields: Fields, name: string, value: JsonValue, names: Readonly<Record<string, number>>): number {
  if (value === null) return 0;
  const wanted = `one of ${Object.keys(names).join(", ")}`;
  if (typeof value === "string") {
    if (Object.hasOwn(names, value)) return names[value] as number;
    return fields.state.plain === null ? 0 : bad(fields, name, wanted, 0);
  }
  if (!(value instanceof JsonNumber)) return bad(fields, name, wanted, 0);
  const integer = integerOf(value);
  return integer === null || integer > 2147483647n || integer < -2147483648n
    ? bad(fields, name, wanted, 0)
    : Number(integer);
}

/** A member of an enum, by name or number; unknown names are passed over, unknown numbers kept. */
export function readEnum(fields: Fields, name: string, names: Readonly<Record<string, number>>): number {
  return enumOf(fields, name, field(fields, name), names);
}

/** A list of members of an enum. */
export function readEnums(fields: Fields, name: string, names: Readonly<Record<string, number>>): number[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, name, "a list", []);
  const strict = fields.state.plain !== null;
  const items = (value as readonly JsonValue[]).filter(
    (item) => strict || typeof item !== "string" || Object.hasOwn(names, item),
  );
  return items.map((item) => enumOf(fields, name, item, names));
}

/** A message within the message; null when it is not there. */
export function readMessage(fields: Fields, name: string): Fields | null {
  const value = field(fields, name);
  return value === null ? null : messageOf(value, fields.state, [...fields.path, name]);
}

/** A list of messages. */
export function readMessages(fields: Fields, name: string): Fields[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, name, "a list", []);
  return (value as readonly JsonValue[]).map((item, at) => messageOf(item, fields.state, [...fields.path, name, at]));
}
