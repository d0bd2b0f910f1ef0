import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Fixture, makeFixture } from './testing.ts';

/** Random, so that it is nowhere but where it was sent. */
const SECRET = randomBytes(48);
let fixture: Fixture;
let child: ChildProcess;

beforeEach(() => {
  fixture = makeFixture();
});
afterEach(() => {
  child.kill();
  fixture.remove();
});

it.skipIf(process.platform !== 'linux')(
  'has no copy of the secret in the memory of a process that sealed it and opened it 500 times',
  async (test) => {
    const program = new URL('./memory.child.ts', import.meta.url).pathname;
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, fixture.root], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin?.write(SECRET);
    const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk))));
    expect(said).toBe('opened');
    let found: { readonly secret: number; readonly marker: number };
    try {
      found = {
        secret: countInMemory(child.pid as number, SECRET),
        marker: countInMemory(child.pid as number, Buffer.from('tallystick/vault/kek')),
      };
    } catch {
      test.skip('this machine does not let a process read the memory of its own child');
      return;
    }
    // The scan itself works: it finds a text that is in the program.
    expect(found.marker).toBeGreaterThan(0);
    expect(found.secret).toBe(0);
  },
);

function countInMemory(pid: number, needle: Buffer): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let count = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(line) ?? [];
    if (!rights?.startsWith('rw') || line.includes('[v')) continue;
    count += countInRegion(memory, Number.parseInt(from as string, 16), Number.parseInt(to as string, 16), needle);
  }
  closeSync(memory);
  return count;
}

function countInRegion(memory: number, from: number, to: number, needle: Buffer): number {
  const chunk = Buffer.alloc(1 << 20);
  let count = 0;
  // Steps overlap by a needle, so that one across a border is seen.
  for (let at = from; at < to; at += chunk.length - needle.length) {
    let length = 0;
    try {
      length = readSync(memory, chunk, 0, Math.min(chunk.length, to - at), at);
    } catch {
      continue;
    }
    const bytes = chunk.subarray(0, length);
    for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) count++;
  }
  return count;
}
