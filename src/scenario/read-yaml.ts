/**
 * YAML text to a document, with what the library leaves open: nesting has a bound that does not hang on the size of the
 * stack, and offsets become the lines and columns of the text.
 */

import { Composer, type CST, type Document, Lexer, LineCounter, Parser, YAMLParseError } from "yaml";

/** Deeper nesting than this comes from no person. */
export const DEPTH_MAX = 40;

/** The document of the text, or the offset of the collection that is nested too deeply. */
export function readYaml(text: string): Document.Parsed | { readonly tooDeepAt: number } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    const tooDeepAt = beyondDepth(parser.stack);
    if (tooDeepAt !== null) return { tooDeepAt };
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({
    prettyErrors: false,
    version: "1.2",
    merge: false,
    uniqueKeys: false, // The library compares each key with all before it; `repeatedKeys` takes one look at each.
    logLevel: "error",
  });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (second !== undefined)
    document?.errors.push(new YAMLParseError([second.range[0], second.range[1]], "MULTIPLE_DOCS", ""));
  return document as Document.Parsed;
}

/** Where the first of the open collections begins that has more than `DEPTH_MAX` around it; null where none has. */
function beyondDepth(open: readonly CST.Token[]): number | null {
  if (open.length <= DEPTH_MAX + 1) return null;
  const collections = open.filter(({ type }) => /^(block-map|block-seq|flow-collection)$/.test(type));
  const deep = collections[DEPTH_MAX + 1];
  return deep !== undefined && "offset" in deep ? deep.offset : null;
}

/** The lines of the text. Those that the library counts by itself leave out some where it stumbled. */
export function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  return lines;
}

/** The text without the mark that some editors put before it. */
export function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
