import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type Arrived, type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

const SECRET = 'sk-dialect-0123456789abcdefghijkl';
/** What a caller, its proxies and its SDK send beside: none of it may arrive. */
const LEAKY = {
  cookie: 'session=caller',
  'x-forwarded-for': '1.2.3.4',
  'api-key': 'caller',
  'openai-organization': 'org-caller',
  'x-goog-user-project': 'project-caller',
  'x-goog-api-client': 'genai-js/3',
  'anthropic-dangerous-direct-browser-access': 'true',
  'x-stainless-os': 'Linux',
  referer: 'https://caller.example',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'user-agent': 'caller/1',
  'accept-encoding': 'gzip, br',
};

let upstream: RecordingUpstream;
let daemon: TestDaemon;
const keys = { anthropic: '', google: '' };

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  upstream.answer = (_, res) => {
    const usage = { input_tokens: 1, output_tokens: 1 };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    res
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ type: 'message', usage, usageMetadata, input_tokens: 5 }));
  };
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  const facts = { window: 10_000, maxOutput: 512, tokenizer: 'byte_bpe' };
  for (const [provider, endpoints] of [
    ['anthropic', ['messages']],
    ['google', ['generate', 'embed']],
  ] as const) {
    const models = { 'm/1': { ...facts, endpoints } };
    const source = await addSource(daemon, { name: provider, provider, base_url: upstream.url, api_key: SECRET, cap: 1_000_000, models });
    keys[provider] = (await addKey(daemon, { name: provider, sources: [source.id] })).virtual_key;
  }
});

afterAll(async () => {
  await daemon?.dispose();
  await upstream?.close();
});

async function send(path: string, body: string, headers: Record<string, string>): Promise<Arrived> {
  const before = upstream.arrived.length;
  const all = { 'content-type': 'application/json', ...LEAKY, ...headers };
  const answer = await fetch(daemon.url + path, { method: 'POST', headers: all, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  expect(upstream.arrived.length).toBe(before + 1);
  return upstream.arrived.at(-1) as Arrived;
}

const headersOf = ({ headers }: Arrived) => Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
const own = (arrived: Arrived) => ({
  host: new URL(upstream.url).host,
  connection: 'keep-alive',
  'content-type': 'application/json',
  accept: 'application/json',
  'accept-encoding': 'identity',
  'content-length': String(arrived.body.length),
});

describe('Anthropic', () => {
  // Spaces, escapes, the order of fields and the spelling of numbers are the caller's.
  const BODY = '{ "messages":[{"role":"user","content":"\\u0068\\u00e9 \u{1f9fe}"}] ,"model":"m\\/1", "max_tokens":7,"temperature":1.0e0}';

  it('gets the secret, the version, the allowed betas, and nothing else of the caller', async () => {
    const headers = {
      'x-api-key': keys.anthropic,
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'pdfs-2024-09-25 , prompt-caching-2024-07-31',
    };
    const arrived = await send('/v1/messages?beta=true', BODY, headers);
    expect(headersOf(arrived)).toEqual({
      ...own(arrived),
      'x-api-key': SECRET,
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'pdfs-2024-09-25,prompt-caching-2024-07-31',
    });
    expect([arrived.path, arrived.body.toString()]).toEqual(['/base/v1/messages', BODY]);
  });

  it('is told a version where the caller names none', async () => {
    const arrived = await send('/v1/messages', BODY, { authorization: `Bearer ${keys.anthropic}` });
    expect(headersOf(arrived)).toEqual({ ...own(arrived), 'x-api-key': SECRET, 'anthropic-version': '2023-06-01' });
  });

  it.each([
    ['anthropic-version', '2099-01-01', 'FIELD_INVALID'],
    ['anthropic-beta', 'context-1m-2025-08-07', 'FIELD_NOT_ALLOWED'],
    ['anthropic-beta', 'pdfs-2024-09-25,never-heard-of-2026-01-01', 'FIELD_NOT_ALLOWED'],
  ])('%s: %s is refused before anything is sent', async (name, value, code) => {
    const before = upstream.arrived.length;
    const headers = { 'content-type': 'application/json', 'x-api-key': keys.anthropic, [name]: value };
    const answer = await fetch(`${daemon.url}/v1/messages`, { method: 'POST', headers, body: BODY });
    expect([answer.status, answer.headers.get('x-tally-error'), answer.headers.get('x-should-retry')]).toEqual([400, code, 'false']);
    expect(((await answer.json()) as { error: unknown }).error).toMatchObject({ type: 'invalid_request_error', code, field: name });
    expect(upstream.arrived.length).toBe(before);
  });
});

describe('Google', () => {
  const CONTENTS = '"contents" : [{"parts":[{"text":"\\u0068\\u00e9 \u{1f9fe}"}]}]';

  it('gets the secret in its header, the model in the path, and nothing else of the caller', async () => {
    const body = `{${CONTENTS}, "generationConfig":{"temperature":1.0e0, "maxOutputTokens": 7}}`;
    const arrived = await send('/v1beta/models/m%2F1:generateContent', body, { 'x-goog-api-key': keys.google });
    expect(headersOf(arrived)).toEqual({ ...own(arrived), 'x-goog-api-key': SECRET });
    expect([arrived.path, arrived.body.toString()]).toEqual(['/base/v1/models/m%2F1:generateContent', body]);
  });

  it('never gets a query of the caller', async () => {
    const body = `{${CONTENTS}}`;
    const arrived = await send('/v1/models/m%2F1:streamGenerateContent?alt=sse&user=x', body, { 'x-goog-api-key': keys.google });
    expect(arrived.path).toBe('/base/v1/models/m%2F1:streamGenerateContent?alt=sse');
    expect(JSON.parse(arrived.body.toString())).toMatchObject({ generationConfig: { maxOutputTokens: 512 } });
  });

  it('a key in the URL is refused, and told to be replaced', async () => {
    const before = upstream.arrived.length;
    const answer = await fetch(`${daemon.url}/v1beta/models/m%2F1:generateContent?key=${keys.google}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{${CONTENTS}}`,
    });
    const text = await answer.text();
    expect([answer.status, JSON.parse(text).error.details[0].reason]).toEqual([400, 'KEY_IN_URL']);
    expect(text).not.toContain(keys.google);
    expect(upstream.arrived.length).toBe(before);
    expect(daemon.stderr()).not.toContain(keys.google);
  });
});
