import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESSAGES, type Pair, PLAIN, SdkStage, textOf } from '../support/anthropic-sdk.ts';
import { addKey, expectSoundBooks, noOpenHolds, showSource, verifyAll } from '../support/calls.ts';

const BODY_BYTES_MAX = 65_536;

let stage: SdkStage;
let good: Pair;
let faulty: Pair;

beforeAll(async () => {
  // The gateway's own retries are off, so that what is seen are the SDK's.
  stage = await SdkStage.open({ TALLY_RETRIES_MAX: '0', TALLY_BODY_BYTES_MAX: String(BODY_BYTES_MAX) });
  good = await stage.pair('good');
  faulty = await stage.pair('faulty');
});

afterAll(() => stage?.close());

type Params = Partial<Anthropic.MessageCreateParamsNonStreaming> & { [name: string]: unknown };

/** What is not in the SDK's types, a caller in plain JavaScript can send all the same. */
const ask = (key: string, params: Params, maxRetries = 5) =>
  stage.raised(() =>
    stage.client(key, { maxRetries }).messages.create({ ...PLAIN, ...params } as Anthropic.MessageCreateParamsNonStreaming),
  );

describe('where the key stands', () => {
  const OMIT = { Authorization: null };

  it.each([
    ['apiKey', (key: string) => stage.client(key)],
    ['authToken', (authToken: string) => stage.client('', { apiKey: null, authToken })],
    ['an x-api-key header', (key: string) => stage.client('', { apiKey: null, defaultHeaders: { ...OMIT, 'X-Api-Key': key } })],
    ['both headers, alike', (key: string) => stage.client(key, { defaultHeaders: { 'X-Api-Key': key } })],
    ['a function', (key: string) => stage.client('', { apiKey: async () => key })],
    ['a base URL that ends in a slash', (key: string) => stage.client(key, { baseURL: `${stage.daemon.url}/` })],
  ])('%s', async (_, clientOf) => {
    expect(textOf(await clientOf(good.key).messages.create(PLAIN))).toContain('sandbox');
  });

  it.each([
    ['none', 'AUTH_MISSING', () => stage.client('', { apiKey: null, defaultHeaders: OMIT })],
    ['one that is not known', 'AUTH_INVALID', () => stage.client(`tk_${'A'.repeat(43)}`)],
    ['two that differ', 'AUTH_INVALID', () => stage.client(good.key, { defaultHeaders: { 'X-Api-Key': faulty.key } })],
  ])('%s: AuthenticationError, once', async (_, expected, clientOf) => {
    const { error, code, requests } = await stage.raised(() => clientOf().messages.create(PLAIN, { maxRetries: 5 }));
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
    expect([error.status, error.type, code, requests]).toEqual([401, 'authentication_error', expected, 1]);
    expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
    expect(error.error).toMatchObject({ type: 'error', request_id: error.requestID });
  });
});

