import { readFileSync, writeFileSync } from 'node:fs';
import { request as https } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loopbackCertificate } from '../support/certificate.ts';
import { startDaemon, temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { rawHttp } from '../support/raw-http.ts';
import { whole } from '../support/raw-upstream.ts';
import { HELD, OUTPUT_LIMIT, type Scene, type Seen, Stage } from '../support/stage.ts';
import { VOICES } from '../support/voices.ts';
import { FRESH, workersOf } from '../support/workers.ts';
import { answer, reporting } from './faults.ts';

const WORKERS = 2;
const { chat } = VOICES;
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_WORKERS: String(WORKERS), TALLY_RETRY_WAIT_MS_MAX: '2000' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

/** On a connection of its own: the next worker's. */
const ask = (scene: Scene, headers: Readonly<Record<string, string>> = {}, stream = false) =>
  scene.ask({ stream, headers: { ...FRESH, ...headers } });

const shown = (seen: readonly Seen[]) => seen.map(({ status, code }) => `${status} ${code ?? ''}`.trim()).sort();

describe('a source that one worker sees overrun', () => {
  it.each([
    ['in JSON, beyond its hold', false, HELD],
    ['in a stream, beyond its limit', true, OUTPUT_LIMIT + 1],
  ] as const)('is no other worker’s either, for who asks as soon as it is told: %s', async (_, stream, output) => {
    const scene = await stage.scene(chat);
    scene.script = reporting((voice) => voice.usage(4, output))(chat, stream);
    const first = await ask(scene, {}, stream);
    const next = await Promise.all(Array.from({ length: 2 * WORKERS }, () => ask(scene)));
    expect(first.receipt).not.toBeNull();
    expect(new Set(shown(next))).toEqual(new Set(['503 NO_AVAILABLE_KEYS']));
    expect(scene.requests).toHaveLength(1);
    expect(await scene.settled()).toMatchObject({ state: 'frozen' });
  });
});

describe('an idempotency key that two workers are asked for', () => {
  it('is sent once: at the same moment, and after its end', async () => {
    const scene = await stage.scene(chat);
    scene.script = ({ socket }) => void setTimeout(() => socket.write(answer(chat, false)), 300);
    const headers = { 'idempotency-key': 'at-once' };
    const both = await Promise.all(Array.from({ length: 2 * WORKERS }, () => ask(scene, headers)));
    expect(shown(both)).toEqual(['200', ...Array.from({ length: 2 * WORKERS - 1 }, () => '409 IN_FLIGHT')]);
    await scene.booked();
    await sleep(50);
    const after = await Promise.all(Array.from({ length: WORKERS }, () => ask(scene, headers)));
    expect(new Set(shown(after))).toEqual(new Set(['409 ALREADY_SERVED']));
    expect(scene.requests).toHaveLength(1);
  });

  it('is in flight between two attempts, and is sent again by none but the first', async () => {
    const scene = await stage.scene(chat, { provider: 'sandbox' });
    const refusal = whole(chat.errorBody('x'), 'retry-after-ms: 600\r\n').replace('200 OK', '429 No');
    scene.script = ({ socket, number }) => void socket.write(number === 1 ? refusal : answer(chat, false));
    const headers = { 'idempotency-key': 'between' };
    const first = ask(scene, headers);
    await scene.arrived(1);
    await sleep(100);
    const between = await Promise.all(Array.from({ length: WORKERS }, () => ask(scene, headers)));
    expect(new Set(shown(between))).toEqual(new Set(['409 IN_FLIGHT']));
    expect((await first).status).toBe(200);
    expect(await scene.booked()).toEqual(['released 0', 'metered 7']);
    expect(scene.requests).toHaveLength(2);
  });

  it('whose worker is killed is never sent again', async () => {
    const scene = await stage.scene(chat);
    scene.script = () => {};
    const headers = { 'idempotency-key': 'killed' };
    const first = ask(scene, headers);
    await scene.arrived(1);
    for (const pid of workersOf(stage.daemon)) process.kill(pid, 'SIGKILL');
    expect((await first).died).toBe(true);
    expect(await scene.booked()).toEqual([`burned ${HELD}`]);
    // Who comes while no worker is there waits for the next.
    expect(shown([await ask(scene, headers)])).toEqual(['409 OUTCOME_UNKNOWN']);
    expect(scene.requests).toHaveLength(1);
  });
});

describe('a call that has ended', () => {
  it('has freed its room for a call on another worker: at once, or, where its settlement is on its way still, for who asks again', async () => {
    const scene = await stage.scene(chat, { cap: HELD + 14 });
    scene.script = ({ socket }) => void socket.write(answer(chat, false));
    const final = async () => {
      let seen = await ask(scene);
      while (seen.code === 'CAP_BUSY') seen = await ask(scene);
      return shown([seen])[0];
    };
    expect([await final(), await final(), await final(), await final()]).toEqual(['200', '200', '200', '402 CAP_EXCEEDED']);
  });
});

describe('a connection that is on its way to a worker', () => {
  it('ends with that worker, where it is killed before it has taken it', async () => {
    const scene = await stage.scene(chat);
    scene.script = ({ socket }) => void socket.write(answer(chat, false));
    const [still] = workersOf(stage.daemon);
    process.kill(still as number, 'SIGSTOP');
    // One for each: it gets one of them and takes none.
    const calls = Array.from({ length: WORKERS }, () => ask(scene));
    await scene.arrived(1);
    await sleep(200);
    process.kill(still as number, 'SIGKILL');
    expect((await Promise.all(calls)).map(({ died }) => died).sort()).toEqual([false, true]);
  });
});

describe('what is no caller’s request', () => {
  it('is answered as without workers: bodies, methods and paths that are none, and one that is too long', async () => {
    const { url } = stage.daemon;
    const post = (path: string, body: string, more = '') =>
      `POST ${path} HTTP/1.1\r\nhost: x\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const { answers } = await rawHttp(
      url,
      [
        post('/api/admin/keys', '{}'),
        'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
        'TRACE /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
        'HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
        'GET //evil.example/healthz HTTP/1.1\r\nhost: x\r\n\r\n',
      ],
      { answers: 5 },
    );
    const codes = answers.map(({ status, body }) => `${status} ${/"code":"([A-Z_]+)"/.exec(body)?.[1] ?? ''}`.trim());
    expect(codes).toEqual(['403 FORBIDDEN', '404 ROUTE_UNKNOWN', '404 ROUTE_UNKNOWN', '200', '404 ROUTE_UNKNOWN']);
    const long = await fetch(`${url}/api/admin/keys`, { method: 'POST', body: 'x'.repeat(1_048_577) });
    expect([long.status, await long.text()]).toEqual([413, expect.stringContaining('BODY_TOO_LARGE')]);
    const token = readFileSync(join(stage.daemon.dir, 'data', 'admin-token'), 'utf8').trim();
    const { status } = await fetch(`${url}/api/admin/doctor`, { headers: { authorization: `Bearer ${token}` } });
    expect(status).toBe(200);
  });
});

describe('a start with workers', () => {
  it('on a port that is taken is refused by name, with 78', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const dir = temporaryFolder();
    const refused = await offline(dir, ['--workers', '2'], { PORT: String(port), TALLY_SANDBOX: '0' });
    expect(refused).toMatchObject({ exit: 78, error: { code: 'CONFIG_INVALID' } });
    expect(refused.error.message).toContain(`PORT: cannot listen on 127.0.0.1:${port}`);
    server.close();
  });

  it('whose workers cannot start says so, and leaves none', async () => {
    const dir = temporaryFolder();
    const [cert, key] = [join(dir, 'c.pem'), join(dir, 'k.pem')];
    for (const path of [cert, key]) writeFileSync(path, 'no certificate');
    const env = { TALLY_SANDBOX: '0', TALLY_TLS_CERT_FILE: cert, TALLY_TLS_KEY_FILE: key };
    expect(await offline(dir, ['--workers', '2'], env)).toMatchObject({ exit: 1, out: null });
  });

  it('speaks TLS in each worker', async (context) => {
    const made = loopbackCertificate();
    if (made === null) return context.skip('there is no openssl to make a certificate');
    const dir = temporaryFolder();
    const [cert, key] = [join(dir, 'c.pem'), join(dir, 'k.pem')];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key, { mode: 0o600 });
    const env = { TALLY_WORKERS: '2', TALLY_SANDBOX: '0', TALLY_TLS_CERT_FILE: cert, TALLY_TLS_KEY_FILE: key };
    const daemon = await startDaemon({ dir, env });
    try {
      const get = () =>
        new Promise<number | undefined>((resolve, reject) => {
          https(`${daemon.url}/healthz`, { ca: made.cert, agent: false }, (res) => resolve(res.resume().statusCode))
            .on('error', reject)
            .end();
        });
      expect(await Promise.all([get(), get(), get()])).toEqual([200, 200, 200]);
    } finally {
      await daemon.dispose();
    }
  });
});
