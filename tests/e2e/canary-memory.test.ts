import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { packFields } from '../../packages/server/src/vault/encoding.ts';
import { KeyRing } from '../../packages/server/src/vault/keys.ts';
import { decodeRecord } from '../../packages/server/src/vault/record.ts';
import { xchachaDecrypt } from '../../packages/server/src/vault/xchacha.ts';
import { noOpenHolds } from '../support/calls.ts';
import { CanaryStage, type Planted, usualSecret } from '../support/canary-stage.ts';
import { loopbackCertificate } from '../support/certificate.ts';
import { COLLECTED } from '../support/collecting.ts';
import { countInMemory, memoryUnreadable } from '../support/memory.ts';
import { ALL_VOICES, stream } from '../support/voices.ts';
import { workersOf } from '../support/workers.ts';

/** Each round is a call in JSON and one in a stream, in each dialect. */
const ROUNDS = 30;
const IDLE_SOCKET_MS = 2_500;

/** As docs/guides/operating.md states them: copies of each, once its calls have ended. */
const BOUND = {
  /** What TLS and the sockets leave of the heads that they wrote. */
  secret: 16,
  dataKey: 2,
  /** Until the memory is used for something else. */
  given: 16,
  /** Its text as it was read at the start, until then as well. */
  master: 1,
  /** Node’s own strings of the headers that came. */
  virtualKey: 100,
};

/** As providers are spoken to, where a certificate can be made here. */
const tls = loopbackCertificate();

let stage: CanaryStage | undefined;
afterEach(() => stage?.close());

const preload = (name: string) => `--import=${new URL(`../support/${name}.ts`, import.meta.url).href}`;

async function open(more: readonly string[] = [], workers = 1): Promise<{ stage: CanaryStage; planted: readonly Planted[] }> {
  const options = ['--expose-gc', preload('collecting'), ...more.map(preload)];
  const env = { NODE_OPTIONS: options.join(' '), TALLY_SANDBOX: '0', TALLY_WORKERS: String(workers) };
  const opened = await CanaryStage.open(env, tls);
  stage = opened;
  opened.quote(({ voice, stream: streams }, res) => {
    const usage = voice.usage(3, 1);
    res.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    res.end(streams ? stream(voice, 'Hi', usage) : voice.json('Hi', usage));
  });
  return { stage: opened, planted: await Promise.all(ALL_VOICES.map((voice) => opened.source(voice, usualSecret(voice)))) };
}

async function calls(stage: CanaryStage, planted: readonly Planted[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      planted.flatMap((one) =>
        [false, true].map(async (streams) => {
          const answer = await stage.ask(one, streams);
          await answer.arrayBuffer();
          expect(answer.status).toBe(200);
        }),
      ),
    );
  }
  await noOpenHolds(stage.daemon);
}

/** Until idle sockets have been retired and garbage has been collected and written over. */
async function idle({ daemon }: CanaryStage): Promise<void> {
  await sleep(IDLE_SOCKET_MS + 250);
  const before = daemon.stderr().length;
  const all = [daemon.pid, ...workersOf(daemon)];
  for (const pid of all) process.kill(pid, 'SIGUSR2');
  await expect.poll(() => daemon.stderr().slice(before).split(COLLECTED).length - 1).toBe(all.length);
}

/** The key that a record's secret is sealed under, which rests wrapped. */
function dataKey({ dir, master }: CanaryStage, id: string): Buffer {
  const record = decodeRecord(readFileSync(join(dir, 'data', 'vault', 'sealed', `${id}.seal`)));
  const slot = readFileSync(join(dir, 'data', 'slots', 'slots', `${id}.slot`));
  const kek = new KeyRing(master, record.kekId).expand('tallystick/vault/kek', [slot, id]);
  return xchachaDecrypt(kek, record.wrapNonce, packFields('tallystick/seal/v1/data-key', [id]), record.wrappedKey);
}

/** Each half of a secret stands for the whole: who has one has little left to guess. */
function needles(stage: CanaryStage, planted: readonly Planted[]): ReadonlyMap<string, Buffer> {
  const found = new Map([['master key', stage.master]]);
  found.set('master key in hex', Buffer.from(stage.master.toString('hex')));
  for (const { id, voice, secret, key } of planted) {
    const middle = secret.length >> 1;
    for (const [part, text] of Object.entries({ 'first half': secret.slice(0, middle), 'last half': secret.slice(middle) })) {
      found.set(`${voice.name} secret, ${part}`, Buffer.from(text));
      found.set(`${voice.name} secret, ${part}, UTF-16`, Buffer.from(text, 'utf16le'));
    }
    found.set(`${voice.name} data key`, dataKey(stage, id));
    found.set(`${voice.name} virtual key`, Buffer.from(key));
  }
  return found;
}

