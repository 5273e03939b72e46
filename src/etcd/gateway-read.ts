/**
 * Fields of a message in the gateway's JSON form (protobuf's), read one by one.
 *
 * Unknown fields and unknown enum names are passed over, as the gateway does; both the proto name and the camel-case name
 * of a field are accepted; null stands for the default. A field of the wrong type marks the message as malformed.
 */

import { decodeBase64 } from "./base64.ts";
import { JsonNumber, type JsonValue } from "./json.ts";

/** A message being read. */
export interface Fields {
  readonly map: ReadonlyMap<string, JsonValue>;
  readonly state: { bad: boolean };
}

const EMPTY_MAP: ReadonlyMap<string, JsonValue> = new Map();

function isMap(value: JsonValue): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

/** The message a JSON value stands for; what is no object marks it as malformed. */
export function messageOf(value: JsonValue, state: { bad: boolean }): Fields {
  if (isMap(value)) return { map: value, state };
  state.bad = true;
  return { map: EMPTY_MAP, state };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value under either name of a field; a message that uses both is malformed. */
function field(fields: Fields, name: string): JsonValue {
  const other = camelCase(name);
  if (other !== name && fields.map.has(name) && fields.map.has(other)) fields.state.bad = true;
  return fields.map.get(name) ?? fields.map.get(other) ?? null;
}

function bad<T>(fields: Fields, value: T): T {
  fields.state.bad = true;
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
  const bytes = typeof value === "string" ? decodeBase64(value) : null;
  return bytes ?? bad(fields, "");
}

/** A text. */
export function readText(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "";
  return typeof value === "string" ? value : bad(fields, "");
}

/** A list of texts. */
export function readTexts(fields: Fields, name: string): string[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, []);
  return (value as readonly JsonValue[]).map((item) => (typeof item === "string" ? item : bad(fields, "")));
}

/** A truth value. */
export function readBool(fields: Fields, name: string): boolean {
  const value = field(fields, name);
  if (value === null) return false;
  return typeof value === "boolean" ? value : bad(fields, false);
}

const INT64_MAX = 9223372036854775807n;
const UINT64_MAX = 18446744073709551615n;

/** The integer a number stands for, written in full; null for what is no integer. */
function integerOf(value: JsonValue): bigint | null {
  const text = value instanceof JsonNumber ? value.text : typeof value === "string" ? value : "";
  if (/^-?[0-9]+$/.test(text)) return BigInt(text);
  const parts = /^(-?[0-9]+)(?:\.([0-9]+))?(?:[eE]\+?([0-9]{1,3}))?$/.exec(text);
  if (parts === null) return null;
  const fraction = (parts[2] ?? "").replace(/0+$/, "");
  const exponent = Number(parts[3] ?? "0");
  if (fraction.length > exponent) return null;
  return BigInt((parts[1] as string) + fraction + "0".repeat(exponent - fraction.length));
}

/** An int64 as a decimal text. */
export function readInt64(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "0";
  const integer = integerOf(value);
  if (integer === null || integer > INT64_MAX || integer < -INT64_MAX - 1n) return bad(fields, "0");
  return integer.toString();
}

/** A uint64 as a decimal text. */
export function readUint64(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === null) return "0";
  const integer = integerOf(value);
  return integer === null || integer < 0n || integer > UINT64_MAX ? bad(fields, "0") : integer.toString();
}

/** An int64 as a number; what lies beyond 2^53 comes to the last exact number, since no revision reaches that far. */
export function readInteger(fields: Fields, name: string): number {
  const value = Number(readInt64(fields, name));
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

function enumOf(fields: Fields, value: JsonValue, names: Readonly<Record<string, number>>): number {
  if (value === null) return 0;
  if (typeof value === "string") return names[value] ?? 0;
  if (!(value instanceof JsonNumber)) return bad(fields, 0);
  const integer = integerOf(value);
  return integer === null || integer > 2147483647n || integer < -2147483648n ? bad(fields, 0) : Number(integer);
}

/** A member of an enum, by name or number; unknown names are passed over, unknown numbers kept. */
export function readEnum(fields: Fields, name: string, names: Readonly<Record<string, number>>): number {
  return enumOf(fields, field(fields, name), names);
}

/** A list of members of an enum. */
export function readEnums(fields: Fields, name: string, names: Readonly<Record<string, number>>): number[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, []);
  const items = (value as readonly JsonValue[]).filter((item) => typeof item !== "string" || item in names);
  return items.map((item) => enumOf(fields, item, names));
}

/** A message within the message; null when it is not there. */
export function readMessage(fields: Fields, name: string): Fields | null {
  const value = field(fields, name);
  return value === null ? null : messageOf(value, fields.state);
}

/** A list of messages. */
export function readMessages(fields: Fields, name: string): Fields[] {
  const value = field(fields, name);
  if (value === null) return [];
  if (!Array.isArray(value)) return bad(fields, []);
  return (value as readonly JsonValue[]).map((item) => messageOf(item, fields.state));
}
