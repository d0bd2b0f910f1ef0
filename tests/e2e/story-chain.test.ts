/** The story of the chain: told by the command that the README names, on a real daemon with its embedded chain, and on a second chain. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cleanEnv } from '../support/daemon.ts';
import { anvilPath } from '../support/dev-chain.ts';

const STORY = fileURLToPath(new URL('../../scripts/story.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const tell = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', STORY, ...args], { env: cleanEnv(), cwd: ROOT });

describe.skipIf(anvilPath === undefined)('the story of the chain (needs anvil)', () => {
  it('is told to its end, and every figure is what it should be', async () => {
    const { stdout } = await tell('chain');
    expect(stdout).not.toMatch(/WRONG|ABOVE/);
    expect(stdout.match(/^ {3}ok /gm)?.length).toBeGreaterThanOrEqual(60);
    expect(stdout).toMatch(
      /1\. Fund[\s\S]*3\. Channel[\s\S]*4\. Post[\s\S]*5\. Finalise[\s\S]*6\. Claim[\s\S]*7\. Pay[\s\S]*9\. Withdraw[\s\S]*10\. Dispute[\s\S]*12\. Books[\s\S]*13\. Migrate/,
    );
    expect(stdout.trim().endsWith('Every figure is what it should be.')).toBe(true);
  }, 180_000);

  it('that is not there is refused, with those that are', async () => {
    await expect(tell('nothing')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('There is: chain.') });
  });
});
