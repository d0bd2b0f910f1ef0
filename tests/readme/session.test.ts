import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { extractBlocks, missingLine } from './extract.ts';
import { runBlocks } from './session.ts';

const cwd = mkdtempSync(join(tmpdir(), 'tally-session-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** A fence whose body is given, written so that this file holds no nested fences. */
const fence = (info: string, ...lines: string[]) => ['```'.concat(info), ...lines, '```'].join('\n');
const play = (...parts: string[]) => runBlocks(extractBlocks(parts.join('\n\n')), { cwd, env: { SEED: 'oak' }, block_ms_max: 5_000 });

describe('what is found in a document', () => {
  it('takes the marked blocks, their outputs and captures, and nothing else', () => {
    const blocks = extractBlocks(
      [
        fence('sh', 'rm -rf all'),
        fence('sh run', 'a', 'b'),
        fence('text output', 'x'),
        '<!-- capture KEY /k-(\\w+)/ -->',
        fence('sh run background', 'c'),
      ].join('\n'),
    );
    expect(blocks.map(({ commands, background, outputs }) => ({ commands, background, outputs }))).toEqual([
      { commands: 'a\nb', background: false, outputs: ['x'] },
      { commands: 'c', background: true, outputs: [] },
    ]);
    expect(blocks[0]?.captures[0]?.name).toBe('KEY');
  });

  it('refuses an open fence, and an output of nothing', () => {
    expect(() => extractBlocks('```sh run\nls')).toThrow('never closed');
    expect(() => extractBlocks(fence('text output', 'x'))).toThrow('before any block');
  });
});

describe('documented output', () => {
  it.each([
    ['the same line', 'cap 100 units', 'cap 100 units'],
    ['other lines between', 'a\nc', 'a\nb\nc'],
    ['part of a line', 'served 5', '  served 5 units'],
    ['an ellipsis', 'key …, cap 5', 'key abc, cap 5'],
    ['a hash', 'hash 0x0123456789abcdef', 'hash 0xfedcba9876543210ff'],
    ['a time', 'at 2030-01-01T00:00:00Z', 'at 2031-12-11T10:20:30.123Z'],
    ['a port', 'http://127.0.0.1:8402/v1', 'http://127.0.0.1:40001/v1'],
    ['an id', '"id": "rcpt_01h2xcejqtf2"', '"id": "rcpt_7zzzzzzzzzz9"'],
  ])('%s matches', (_name, documented, actual) => expect(missingLine(documented, actual)).toBeUndefined());

  it.each([
    ['another number', 'cap 100 units', 'cap 101 units', 'cap 100 units'],
    ['the wrong order', 'b\na', 'a\nb', 'a'],
    ['nothing', 'a', '', 'a'],
    ['another code', '"code": "CAP_EXCEEDED"', '"code": "CAP_BUSY"', '"code": "CAP_EXCEEDED"'],
  ])('%s does not', (_name, documented, actual, missing) => expect(missingLine(documented, actual)).toBe(missing));
});

describe('the session', () => {
  it('is one shell: variables, folders and the given environment last', async () => {
    expect(
      await play(
        fence('sh run', 'A=1; mkdir -p sub; cd sub'),
        fence('sh run', 'echo "$A $SEED $(basename "$PWD")"'),
        fence('text output', '1 oak sub'),
      ),
    ).toBeUndefined();
  });

  it('waits for a background block, hands on what a reader would copy, and stops it at the end', async () => {
    const failure = await play(
      fence('sh run background', 'echo $BASHPID >pid; echo "starting"; sleep 0.1; echo "key sk-tally-abc"; exec sleep 60'),
      fence('text output', 'key sk-tally-…'),
      '<!-- capture KEY /key (\\S+)/ -->',
      fence('sh run', 'echo "got $KEY"; kill -0 "$(cat pid)"'),
      fence('text output', 'got sk-tally-abc'),
    );
    expect(failure).toBeUndefined();
    expect(await play(fence('sh run', '! kill -0 "$(cat pid)"'))).toBeUndefined();
  });

  it('runs a loop until it is refused', async () => {
    const loop = fence('sh run', 'n=0', 'while [ "$n" -lt 3 ]; do n=$((n + 1)); done; echo "refused after $n"');
    expect(await play(loop, fence('text output', 'refused after 3'))).toBeUndefined();
  });

  it('names the block that fails, and why', async () => {
    expect(await play(fence('sh run', 'echo before; false; echo after'))).toMatchObject({
      line: 1,
      why: 'a command failed with exit code 1',
      output: 'before\n',
    });
    expect(await play(fence('sh run', 'false | cat'))).toMatchObject({ line: 1 });
    expect(await play(fence('sh run', 'echo 1'), fence('text output', '2'))).toMatchObject({ why: 'the output does not show: 2' });
    expect(await play(fence('sh run', 'echo 1'), '<!-- capture A /x/ -->')).toMatchObject({ why: 'nothing to capture for A: /x/' });
  });

  it('does not hand the runner’s own environment to the reader', async () => {
    expect(
      await play(fence('sh run', '[ -z "$VITEST$npm_lifecycle_event$NODE_OPTIONS" ]; case "$PATH" in *node_modules*) exit 1;; esac')),
    ).toBeUndefined();
  });
});
