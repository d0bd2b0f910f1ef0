/** The house rules that a compiler does not know. Each takes a tree and gives what breaks it; `tidy.test.ts` plants one of each. */
import { child, isIdentifier, type Node, type Parsed, parse, walk } from './ast.ts';
import { effectsOf, impuritiesOf } from './calls.ts';
import { placeOf } from './storeys.ts';
import { isSource, isTest, type Tree, type Violation } from './tree.ts';

export const LIMITS = { file_lines_max: 400, test_file_lines_max: 600, function_lines_max: 70, blob_bytes_max: 200 * 1024 } as const;

type Rule = (path: string, text: string) => Violation[];

export function checkTidy(tree: Tree): Violation[] {
  const rules: readonly Rule[] = [fileLength, functionLength, effects, purity, sqlClock, leftovers, machinePaths, registryHosts, licence];
  return [...tree].flatMap(([path, text]) => rules.flatMap((rule) => rule(path, text)));
}

export function checkBlobs(sizes: ReadonlyMap<string, number>): Violation[] {
  const large = [...sizes].filter(([path, bytes]) => bytes > LIMITS.blob_bytes_max && path !== 'package-lock.json');
  return large.map(([path, bytes]) => violation('blob', path, 1, `${bytes} bytes; at most ${LIMITS.blob_bytes_max}`));
}

function violation(rule: string, path: string, line: number, detail: string): Violation {
  return { rule, path, line, detail };
}

function fileLength(path: string, text: string): Violation[] {
  if (!isSource(path) && !/\.(sql|sh|py|sol)$/.test(path)) return [];
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  const lines_max = isTest(path) ? LIMITS.test_file_lines_max : LIMITS.file_lines_max;
  return lines > lines_max ? [violation('file-length', path, lines, `${lines} lines; at most ${lines_max}`)] : [];
}

/** Test files are spared: a `describe` is a function only by accident. */
function functionLength(path: string, text: string): Violation[] {
  if (!isSource(path) || isTest(path)) return [];
  const file = parse(path, text);
  const found: Violation[] = [];
  walk(file.program, (node) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const first = file.lineOf(node.start);
    const lines = file.lineOf(node.end) - first + 1;
    const max = LIMITS.function_lines_max;
    if (lines > max) found.push(violation('function-length', path, first, `${lines} lines; at most ${max}`));
  });
  return found;
}

const CLOCK = /^(Date\.now|new Date\(\)|Date\(\)|Date \(as a value\)|performance\..*|performance \(as a value\)|process\.hrtime)$/;
const ENVIRONMENT = /^process\.env$|^process \(as a value\)$/;
const RANDOMNESS = /^Math\.random$|^Math \(as a value\)$/;
const CRYPTO_RANDOMNESS = /^crypto\.(random|getRandomValues|generateKey|generatePrime|webcrypto)|^crypto \(as a value\)$/;

/** Time, randomness, environment and console enter the daemon through `ground` only, so that a test or a simulator can pass them in. */
function effects(path: string, text: string): Violation[] {
  if (!isSource(path)) return [];
  const place = placeOf(path);
  const inRoom = place?.pkg === 'server' && place.room !== 'ground' && !isTest(path);
  const banned = [RANDOMNESS];
  if (inRoom) banned.push(CLOCK, /^globalThis/);
  // The daemon's entry hands its environment to ground, which validates it; nobody else sees it.
  if (inRoom && path !== 'packages/server/src/app/main.ts') banned.push(ENVIRONMENT);
  if (inRoom && place.room !== 'vault') banned.push(CRYPTO_RANDOMNESS);
  const mayPrint = place === undefined || place.pkg === 'cli' || place.pkg === 'bench' || isTest(path);
  if (!mayPrint) banned.push(/^console\b/);
  const uses = effectsOf(parse(path, text)).filter(({ name }) => banned.some((pattern) => pattern.test(name)));
  return uses.map(({ name, line }) => violation('banned-call', path, line, `${name}: take it from ground, passed in`));
}

function purity(path: string, text: string): Violation[] {
  if (!isSource(path) || isTest(path) || placeOf(path)?.pkg !== 'core') return [];
  const uses = impuritiesOf(parse(path, text));
  return uses.map(({ name, line }) => violation('purity', path, line, `${name}: core has no clock, randomness, environment or I/O`));
}

