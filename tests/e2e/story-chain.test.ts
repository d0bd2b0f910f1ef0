/** The story of the chain: told by the command that the README names, on a real daemon with its embedded chain, and on a second chain. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { cleanEnv, temporaryFolder } from '../support/daemon.ts';
import { anvilPath } from '../support/dev-chain.ts';
import { childrenOf, isRunning } from '../support/processes.ts';

const STORY = fileURLToPath(new URL('../../scripts/story.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const tell = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', STORY, ...args], { env: cleanEnv(), cwd: ROOT });

const EXAMPLES = new URL('../../examples/stories/chain/', import.meta.url).href;
/** What a shell has set for its owner's own gateway. */
const OTHERS = { CHAIN_RPC_URL: 'http://127.0.0.1:1', TALLY_CHAIN: 'off', TALLY_DEPLOYER_KEY: 'none', TALLY_DATA_DIR: '/nowhere' };

/** A daemon, a chain and all contracts; the machine may be busy. */
const BEGUN_WITHIN_MS = 200_000;

let stories: ChildProcess[] = [];
afterEach(() => {
  for (const story of stories) story.kill('SIGTERM');
  stories = [];
});

/** What it has started, and what that has. */
const all = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...all(child)]);

/** Starts a story with temporary files of its own, and waits until it prints `words`. */
async function begun(args: readonly string[], words: string) {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: ROOT,
    env: cleanEnv({ ...OTHERS, TMPDIR: folder }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stories.push(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await eventually(words, async () => said.includes(words) || child.exitCode !== null, BEGUN_WITHIN_MS);
  expect(said).toContain(words);
  return { child, code, folder, started: all(child.pid ?? 0) };
}

const storiesIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('tally-story-'));

async function stopped({ child, code, folder, started }: Awaited<ReturnType<typeof begun>>, signal: NodeJS.Signals, number: number) {
  expect(storiesIn(folder)).not.toEqual([]);
  child.kill(signal);
  expect(await code).toBe(128 + number);
  expect(started.filter(isRunning)).toEqual([]);
  expect(storiesIn(folder)).toEqual([]);
}

describe.skipIf(anvilPath === undefined)('the story of the chain (needs anvil)', () => {
  it('is told to its end, and every figure is what it should be', async () => {
    const { stdout } = await tell('chain');
    expect(stdout).not.toMatch(/WRONG|ABOVE/);
    expect(stdout.match(/^ {3}ok /gm)?.length).toBeGreaterThanOrEqual(60);
    expect(stdout).toMatch(
      /1\. Fund[\s\S]*3\. Channel[\s\S]*4\. Post[\s\S]*5\. Finalise[\s\S]*6\. Claim[\s\S]*7\. Pay[\s\S]*9\. Withdraw[\s\S]*10\. Dispute[\s\S]*12\. Books[\s\S]*13\. Migrate/,
    );
    expect(stdout.trim().endsWith('Every figure is what it should be.')).toBe(true);
  });

  it.each([
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const)('stopped by %s leaves no process and no file, and what the shell has set is nothing to it', async (signal, number) => {
    const story = await begun([STORY, 'chain'], '2. Providers');
    expect(story.started.length).toBeGreaterThanOrEqual(4);
    await stopped(story, signal, number);
  });

  it('stopped while it deploys on the second chain leaves no process and no file', async () => {
    const text = `const { endingAll } = await import('${EXAMPLES}programs.ts');
      const { startEmbedded, startSecond } = await import('${EXAMPLES}chains.ts');
      const tell = async () => {
        await startEmbedded();
        console.log('the first is up');
        await startSecond();
        return 0;
      };
      process.exit(await endingAll(tell));`;
    const story = await begun(['--input-type=module', '--eval', text], 'the first is up');
    const now = () => all(story.child.pid ?? 0);
    const args = (pid: number) => spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
    await eventually('the second is deployed to', async () => now().some((pid) => / chain-deploy /.test(args(pid))));
    await stopped({ ...story, started: now() }, 'SIGINT', 2);
  });

  it('that is not there is refused, with those that are', async () => {
    await expect(tell('nothing')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('There is: chain.') });
  });
});
