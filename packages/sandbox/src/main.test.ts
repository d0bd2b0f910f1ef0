import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeyUsage } from './usage-store.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const KEY = 'sk-canary-5f3a9d2b7c';

let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-sandbox-main-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(...more: string[]) {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--data', dataDir, ...more], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  await Promise.race([once(reader, 'line'), once(child, 'exit')]);
  const ready = JSON.parse(lines[0] ?? '{}') as { event: string; url: string; pid: number };
  return { child, lines, ready };
}

const headers = { authorization: `Bearer ${KEY}` };
const call = (url: string, model: string, more: Record<string, unknown> = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], ...more }),
  });
const usage = async (url: string) => (await (await fetch(`${url}/sandbox/usage`, { headers })).json()) as KeyUsage;

test('prints one ready line, counts through kill -9, stops on SIGTERM', async () => {
  const first = await start();
  expect(first.ready).toEqual({ event: 'sandbox.ready', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: first.child.pid });
  await Promise.all(Array.from({ length: 8 }, async () => (await call(first.ready.url, 'sandbox-fixed-5')).text()));
  // In mid-stream, with part of the answer received: the whole of it is counted.
  const long = await call(first.ready.url, 'sandbox-long', { stream: true, max_tokens: 3_000 });
  const reader = long.body?.getReader();
  await reader?.read();
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await reader?.cancel().catch(() => undefined);
  const second = await start();
  const counted = await usage(second.ready.url);
  expect(counted.by_model['sandbox-fixed-5']?.total_tokens).toBe(40);
  expect(counted.by_model['sandbox-long']?.output_tokens).toBe(3_000);
  expect(counted.requests).toBe(9);
  for (const file of readdirSync(dataDir)) expect(readFileSync(join(dataDir, file)).includes(KEY)).toBe(false);
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
  expect(second.lines).toHaveLength(1);
});

test('stops with its parent, with a call hanging; what arrived is counted', async () => {
  const { child, ready } = await start('--exit-with-parent');
  const hanging = call(ready.url, 'sandbox-hang').catch(() => 'cut');
  await expect.poll(async () => (await usage(ready.url)).requests).toBe(1);
  child.stdin?.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await hanging).toBe('cut');
  const again = await start();
  expect((await usage(again.ready.url)).requests).toBe(1);
});

test('without --exit-with-parent a closed stdin is nothing to it', async () => {
  const { child, ready } = await start();
  child.stdin?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect((await usage(ready.url)).requests).toBe(0);
});

test('says what is wrong with its options, and leaves', async () => {
  const child = spawn(process.execPath, [MAIN, '--port', 'x', '--data', dataDir], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr.on('data', (part) => {
    said += part;
  });
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said).toContain('--port must be 0 to 65535');
  expect(said).toContain('usage:');
});
