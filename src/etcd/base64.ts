/**
 * Base64, standard alphabet, between byte strings (one byte a character) and texts.
 */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CHUNK = 8192;

/** The text of a byte string, padded. */
export function encodeBase64(bytes: string): string {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const first = bytes.charCodeAt(at);
    const second = left > 1 ? bytes.charCodeAt(at + 1) : 0;
    const third = left > 2 ? bytes.charCodeAt(at + 2) : 0;
    part += LETTERS.charAt(first >> 2) + LETTERS.charAt(((first & 3) << 4) | (second >> 4));
    part += left > 1 ? LETTERS.charAt(((second & 15) << 2) | (third >> 6)) : "=";
    part += left > 2 ? LETTERS.charAt(third & 63) : "=";
    if (part.length >= CHUNK) {
      parts.push(part);
      part = "";
    }
  }
  return parts.join("") + part;
}

/** The byte string of a text; null when the text is not base64. The URL alphabet and missing padding are accepted, both alphabets mixed are not. */
export function decodeBase64(text: string): string | null {
  const bare = text.endsWith("==") ? text.slice(0, -2) : text.endsWith("=") ? text.slice(0, -1) : text;
  if (bare.length !== text.length && text.length % 4 !== 0) return null;
  if (bare.length % 4 === 1 || (/[-_]/.test(bare) && /[+/]/.test(bare))) return null;
  const parts: string[] = [];
  let bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (let at = 0; at < bare.length; at++) {
    const value = sextetOf(bare.charCodeAt(at));
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 0xff);
      if (bytes.length === CHUNK) {
        parts.push(String.fromCharCode(...bytes));
        bytes = [];
      }
    }
  }
  return parts.join("") + String.fromCharCode(...bytes);
}

function sextetOf(code: number): number {
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 97 && code <= 122) return code - 71;
  if (code >= 48 && code <= 57) return code + 4;
  if (code === 43 || code === 45) return 62;
  return code === 47 || code === 95 ? 63 : -1;
}
