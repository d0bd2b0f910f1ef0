/** Every way in which one file can name another, read from the syntax tree. */
import { child, isIdentifier, literalText, memberName, type Node, type Parsed, walk } from './ast.ts';

export type ImportKind = 'static' | 'type' | 'dynamic' | 'export-from' | 'require' | 'url' | 'resolve' | 'reference';
export type Import = {
  readonly kind: ImportKind;
  /** Undefined when the name is only known at run time, so that no wall can be seen from here. */
  readonly specifier: string | undefined;
  readonly line: number;
};

export function importsOf(file: Parsed): Import[] {
  const found: Import[] = [];
  walk(file.program, (node) => {
    const hit = importAt(node);
    if (hit) found.push({ kind: hit.kind, specifier: specifierText(hit.kind, hit.source), line: file.lineOf(node.start) });
  });
  for (const comment of file.comments) {
    // A triple-slash reference pulls in globals behind the back of `types: []`.
    const reference = /^\/\s*<reference\s+(?:path|types|lib)\s*=\s*["']([^"']+)/.exec(comment.value);
    if (reference) found.push({ kind: 'reference', specifier: reference[1], line: file.lineOf(comment.start) });
  }
  return found;
}

type Hit = { readonly kind: ImportKind; readonly source: Node | undefined };

function importAt(node: Node): Hit | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { kind: node.importKind === 'type' ? 'type' : 'static', source: child(node, 'source') };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const source = child(node, 'source');
      return source ? { kind: 'export-from', source } : undefined;
    }
    case 'ImportExpression':
      return { kind: 'dynamic', source: child(node, 'source') };
    case 'TSImportType':
      return { kind: 'type', source: child(node, 'source') };
    case 'TSExternalModuleReference':
      return { kind: 'require', source: child(node, 'expression') };
    case 'CallExpression':
      return callHit(node);
    case 'NewExpression':
      return urlHit(node);
    default:
      return undefined;
  }
}

function callHit(node: Node): Hit | undefined {
  const callee = child(node, 'callee');
  const source = (node.arguments as readonly Node[])[0];
  if (isIdentifier(callee, 'require')) return { kind: 'require', source };
  if (callee?.type === 'CallExpression' && isIdentifier(child(callee, 'callee'), 'createRequire')) return { kind: 'require', source };
  if (callee?.type !== 'MemberExpression' || memberName(callee) !== 'resolve') return undefined;
  const object = child(callee, 'object');
  return object?.type === 'MetaProperty' || isIdentifier(object, 'require') ? { kind: 'resolve', source } : undefined;
}

/** `new URL('./worker.ts', import.meta.url)` names a file as surely as an import does. */
function urlHit(node: Node): Hit | undefined {
  const [source, base] = node.arguments as readonly Node[];
  if (!isIdentifier(child(node, 'callee'), 'URL') || base?.type !== 'MemberExpression') return undefined;
  return child(base, 'object')?.type === 'MetaProperty' ? { kind: 'url', source } : undefined;
}

function specifierText(kind: ImportKind, source: Node | undefined): string | undefined {
  const text = literalText(source);
  if (text !== undefined || kind !== 'url' || source?.type !== 'TemplateLiteral') return text;
  // `./sql/${name}.sql` is fine: the folder is known, and a hole that climbs out of it would have to be written as `..`.
  const quasis = (source.quasis as readonly Node[]).map((quasi) => (quasi.value as { cooked: string }).cooked);
  return quasis[0]?.startsWith('./') ? quasis.join('*') : undefined;
}