/** SQL has a clock and dice of its own, which would slip past the rules above. */
function sqlClock(path: string, text: string): Violation[] {
  if (!path.endsWith('.sql')) return [];
  const pattern =
    /\b(current_timestamp|current_time|current_date|datetime\s*\(\s*'now'|unixepoch\s*\(\s*\)|random\s*\(\s*\)|now\s*\(\s*\))/i;
  return eachLine(text, pattern).map(([line, hit]) => violation('sql-clock', path, line, `${hit}: pass the value in`));
}

/** Work left behind: an open task that nobody owns, and code kept as a comment. */
function leftovers(path: string, text: string): Violation[] {
  const open = /\b(TODO|FIXME|XXX|HACK)\b(?!\([\w@-]+\))/;
  if (!isSource(path)) {
    if (!/(\.(sql|sh|py|sol|ya?ml)|^\.ci\/run)$/.test(path)) return [];
    return eachLine(text, open).map(([line, hit]) => violation('todo', path, line, `${hit} without an owner: write ${hit}(name)`));
  }
  const file = parse(path, text);
  const todos = file.comments.flatMap((comment) => {
    const hit = open.exec(comment.value)?.[1];
    return hit ? [violation('todo', path, file.lineOf(comment.start), `${hit} without an owner: write ${hit}(name)`)] : [];
  });
  return [...todos, ...commentedCode(file)];
}

/** A comment that parses as a program with a real statement in it is code; prose never does. Documentation blocks are spared. */
function commentedCode(file: Parsed): Violation[] {
  const dead = commentBlocks(file).filter(({ body }) => isCode(body));
  return dead.map(({ line }) => violation('commented-code', file.path, line, 'code kept as a comment; history keeps it better'));
}

function commentBlocks(file: Parsed): { line: number; body: string }[] {
  const blocks: { line: number; body: string; last: number }[] = [];
  for (const comment of file.comments) {
    if (comment.value.startsWith('*') || comment.value.startsWith('/')) continue;
    const line = file.lineOf(comment.start);
    const previous = blocks.at(-1);
    if (comment.type === 'Line' && previous && previous.last === line - 1) {
      previous.body += `\n${comment.value}`;
      previous.last = line;
    } else {
      blocks.push({ line, body: comment.value, last: file.lineOf(comment.end) });
    }
  }
  return blocks;
}

function isCode(body: string): boolean {
  if (!/[;{}]\s*$/.test(body.trim())) return false;
  // Inside a function first, where `return` and `await` are lawful; then bare, where `import` is.
  const wrapped = parse('comment.ts', `async function f() {\n${body}\n}`);
  if (wrapped.errors.length === 0) return hasStatement((child((wrapped.program.body as readonly Node[])[0], 'body')?.body ?? []) as Node[]);
  const bare = parse('comment.ts', body);
  return bare.errors.length === 0 && hasStatement(bare.program.body as readonly Node[]);
}

function hasStatement(statements: readonly Node[]): boolean {
  return statements.some((statement) => {
    const expression = child(statement, 'expression');
    if (statement.type === 'BlockStatement' || statement.type === 'EmptyStatement' || statement.type === 'LabeledStatement') return false;
    return statement.type !== 'ExpressionStatement' || !(isIdentifier(expression) || expression?.type === 'Literal');
  });
}

// Names of folders on a builder's machine, at the start of a path: routes and URLs that only contain such a word are fine.
const MACHINE_PATH = /(?<![\w.$}\])@*-])\/(?:home\/[a-z]\w*|Users\/\w+|root\b|work\/)/;
const TEMPORARY_PATH = /(?<![\w.$}\])@*-])\/tmp\b/;

function machinePaths(path: string, text: string): Violation[] {
  const found = eachLine(text, MACHINE_PATH);
  if (!isTest(path)) found.push(...eachLine(text, TEMPORARY_PATH));
  return found.map(([line, hit]) => violation('machine-path', path, line, hit));
}

const REGISTRY_HOST =
  /registry\.(npmjs|yarnpkg)\.(org|com)|files\.pythonhosted\.org|pypi\.org\/simple|proxy\.golang\.org|"resolved": "https?:/;

/** Whoever installs chooses the registry; a host in the tree would choose for them. */
function registryHosts(path: string, text: string): Violation[] {
  return eachLine(text, REGISTRY_HOST)
    .filter(() => path !== 'tests/house/tidy.ts')
    .map(([line, hit]) => violation('registry-host', path, line, hit));
}

function licence(path: string, text: string): Violation[] {
  if (!/(^|\/)package\.json$/.test(path)) return [];
  const { license } = JSON.parse(text) as { license?: string };
  return license === 'MIT' ? [] : [violation('licence', path, 1, `license is ${license ?? 'missing'}; ours is MIT`)];
}

function eachLine(text: string, pattern: RegExp): [line: number, hit: string][] {
  return text.split('\n').flatMap((line, index) => {
    const hit = pattern.exec(line)?.[0];
    return hit === undefined ? [] : [[index + 1, hit] as [number, string]];
  });
}
