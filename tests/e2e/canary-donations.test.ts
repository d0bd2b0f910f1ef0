import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CanaryStage, unusualSecret } from '../support/canary-stage.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

let stage: CanaryStage;
let upstream: RecordingUpstream;
const folder = temporaryFolder();

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  const file = join(folder, 'providers.json');
  const models = { quoting: { window: 8192, maxOutput: 1024, tokenizer: 'byte_bpe', endpoints: ['chat'] } };
  const names = ['openai', 'anthropic', 'google'];
  const led = Object.fromEntries(names.map((name) => [name, { base_url: upstream.url, key_pattern: '^.{8,}$' }]));
  writeFileSync(file, JSON.stringify({ ...led, own: { dialect: 'openai', base_url: upstream.url, models } }));
  stage = await CanaryStage.open({ TALLY_POOL_PROVIDERS_FILE: file });
});

afterAll(async () => {
  await stage?.close();
  await upstream?.close();
  rmSync(folder, { recursive: true, force: true });
});

let donors = 0;
/** A token of an account's own, so that nobody gives too soon. It is shown once, where it is made. */
async function token(): Promise<string> {
  donors += 1;
  const { body } = await stage.daemon.admin<{ token: string }>('/donors', { name: `donor ${donors}` });
  return stage.plant(`token of donor ${donors}`, body.token);
}

async function send(path: string, own: string | null, body?: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json', ...(own === null ? {} : { authorization: `Bearer ${own}` }) };
  const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  return stage.hear(await fetch(`${stage.daemon.url}/api/ai-pool${path}`, { headers, ...init }));
}

/** The key that came, in every place of an answer that is somebody's to read. */
function quote(status: number): void {
  upstream.answer = ({ headers }, res) => {
    const key = (headers.find(([name]) => ['authorization', 'x-api-key', 'x-goog-api-key'].includes(name))?.[1] ?? '').replace(
      'Bearer ',
      '',
    );
    const message = `Incorrect API key provided: ${key}. Again: (${key})`;
    const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
    const good = { id: key, model: key, choices: [], usage, input_tokens: 3, totalTokens: 3 };
    res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': key, 'retry-after': key });
    res.end(JSON.stringify(status === 200 ? good : { error: { message, code: key, type: key, status: key } }));
  };
}

it('keys that are given: kept, refused, not known to work, and given wrongly', async () => {
  for (const provider of ['openai', 'anthropic', 'google', 'own']) {
    for (const status of [200, 401, 400, 429, 500]) {
      quote(status);
      const api_key = stage.plant(`key of ${provider}, ${status}`, unusualSecret());
      const own = await token();
      const gift = { provider, api_key, donated_tokens: 50_000, count_consent: true, donor_address: 'XAI7f3a' };
      const given = JSON.parse(await send('/donate', own, gift)) as { key_id?: string; facts?: { key_id?: string } };
      const id = given.key_id ?? given.facts?.key_id ?? '';
      expect(id, `${provider} ${status}`).not.toBe('');
      await send(`/donations/${id}`, own);
      await send('/donate', await token(), gift);
      for (const act of ['pause', 'resume', 'lower', 'destroy'])
        await send(`/donations/${id}/${act}`, own, act === 'lower' ? { limit: 40_000 } : {});
    }
    const wrong = stage.plant(`key of ${provider} in a wrong place`, unusualSecret());
    const own = await token();
    for (const body of [
      { provider: wrong, api_key: wrong, donated_tokens: 5 },
      { provider, api_key: wrong, donated_tokens: wrong },
      { provider, api_key: wrong, donated_tokens: 50_000, [wrong]: 1 },
      { provider, api_key: wrong, donated_tokens: 50_000, donor_address: `0x${wrong}` },
      { provider, api_key: wrong, donated_tokens: 50_000, settle: wrong },
      { provider, api_key: `${wrong} `, donated_tokens: 50_000 },
      `{"provider":"${provider}","api_key":"${wrong}`,
    ])
      await send('/donate', own, body);
    await send('/donate', null, { provider, api_key: wrong, donated_tokens: 50_000, count_consent: true });
  }
});

it('all that the pool shows, and a kill -9 while a key is taken', async () => {
  upstream.answer = () => {};
  const api_key = stage.plant('key that is taken at a kill', unusualSecret());
  const own = await token();
  const taken = send('/donate', own, { provider: 'openai', api_key, donated_tokens: 50_000 }).catch(() => '');
  await new Promise((resolve) => setTimeout(resolve, 150));
  await stage.restart('SIGKILL');
  await taken;
  quote(200);
  for (const path of ['/api/ai-pool/donations', '/api/ai-pool/signing', '/api/admin/donors']) await stage.admin(path);
  await send('/donations', own);
});

it('afterwards are in no answer, log, receipt, file or process', async () => {
  stage.expectNothingInProcesses();
  await stage.expectNothingSaid();
  stage.expectNothingInFiles();
});