function boundOf(name: string): number {
  if (name.startsWith('master')) return BOUND.master;
  if (name.endsWith('virtual key')) return BOUND.virtualKey;
  return name.endsWith('data key') ? BOUND.dataKey : BOUND.secret;
}

/** @returns each needle that stands in the daemon's memory more often than the bound of its kind. */
function beyond(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].flatMap(([name, count]) => {
    const bound = boundOf(name);
    return count <= bound ? [] : [`${name}: ${count}, more than ${bound}`];
  });
}

const only = (counts: ReadonlyMap<string, number>, what: string) =>
  [...counts].filter(([name]) => name.includes(what)).map(([, count]) => count);

describe('the daemon’s memory', () => {
  it(`holds no more copies of a secret after three times as many calls over ${tls === null ? 'http' : 'https'}, and few of a caller’s key`, async (context) => {
    const { stage, planted } = await open();
    const unreadable = memoryUnreadable(stage.daemon.pid);
    if (unreadable !== null) context.skip(unreadable);
    const sought = needles(stage, planted);
    const count = () => countInMemory(stage.daemon.pid, sought);
    // The search finds what is there: the words of the requests that gave the keys are garbage that nothing has taken the place of yet.
    const given = only(count(), 'secret, first half');
    expect(Math.max(...given)).toBeGreaterThan(0);
    expect(Math.max(...given)).toBeLessThanOrEqual(BOUND.given);
    // From here on the daemon has its secrets from the vault.
    await stage.restart('SIGTERM');
    await calls(stage, planted, ROUNDS);
    // Nothing has been collected: no copy was made that could be.
    expect(only(count(), 'secret').filter((copies) => copies > BOUND.secret)).toEqual([]);
    await idle(stage);
    const once = count();
    expect(beyond(once)).toEqual([]);
    await calls(stage, planted, 2 * ROUNDS);
    await idle(stage);
    const thrice = count();
    expect(beyond(thrice)).toEqual([]);
    // Were a copy kept of each call, there would be twice as many more: a round is two calls with each key.
    for (const [name, copies] of thrice) expect(copies - (once.get(name) ?? 0), name).toBeLessThan(2 * ROUNDS);
  });

  it('of workers is within the same bounds, in each, and they have neither the master key nor a data key', async (context) => {
    const { stage, planted } = await open([], 2);
    const unreadable = memoryUnreadable(stage.daemon.pid);
    if (unreadable !== null) context.skip(unreadable);
    const sought = needles(stage, planted);
    const all = () => [stage.daemon.pid, ...workersOf(stage.daemon)];
    // What is given to `source add` comes by way of a worker.
    for (const pid of all()) expect(Math.max(...only(countInMemory(pid, sought), 'secret, first half'))).toBeLessThanOrEqual(BOUND.given);
    await stage.restart('SIGTERM');
    await calls(stage, planted, ROUNDS / 2);
    await idle(stage);
    const [daemon, ...workers] = all().map((pid) => countInMemory(pid, sought));
    for (const counts of [daemon as ReadonlyMap<string, number>, ...workers]) expect(beyond(counts)).toEqual([]);
    expect(workers).toHaveLength(2);
    for (const counts of workers)
      expect([...only(counts, 'master key'), ...only(counts, 'data key')].filter((copies) => copies > 0)).toEqual([]);
  });

  it('is beyond these bounds where a call keeps a copy of its secret', async (context) => {
    const { stage, planted } = await open(['keeping']);
    const unreadable = memoryUnreadable(stage.daemon.pid);
    if (unreadable !== null) context.skip(unreadable);
    await calls(stage, planted, ROUNDS / 2);
    const found = beyond(countInMemory(stage.daemon.pid, needles(stage, planted)));
    for (const { voice } of planted) {
      for (const what of ['secret, first half:', 'secret, last half:', 'data key:']) {
        expect(found).toContainEqual(expect.stringContaining(`${voice.name} ${what}`));
      }
    }
  });
});
