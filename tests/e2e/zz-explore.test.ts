import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { addKey, addSource } from '../support/calls.ts';
import { startDaemon, temporaryFolder } from '../support/daemon.ts';
import { countInMemory } from '../support/memory.ts';
import { chunk, rawUpstream, STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { ALL_VOICES, stream } from '../support/voices.ts';

const REPORT = process.env['CLEAR'] ?? '';
it('explores', async () => {
  const dir = temporaryFolder();
  const masterHex = randomBytes(32).toString('hex');
  writeFileSync(join(dir, 'master.key'), `${masterHex}\n`, { mode: 0o600 });
  writeFileSync(
    join(dir, 'gc.mjs'),
    `import { isMainThread } from 'node:worker_threads';
import { setFlagsFromString } from 'node:v8';
${REPORT === '' ? '' : `setFlagsFromString('${REPORT}');`}
if (isMainThread) process.on('SIGUSR2', async () => {
  for (let i = 0; i < 4; i++) { gc(); await new Promise(r => setTimeout(r, 50)); }
  process.stderr.write('collected\\n');
});`,
  );
  const daemon = await startDaemon({
    dir,
    env: {
      TALLY_SANDBOX: '0',
      TALLY_MASTER_KEY_FILE: join(dir, 'master.key'),
      NODE_OPTIONS: `--expose-gc --import=${join(dir, 'gc.mjs')}`,
    },
  });
  const upstream = await rawUpstream();
  const sources = [];
  const needles = new Map<string, Buffer>();
  const add = (name: string, bytes: Buffer) => needles.set(name, bytes);
  for (const voice of ALL_VOICES) {
    const secret = `sk-canary-${randomBytes(24).toString('hex')}`;
    const models = { raw: { window: 4096, maxOutput: 512, tokenizer: 'unknown', endpoints: [voice.name] } };
    const source = await addSource(daemon, {
      name: voice.name,
      provider: voice.provider,
      base_url: `${upstream.url}/v1`,
      api_key: secret,
      cap: 90_000_000,
      count_consent: true,
      models,
    });
    const { virtual_key } = await addKey(daemon, { name: voice.name, sources: [source.id] });
    sources.push({ voice, secret, key: virtual_key });
    add(`${voice.name} secret`, Buffer.from(secret));
    add(`${voice.name} secret half`, Buffer.from(secret.slice(-24)));
    add(`${voice.name} secret 16`, Buffer.from(secret, 'utf16le'));
    add(`${voice.name} key`, Buffer.from(virtual_key));
  }
  add('master raw', Buffer.from(masterHex, 'hex'));
  add('master hex', Buffer.from(masterHex));
  add('control', Buffer.from('UPSTREAM_UNREACHABLE'));
  upstream.onRequest(({ head, body, socket }) => {
    const voice =
      ALL_VOICES.find((v) =>
        head.includes(v.name === 'chat' ? '/chat/completions' : v.name === 'generate' ? 'enerateContent' : `/${v.name}`),
      ) ?? ALL_VOICES[0];
    const usage = voice.usage(4, 3);
    if (/alt=sse/.test(head) || /"stream":true/.test(body))
      socket.write(STREAM_HEAD + chunk(stream(voice, 'hi there you', usage)) + STREAM_END);
    else socket.write(whole(voice.json('hi there you', usage)));
  });
  const statuses: Record<string, number> = {};
  const round = async (n: number) => {
    for (let i = 0; i < n; i++)
      await Promise.all(
        sources.flatMap(({ voice, key }) =>
          [true, false].map(async (s) => {
            const a = await fetch(daemon.url + voice.path('raw', s), {
              method: 'POST',
              headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
              body: JSON.stringify(voice.body({ model: 'raw', stream: s, max: 20, content: 'Hello' })),
            });
            const t = await a.text();
            statuses[`${voice.name} ${a.status} ${/error/.test(t)}`] = (statuses[`${voice.name} ${a.status} ${/error/.test(t)}`] ?? 0) + 1;
          }),
        ),
      );
  };
  const scan = () => {
    const t = performance.now();
    const counts = countInMemory(daemon.pid, needles);
    console.log(Math.round(performance.now() - t), 'ms', JSON.stringify(Object.fromEntries(counts)));
  };
  scan();
  for (const n of [60]) {
    const t = performance.now();
    await round(n);
    console.log('calls', Math.round(performance.now() - t), statuses);
    scan();
    await sleep(3000);
    scan();
    const before = daemon.stderr().length;
    process.kill(daemon.pid, 'SIGUSR2');
    await expect.poll(() => daemon.stderr().slice(before), { timeout: 5000 }).toContain('collected');
    scan();
  }
  await new Promise<void>((r) => {
    const c = spawn('python3', ['/tmp/x/where.py', String(daemon.pid), sources[0].secret, sources[0].key], { stdio: 'inherit' });
    c.on('exit', () => r());
  });
  await daemon.dispose();
  await upstream.close();
}, 120_000);
