// Reads TypeScript just far enough to tell code from comments and strings. Known to be simple: it does not parse.

/** Words after which a slash begins a regular expression, not a division. */
const BEFORE_PATTERN = /(^|[^\w$.])(return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)\s*$/;

/** The code of `text`: comments are gone, strings are empty, regular expressions are `/./`; lines stay where they were. */
export function codeOf(text: string): string {
  return scan(text).code;
}

/** What `text` imports or exports from: every module specifier, once. */
export function importsOf(text: string): string[] {
  const { code, strings } = scan(text, true);
  const found = new Set<string>();
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)"(\d+)"/g;
  for (const [, at] of code.matchAll(pattern)) found.add(strings[Number(at)] as string);
  return [...found];
}

/** With `numbered`, each string stands in the code as its position in `strings`. */
function scan(text: string, numbered: boolean = false): { code: string; strings: string[] } {
  const strings: string[] = [];
  /** Open braces within each template that is open. */
  const templates: number[] = [];
  let code = "";
  let at = 0;
  while (at < text.length) {
    const c = text[at] as string;
    const next = text[at + 1];
    if (c === "/" && next === "/") {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (c === "/" && next === "*") {
      const end = text.indexOf("*/", at + 2);
      const stop = end < 0 ? text.length : end + 2;
      code += text.slice(at, stop).replace(/[^\n]/g, "");
      at = stop;
    } else if (c === '"' || c === "'") {
      const from = ++at;
      while (at < text.length && text[at] !== c && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
      strings.push(text.slice(from, at++));
      code += numbered ? `"${strings.length - 1}"` : c + c;
    } else if (c === "`" || (c === "}" && templates[templates.length - 1] === 0)) {
      if (c === "}") templates.pop();
      code += c;
      at = template();
    } else if (c === "/" && beginsPattern(code)) {
      at = pattern();
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && c === "{") templates[depth] = (templates[depth] as number) + 1;
      if (depth >= 0 && c === "}") templates[depth] = (templates[depth] as number) - 1;
      code += c;
      at++;
    }
  }
  return { code, strings };

  /** Skips the text of a template from after its mark; returns where the code goes on. */
  function template(): number {
    let i = at + 1;
    while (i < text.length) {
      if (text[i] === "\\") i += 2;
      else if (text[i] === "`") {
        code += "`";
        return i + 1;
      } else if (text[i] === "$" && text[i + 1] === "{") {
        code += "${";
        templates.push(0);
        return i + 2;
      } else {
        if (text[i] === "\n") code += "\n";
        i++;
      }
    }
    return i;
  }

  function pattern(): number {
    let i = at + 1;
    let inClass = false;
    while (i < text.length && (inClass || text[i] !== "/") && text[i] !== "\n") {
      if (text[i] === "[") inClass = true;
      else if (text[i] === "]") inClass = false;
      i += text[i] === "\\" ? 2 : 1;
    }
    i++;
    while (/[a-z]/.test(text[i] ?? "")) i++;
    code += "/./";
    return i;
  }
}

function beginsPattern(code: string): boolean {
  const before = code.trimEnd();
  if (before === "") return true;
  return /[=(,:;!&|?{}[+\-*%<>~^]$/.test(before) || BEFORE_PATTERN.test(before);
}