describe('errors are the SDK’s own', () => {
  it('AuthenticationError for a key that was revoked, once', async () => {
    const { id, virtual_key } = await addKey(stage.daemon, { name: 'gone', sources: [good.source] });
    await stage.daemon.admin(`/keys/${id}/revoke`, {});
    const { error, code, requests } = await ask(virtual_key, {});
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
    expect([code, requests]).toEqual(['KEY_REVOKED', 1]);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['mcp_servers', { mcp_servers: [{ type: 'url', url: 'https://example.com', name: 'x' }] }],
    ['container', { container: 'container_1' }],
    ['context_management', { context_management: { edits: [] } }],
    ['service_tier', { service_tier: 'priority' }],
    ['never_heard_of', { never_heard_of: 1 }],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    [
      'messages[0].content[0].source.type',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }] }] },
    ],
  ])('BadRequestError that names the field %s, once', async (expected, params) => {
    const { error, code, field, requests } = await ask(good.key, params);
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect([error.status, error.type, code, field, requests]).toEqual([400, 'invalid_request_error', 'FIELD_NOT_ALLOWED', expected, 1]);
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error.headers?.has('x-tally-receipt')).toBe(false);
  });

  it('BadRequestError for a value that the route does not take, once', async () => {
    const { error, code, field, requests } = await ask(good.key, { max_tokens: 0 });
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect([code, field, requests]).toEqual(['FIELD_INVALID', 'max_tokens', 1]);
  });

  it('NotFoundError for a model and for a route, once', async () => {
    const model = await ask(good.key, { model: 'claude-none' });
    expect(model.error).toBeInstanceOf(Anthropic.NotFoundError);
    expect([model.error.type, model.code, model.field, model.requests]).toEqual(['not_found_error', 'MODEL_UNKNOWN', 'model', 1]);
    const route = await stage.raised(() => stage.client(good.key).messages.batches.list());
    expect(route.error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(route.error.type).toBe('not_found_error');
    expect([route.code, route.requests]).toEqual(['ROUTE_UNKNOWN', 1]);
  });

  it('PaymentRequiredError for a cap that is reached, once', async () => {
    const { virtual_key } = await addKey(stage.daemon, { name: 'small', limit: 50, sources: [good.source] });
    const { error, code, requests } = await ask(virtual_key, {});
    expect(error).toBeInstanceOf(Anthropic.PaymentRequiredError);
    expect([error.status, error.type, code, requests]).toEqual([402, 'billing_error', 'CAP_EXCEEDED', 1]);
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error.apiMessage).toContain('of 50 tokens are left under the cap of this key');
  });

  it('ContentTooLargeError for a body beyond the gateway’s limit, once', async () => {
    const { error, code, requests } = await ask(good.key, { system: 'x'.repeat(BODY_BYTES_MAX) });
    expect(error).toBeInstanceOf(Anthropic.ContentTooLargeError);
    expect([error.status, error.type, code, requests]).toEqual([413, 'request_too_large', 'BODY_TOO_LARGE', 1]);
  });

  it('ConflictError for an idempotency key that was served, UnprocessableEntityError for another body', async () => {
    const again = (content: string) =>
      stage
        .client(good.key, { maxRetries: 5 })
        .messages.create(
          { ...PLAIN, model: 'sandbox-fixed-5', messages: [{ role: 'user', content }] },
          { headers: { 'idempotency-key': 'once-only' } },
        );
    await again('one');
    await noOpenHolds(stage.daemon);
    const served = await stage.raised(() => again('one'));
    expect(served.error).toBeInstanceOf(Anthropic.ConflictError);
    expect([served.code, served.requests]).toEqual(['ALREADY_SERVED', 1]);
    const other = await stage.raised(() => again('two'));
    expect(other.error).toBeInstanceOf(Anthropic.UnprocessableEntityError);
    expect([other.code, other.requests]).toEqual(['IDEMPOTENCY_MISMATCH', 1]);
  });

  it.each([
    ['sandbox-refuse', Anthropic.BadRequestError, 'invalid_request_error', 'UPSTREAM_REFUSED', 1],
    ['sandbox-refuse-rate', Anthropic.RateLimitError, 'rate_limit_error', 'UPSTREAM_RATE_LIMITED', 2],
    ['sandbox-refuse-auth', Anthropic.InternalServerError, 'api_error', 'UPSTREAM_AUTH', 1],
    ['sandbox-error', Anthropic.InternalServerError, 'api_error', 'UPSTREAM_ERROR', 2],
    ['sandbox-html', Anthropic.InternalServerError, 'api_error', 'UPSTREAM_ERROR', 2],
    ['sandbox-redirect', Anthropic.InternalServerError, 'api_error', 'UPSTREAM_ERROR', 2],
  ])('%s, retried only where that can help', async (model, type, name, expected, count) => {
    const { error, code, requests } = await ask(faulty.key, { model }, 1);
    expect(error).toBeInstanceOf(type);
    expect([error.type, code, requests]).toEqual([name, expected, count]);
    expect(String(error)).not.toContain(faulty.secret.slice(0, 12));
    expect(error.headers?.get('x-tally-receipt')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('errors inside a stream', () => {
  const params = (model: string) => ({ ...PLAIN, model, max_tokens: 40 });

  const bare = (pair: Pair, model: string) =>
    stage.raised(async () => {
      for await (const _ of await stage.client(pair.key).messages.create({ ...params(model), stream: true }));
    });

  it.each(['sandbox-cut', 'sandbox-error'])('%s is raised, by the bare stream and by the helper', async (model) => {
    const errors: unknown[] = [];
    const stream = () => stage.client(faulty.key).messages.stream(params(model));
    const helped = await stage.raised(() =>
      stream()
        .on('error', (error) => errors.push(error))
        .finalMessage(),
    );
    expect(errors).toEqual([helped.error]);
    for (const { error, code } of [helped, await bare(faulty, model)]) {
      expect([error.status, error.type, code]).toEqual([undefined, 'api_error', 'UPSTREAM_ERROR']);
      expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('so is what goes on beyond its limit; its source is frozen then', async () => {
    const liar = await stage.pair('liar');
    const { error, code } = await bare(liar, 'sandbox-endless');
    expect([error.status, error.type, code]).toEqual([undefined, 'api_error', 'UPSTREAM_OVERRUN']);
    await expect.poll(async () => (await showSource(stage.daemon, liar.source)).state).toBe('frozen');
    const next = await ask(liar.key, {}, 0);
    expect(next.error).toBeInstanceOf(Anthropic.ServiceUnavailableError);
    expect([next.error.type, next.code]).toEqual(['overloaded_error', 'NO_AVAILABLE_KEYS']);
  });

  it('a stream that is none of this dialect is found out by the SDK’s own parser', async () => {
    const ai = stage.client(faulty.key, { logLevel: 'off' });
    await expect(ai.messages.stream(params('sandbox-garbage')).finalMessage()).rejects.toBeInstanceOf(Anthropic.AnthropicError);
  });
});

describe('versions and betas', () => {
  const version = (named: string | null) => stage.client(good.key, { defaultHeaders: { 'anthropic-version': named } });
  const sampled = { ...PLAIN, temperature: 0.5 } as Anthropic.MessageCreateParamsNonStreaming;

  it('passes both versions on: each takes what is its own', async () => {
    for (const named of ['2026-10-21', '2023-06-01']) {
      const answer = await version(named).messages.create(PLAIN);
      expect(answer.stop_reason, named).toBe('end_turn');
    }
    expect((await version('2023-06-01').messages.create(sampled)).stop_reason).toBe('end_turn');
    // The newer one has no sampling any more, which the upstream says, not the gateway.
    const { error, code } = await stage.raised(() => version('2026-10-21').messages.create(sampled));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(code).toBe('UPSTREAM_REFUSED');
    expect(error.apiMessage).toContain('temperature');
  });

  it('does without one, and refuses one that it does not know', async () => {
    expect((await version(null).messages.create(sampled)).stop_reason).toBe('end_turn');
    const { error, code, field } = await stage.raised(() => version('2023-01-01').messages.create(PLAIN));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect([code, field]).toEqual(['FIELD_INVALID', 'anthropic-version']);
  });

  it('lets betas pass that leave the bound as it is', async () => {
    const betas = ['token-efficient-tools-2025-02-19', 'extended-cache-ttl-2025-04-11', 'fine-grained-tool-streaming-2025-05-14'];
    const answer = await stage.client(good.key).beta.messages.create({ ...PLAIN, betas });
    expect(answer.stop_reason).toBe('end_turn');
  });

  it.each(['context-1m-2025-08-07', 'files-api-2025-04-14', 'interleaved-thinking-2025-05-14', 'never-heard-of-2030-01-01'])(
    'refuses %s by its name, once',
    async (beta) => {
      const ai = stage.client(good.key, { maxRetries: 5 });
      const { error, code, field, requests } = await stage.raised(() => ai.beta.messages.create({ ...PLAIN, betas: [beta] }));
      expect(error).toBeInstanceOf(Anthropic.BadRequestError);
      expect([code, field, requests]).toEqual(['FIELD_NOT_ALLOWED', 'anthropic-beta', 1]);
      expect(error.apiMessage).toContain(`\`${beta}\``);
    },
  );

  it('ThreadUnsupportedRequestError for who asks for a thread', async () => {
    const thread = stage.client(good.key).beta.messages.thread({ model: PLAIN.model, max_tokens: 50 });
    const named = await stage.raised(() => thread.send({ role: 'user', content: 'Hello' }));
    expect(named.error).toBeInstanceOf(Anthropic.ThreadUnsupportedRequestError);
    expect([named.code, named.field]).toEqual(['FIELD_NOT_ALLOWED', 'anthropic-beta']);
    const bare = await ask(good.key, { thread: { type: 'create' } });
    expect(bare.error).toBeInstanceOf(Anthropic.ThreadUnsupportedRequestError);
    expect([bare.code, bare.field, bare.error.errorCode]).toEqual(['FIELD_NOT_ALLOWED', 'thread', 'thread_unsupported_request']);
    const helped = stage
      .client(good.key)
      .beta.messages.thread({ ...PLAIN, messages: [], unsupportedRequestBehavior: 'continue_unthreaded' });
    const first = await helped.send(MESSAGES[0] as Anthropic.MessageParam & { role: 'user' });
    const second = await helped.send({ role: 'user', content: 'And?' });
    expect(second.usage.input_tokens).toBeGreaterThan(first.usage.input_tokens);
  });
});

describe('after all of it', () => {
  it('every receipt verifies, and no source was billed beyond what its books say', async () => {
    await noOpenHolds(stage.daemon);
    const of = (pair: Pair) => stage.record.all.filter(({ virtualKey }) => virtualKey === pair.key);
    const { total_tokens } = await stage.billed(good);
    expect(Number(await verifyAll(stage.daemon, of(good)))).toBe(total_tokens);
    expect(await stage.spent(good)).toEqual({ source: total_tokens, key: total_tokens });

    const { source } = await stage.spent(faulty);
    expect(Number(await verifyAll(stage.daemon, of(faulty)))).toBe(source);
    expect(source).toBeGreaterThanOrEqual((await stage.billed(faulty)).total_tokens);
    await expectSoundBooks(stage.daemon);
  });
});
