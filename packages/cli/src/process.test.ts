import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE_FLAGS } from './io.ts';

const PACKAGE = join(import.meta.dirname, '..');
const LAUNCHER = join(PACKAGE, 'bin/tally.js');
const node = (...args: string[]) => spawnSync(process.execPath, [...NODE_FLAGS, ...args], { encoding: 'utf8' });
const script = (text: string) => ['--input-type=module', '--eval', text];

test('both entries can be executed, and run', () => {
  for (const entry of [LAUNCHER, join(PACKAGE, 'src/tally.ts')]) {
    expect(() => accessSync(entry, constants.X_OK)).not.toThrow();
    expect(node(entry, '--version')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(node(entry, 'nothing', '--json').status).toBe(2);
  }
});

test('a Node that is too old is told so', () => {
  const older = "data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.11.0' } })";
  for (const entry of [LAUNCHER, join(PACKAGE, 'src/tally.ts')]) {
    const { status, stderr } = node('--import', older, entry, '--version');
    expect([status, stderr]).toEqual([78, expect.stringContaining('needs Node 24 or newer; this is 20.11.0')]);
  }
});

test('the programs that it starts are there', () => {
  const { stdout } = node(
    ...script(
      `const m = await import(${JSON.stringify(join(PACKAGE, 'src/mains.ts'))}); console.log(m.daemonMain()); console.log(m.sandboxMain())`,
    ),
  );
  const paths = stdout.trim().split('\n');
  expect(paths).toHaveLength(2);
  for (const path of paths) expect(existsSync(path)).toBe(true);
});

test('becoming another program keeps the process and hands on its exit code', () => {
  const replace = `const { systemIo } = await import(${JSON.stringify(join(PACKAGE, 'src/io.ts'))}); systemIo().replace(['--eval', 'console.log(process.pid); process.exitCode = 7'])`;
  const { pid, stdout, status } = node(...script(replace));
  expect([stdout, status]).toEqual([`${pid}\n`, 7]);
});
