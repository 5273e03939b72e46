// Makes the names of a joined file constants: functions become values of a `const` at its head, where declarations are hoisted to
// anyway, and so do classes where they stand. V8 writes a constant's value into compiled code; what is declared by `function`,
// or exported under its own name, may change for all it knows, and is loaded and compared at each call and each inlined call.

import { parseAst } from "rolldown/parseAst";

/** The same module with constant names. Its exports are further names, for an exported name is no constant to V8. */
export function fixNames(code) {
  const imports = [];
  const functions = [];
  const rest = [];
  const exported = [];
  const constants = new Set();
  for (const node of parseAst(code).body) {
    const text = code.slice(node.start, node.end);
    if (node.type === "ImportDeclaration") imports.push(text);
    else if (node.type === "FunctionDeclaration") {
      constants.add(node.id.name);
      const before = text.slice(0, node.id.start - node.start);
      functions.push(`const ${node.id.name} = ${before}${text.slice(node.id.end - node.start)};`);
    } else if (isClass(node)) {
      constants.add(node.declarations[0].id.name);
      rest.push(`const${text.slice("var".length)}`);
    } else if (node.type === "ExportNamedDeclaration" && node.declaration === null && node.source === null) {
      for (const { local, exported: as } of node.specifiers) exported.push({ name: local.name, as: as.name });
    } else {
      if (node.type === "VariableDeclaration" && node.kind === "const") {
        for (const { id } of node.declarations) if (id.type === "Identifier") constants.add(id.name);
      }
      rest.push(text);
    }
  }
  const aliases = exported.filter(({ name }) => constants.has(name)).map(({ name }) => `const ${name}$out = ${name};`);
  const specifiers = exported.map(({ name, as }) => `${constants.has(name) ? `${name}$out` : name} as ${as}`);
  return [...imports, ...functions, ...rest, ...aliases, `export { ${specifiers.join(", ")} };`, ""].join("\n");
}

/** A class as the bundler writes it: `var Name = class …`. */
function isClass(node) {
  return (
    node.type === "VariableDeclaration" &&
    node.kind === "var" &&
    node.declarations.length === 1 &&
    node.declarations[0].init?.type === "ClassExpression"
  );
}
