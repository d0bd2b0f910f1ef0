import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { cleanEnv } from '../support/daemon.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/donation-pool.ts', import.meta.url));

it('the example of the donation pool shows the document’s own figures', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', EXAMPLE], { env: cleanEnv() });
  expect(stdout).not.toContain('DIFFERS');
  expect(stdout.match(/as written/g)).toHaveLength(15);
  expect(stdout).toMatch(/A: one large key[\s\S]*B: several small keys[\s\S]*C: another key/);
  expect(stdout.trim().endsWith('no key charged beyond its cap')).toBe(true);
});
