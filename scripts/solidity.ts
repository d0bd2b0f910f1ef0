/**
 * Reads the NatSpec of Solidity interfaces: as much of the language as an interface has. A body that it does not know stops it, so nothing is left out in silence.
 * The sources are read instead of the compiler's output, so that the documentation is checked where there is no forge.
 */
export type Doc = {
  readonly title: string;
  readonly notice: string;
  readonly params: Readonly<Record<string, string>>;
  readonly returns: readonly string[];
};
export type Kind = 'function' | 'event' | 'error' | 'struct' | 'enum';
/** `text` is its declaration without keyword, data locations and visibility, in one line; `view` also for pure functions. */
export type Member = { readonly kind: Kind; readonly name: string; readonly text: string; readonly view: boolean; readonly doc: Doc };
export type Interface = {
  readonly name: string;
  readonly parents: readonly string[];
  readonly doc: Doc;
  readonly members: readonly Member[];
};

const joined = (text: readonly string[]) => text.join(' ').replace(/\s+/g, ' ').trim();

/** Lines of one comment, without their slashes. A line without a tag goes on with the one before; a comment without any is a notice. */
export function readDoc(lines: readonly string[]): Doc {
  const tagged: { tag: string; text: string }[] = [];
  for (const line of lines) {
    const [, tag, rest = ''] = /^@(\w+)\s*(.*)$/.exec(line) ?? [];
    const last = tagged.at(-1);
    if (tag !== undefined) tagged.push({ tag, text: rest });
    else if (last === undefined) tagged.push({ tag: 'notice', text: line });
    else last.text += ` ${line}`;
  }
  const unknown = tagged.find(({ tag }) => !['title', 'notice', 'dev', 'param', 'return'].includes(tag));
  if (unknown !== undefined) throw new Error(`a tag that is not known: @${unknown.tag} ${unknown.text}`);
  const of = (...tags: string[]) => tagged.filter(({ tag }) => tags.includes(tag)).map(({ text }) => joined([text]));
  const params = of('param').map((text) => [text.split(' ')[0] ?? '', text.split(' ').slice(1).join(' ')] as const);
  return { title: joined(of('title')), notice: joined(of('notice', 'dev')), params: Object.fromEntries(params), returns: of('return') };
}

const COMMENT = /^\s*\/\/\/ ?(.*)\n/;
const PLAIN_COMMENT = /^\s*\/\/(?!\/).*\n/;
const STATEMENT = /^\s*(function|event|error)\s+(\w+)([^;{]*);/;
const BLOCK = /^\s*(struct|enum)\s+(\w+)\s*\{([^}]*)\}/;

const oneLine = (text: string) => text.replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/ \)/g, ')').trim();

/** Members of a block: comments within an enum or struct say what a value is, and are kept out of its text. */
function blockText(body: string): string {
  return oneLine(body.replace(/\/\/.*\n/g, ' '))
    .replace(/;$/, '')
    .replaceAll(';', ',');
}

function statementText(kind: string, rest: string): string {
  const text = oneLine(rest);
  if (kind !== 'function') return text;
  return oneLine(text.replace(/\b(calldata|memory|external|payable|view|pure)\b ?/g, '')).replace(/\breturns ?\(/, '→ (');
}

function readMembers(source: string): Member[] {
  const members: Member[] = [];
  let rest = source;
  let comment: string[] = [];
  const take = (match: RegExpExecArray) => {
    rest = rest.slice(match[0].length);
    return match;
  };
  while (rest.trim() !== '') {
    const [doc, plain, statement, block] = [COMMENT, PLAIN_COMMENT, STATEMENT, BLOCK].map((pattern) => pattern.exec(rest));
    if (doc) comment.push(take(doc)[1] ?? '');
    else if (plain) take(plain);
    else if (statement || block) {
      const [, kind, name = '', body = ''] = take((statement ?? block) as RegExpExecArray);
      const text = statement ? statementText(kind as string, body) : blockText(body);
      members.push({ kind: kind as Kind, name, text, view: /\b(view|pure)\b/.test(body), doc: readDoc(comment) });
      comment = [];
    } else throw new Error(`not understood: ${rest.trim().split('\n')[0]}`);
  }
  return members;
}

const HEAD = /((?:^\/\/\/.*\n)*)^interface (\w+)(?: is ([\w, ]+))? \{\n/gm;

/** All interfaces of one file, in order. Each ends with a brace at the beginning of a line, as forge formats it. */
export function readInterfaces(source: string): Interface[] {
  return [...source.matchAll(HEAD)].map((match) => {
    const [head, comment = '', name = '', parents = ''] = match;
    const from = match.index + head.length;
    const to = source.indexOf('\n}', from);
    if (to < 0) throw new Error(`${name} does not end`);
    const lines = comment.split('\n').filter((line) => line !== '');
    return {
      name,
      parents: parents
        .split(',')
        .map((parent) => parent.trim())
        .filter((parent) => parent !== ''),
      doc: readDoc(lines.map((line) => line.replace(/^\/\/\/ ?/, ''))),
      members: readMembers(source.slice(from, to + 1)),
    };
  });
}

/** Functions of a contract's source that carry `restricted`. */
export function restrictedFunctions(source: string): string[] {
  return [...source.matchAll(/\bfunction (\w+)\s*\([^{;]*?\)([^{;]*)\{/g)]
    .filter(([, , head = '']) => /\brestricted\b/.test(head))
    .map(([, name = '']) => name);
}
