import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CanaryStage, type Planted, unusualSecret, usualSecret } from '../support/canary-stage.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { ALL_VOICES, stream } from '../support/voices.ts';

const DEBUGGER = /debugger|inspector/i;

let stage: CanaryStage | undefined;
afterEach(() => stage?.close());

/** A daemon that has served each dialect, and has one call of each under way that the upstream will never answer. */
async function busy(env: Readonly<Record<string, string>> = {}): Promise<{ stage: CanaryStage; left: Promise<unknown> }> {
  const opened = await CanaryStage.open({ TALLY_UPSTREAM_HEADERS_MS: '30000', ...env });
  stage = opened;
  const planted: readonly Planted[] = await Promise.all(ALL_VOICES.map((voice) => opened.source(voice, usualSecret(voice))));
  opened.quote(({ voice, stream: streams }, res) => {
    const usage = voice.usage(3, 1);
    res.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    res.end(streams ? stream(voice, 'Hi', usage) : voice.json('Hi', usage));
  });
  await Promise.all(planted.map((one) => opened.both(one)));
  let arrived = 0;
  opened.quote(() => {
    arrived += 1;
  });
  const left = Promise.allSettled(planted.map(async (one) => opened.hear(await opened.ask(one, false))));
  await expect.poll(() => arrived).toBe(planted.length);
  return { stage: opened, left };
}

/** Ends the daemon, and looks through all that it said and left in its data folder and the folder that it ran in. */
async function expectNothingLeft(stage: CanaryStage, signal: NodeJS.Signals, left: Promise<unknown>): Promise<void> {
  await stage.daemon.stop(signal);
  await left;
  stage.hearOutput();
  stage.expectNothingHeard();
  expect(stage.search(false).inFolder(stage.dir, ['master.key']).found).toEqual([]);
}

function filesLike(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder).filter((name) => pattern.test(name));
}

/** @returns why a core dump cannot be looked at here, or null where the kernel writes one into the folder of the process that died. */
function noCores(pid: number): string | null {
  if (process.platform !== 'linux') return `no core dumps are looked for on ${process.platform}`;
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  if (!/^core[^/|]*$/.test(pattern)) return `the kernel of this machine sends core dumps elsewhere (${pattern})`;
  try {
    execFileSync('prlimit', ['--pid', String(pid), '--core=unlimited:unlimited'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'the limit on core dumps cannot be raised here';
  }
}

/** A process of the same runtime that dies with a text in its memory. @returns its folder. */
async function dyingWith(text: string): Promise<string> {
  const folder = temporaryFolder();
  const child = spawn(
    process.execPath,
    ['-e', 'let kept = ""; process.stdin.on("data", (part) => { kept += part; console.log(kept.length); })'],
    {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => {
    child.stdout.once('data', resolve);
    child.stdin.write(text);
  });
  noCores(child.pid ?? 0);
  child.kill('SIGABRT');
  await ended;
  return folder;
}

describe('what shows a process’s memory shows no secret', () => {
  it('no debugger is opened by SIGUSR1, as the runtime does of itself', async () => {
    const { stage, left } = await busy();
    const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise((resolve) => bare.stdout.once('data', resolve));
    let said = '';
    bare.stderr.on('data', (part) => {
      said += String(part);
    });
    bare.kill('SIGUSR1');
    await expect.poll(() => said).toMatch(DEBUGGER);
    bare.kill('SIGKILL');
    process.kill(stage.daemon.pid, 'SIGUSR1');
    await sleep(500);
    expect(stage.daemon.stderr()).not.toMatch(DEBUGGER);
    expect((await fetch(`${stage.daemon.url}/healthz`)).status).toBe(200);
    await expectNothingLeft(stage, 'SIGTERM', left);
  });

  it('a core dump has none of them', async (context) => {
    const { stage, left } = await busy();
    const reason = noCores(stage.daemon.pid);
    if (reason !== null) context.skip(reason);
    // The kernel does write them here, and they do hold what a process has in memory.
    const planted = randomBytes(24).toString('hex');
    const folder = await dyingWith(planted);
    const [core] = filesLike(folder, /^core/);
    if (core === undefined) context.skip('the kernel of this machine writes no core dump');
    expect(readFileSync(join(folder, String(core))).includes(planted)).toBe(true);
    await expectNothingLeft(stage, 'SIGABRT', left);
    expect(filesLike(stage.dir, /^core/)).toHaveLength(1);
  });

  it('a diagnostic report and debug output that the operator asks for have none, not even of the environment', async () => {
    const report = '--report-on-signal --report-signal=SIGUSR2 --report-uncaught-exception --report-filename=report.json';
    const unused = randomBytes(32).toString('hex');
    const debug = 'http,https,net,stream,tls,timer,undici,fetch,worker';
    const { stage, left } = await busy({ NODE_OPTIONS: report, NODE_DEBUG: debug, TALLY_MASTER_KEY: unused });
    stage.plant('master key in the environment', unused);
    const path = join(stage.dir, 'report.json');
    process.kill(stage.daemon.pid, 'SIGUSR2');
    await expect.poll(() => existsSync(path)).toBe(true);
    for (const part of [/^HTTP \d+: /m, /^NET \d+: /m]) expect(stage.daemon.stderr()).toMatch(part);
    await expectNothingLeft(stage, 'SIGTERM', left);
    expect(readFileSync(path, 'utf8')).toContain('"javascriptStack"');
  });

  it('a fault whose message holds one ends the daemon without a word of it', async () => {
    const secret = unusualSecret();
    const folder = temporaryFolder();
    const program = join(folder, 'fault.mjs');
    writeFileSync(
      program,
      `process.on('SIGUSR2', () => { throw new Error(${JSON.stringify(secret)}, { cause: ${JSON.stringify(secret)} }); });`,
    );
    const { stage, left } = await busy({ NODE_OPTIONS: `--import=${program}` });
    stage.plant('in a message', secret);
    process.kill(stage.daemon.pid, 'SIGUSR2');
    await expect.poll(() => stage.daemon.stderr()).toContain('The daemon failed: Error.');
    await expectNothingLeft(stage, 'SIGTERM', left);
  });
});
