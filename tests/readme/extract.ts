/**
 * Finds in a Markdown text what its test runs. The marks are words of a fence's info string, so that readers do not see them:
 *
 *   ```sh run               a block of commands, run in order in one shell; it must exit 0
 *   ```sh run background    the same, left running; the next block starts when its documented output has appeared
 *   ```text output          (or `json output`, `sse output` …) what the block before it prints; `…` stands for anything
 *
 * and one comment on its own line, after a run block, for what a reader would copy by hand from its output:
 *
 *   <!-- capture NAME /pattern/ -->    sets NAME in the shell to what the pattern (or its first group) found
 */
export type Capture = { readonly name: string; readonly pattern: RegExp };
export type Block = {
  readonly line: number;
  readonly commands: string;
  readonly background: boolean;
  readonly outputs: readonly string[];
  readonly captures: readonly Capture[];
};

type Open = { line: number; commands: string; background: boolean; outputs: string[]; captures: Capture[] };

export function extractBlocks(markdown: string): Block[] {
  const blocks: Open[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const capture = /^<!-- capture (\w+) \/(.+)\/ -->$/.exec(lines[at] ?? '');
    if (capture) last(blocks, at, 'capture').captures.push({ name: capture[1] ?? '', pattern: new RegExp(capture[2] ?? '') });
    const fence = /^(`{3,})(.*)$/.exec(lines[at] ?? '');
    if (!fence) continue;
    const end = lines.indexOf(fence[1] ?? '', at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: the fence is never closed`);
    addFence(blocks, at, (fence[2] ?? '').trim().split(/\s+/), lines.slice(at + 1, end).join('\n'));
    at = end;
  }
  return blocks;
}

function addFence(blocks: Open[], at: number, [language = '', ...words]: readonly string[], body: string): void {
  if (language === 'sh' && words.includes('run')) {
    blocks.push({ line: at + 1, commands: body, background: words.includes('background'), outputs: [], captures: [] });
  } else if (words.includes('output')) {
    last(blocks, at, 'output').outputs.push(body);
  }
}

function last(blocks: readonly Open[], at: number, what: string): Open {
  const block = blocks.at(-1);
  if (!block) throw new Error(`line ${at + 1}: ${what} before any block that runs`);
  return block;
}

/**
 * The first documented line that the real output does not show, or undefined when all appear, in order. Between two of them other
 * lines may stand. Ids, hashes, times and ports differ from run to run: they match any other of their kind.
 */
export function missingLine(documented: string, actual: string): string | undefined {
  const lines = actual.split('\n');
  let from = 0;
  for (const wanted of documented.split('\n').filter((line) => line.trim() !== '' && line.trim() !== '…')) {
    const pattern = linePattern(wanted);
    const found = lines.findIndex((line, index) => index >= from && pattern.test(line));
    if (found < 0) return wanted;
    from = found + 1;
  }
  return undefined;
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)/y, '\\d{4}-\\d\\d-\\d\\dT\\S+?(?:Z|[+-]\\d\\d:?\\d\\d)'],
  [/(?:0x)?[0-9a-f]{12,}/y, '(?:0x)?[0-9a-f]{12,}'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/y, '[0-9a-f-]{36}'],
  [/(?<=localhost:|127\.0\.0\.1:)\d+/y, '\\d+'],
  [/(?<=[a-z]{2,}[_-])(?=\w*\d)\w{10,}/y, '\\w{10,}'],
  [/\d{13}/y, '\\d{13}'],
  [/…/y, '.*'],
  [/\s+/y, '\\s+'],
];

function linePattern(line: string): RegExp {
  const text = line.trim();
  let source = '';
  for (let at = 0; at < text.length; ) {
    const kind = VARYING.map(([pattern, replacement]) => [matchAt(pattern, text, at), replacement] as const)
      .filter(([length]) => length > 0)
      .sort(([a], [b]) => b - a)[0];
    source += kind?.[1] ?? (text[at] ?? '').replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    at += kind?.[0] ?? 1;
  }
  return new RegExp(source);
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
