import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAP, MESSAGES, type Pair, PLAIN, SdkStage, textOf, totalOf } from '../support/anthropic-sdk.ts';
import { addKey, expectSoundBooks, noOpenHolds, verifyAll } from '../support/calls.ts';

const HEADERS_MS = 1_200;
const CALLS_MAX = 8;
const SLOW = { ...PLAIN, model: 'sandbox-slow', max_tokens: 40 };

let stage: SdkStage;
let pair: Pair;

beforeAll(async () => {
  stage = await SdkStage.open({
    TALLY_RETRIES_MAX: '0',
    TALLY_CALLS_MAX: String(CALLS_MAX),
    TALLY_UPSTREAM_HEADERS_MS: String(HEADERS_MS),
  });
  pair = await stage.pair('good');
});

afterAll(() => stage?.close());

describe('what passes by waiting', () => {
  it('a cap that is only busy is a RateLimitError, which the SDK retries until it passes', async () => {
    const { response } = await stage.client(pair.key).messages.create(SLOW).withResponse();
    const held = Number(response.headers.get('x-tally-held'));
    const { id, virtual_key } = await addKey(stage.daemon, { name: 'busy', limit: Math.floor(held * 1.5), sources: [pair.source] });
    const ask = (maxRetries: number) => stage.client(virtual_key, { maxRetries }).messages.create(SLOW);
    const running = ask(0);
    await expect.poll(async () => Number((await stage.keyView(id)).held)).toBe(held);
    const { error, code } = await stage.raised(() => ask(0));
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect([error.type, code, error.headers?.get('retry-after')]).toEqual(['rate_limit_error', 'CAP_BUSY', '1']);
    expect(error.headers?.has('x-should-retry')).toBe(false);
    const before = stage.record.all.length;
    const answers = await Promise.all([running, ask(5)]);
    expect(answers.map(({ type }) => type)).toEqual(['message', 'message']);
    const codes = stage.record.all.slice(before).map((call) => call.code);
    expect(codes.slice(0, -1)).toContain('CAP_BUSY');
    expect(codes.at(-1)).toBeNull();
  });

  it('so is a gateway that has its hands full: an overloaded_error', async () => {
    const ai = stage.client(pair.key);
    // A call is in flight until it is settled, a little after its answer.
    await noOpenHolds(stage.daemon);
    const running = Array.from({ length: CALLS_MAX }, () => ai.messages.stream(SLOW));
    await Promise.all(running.map((stream) => stream.withResponse()));
    const { error, code } = await stage.raised(() => ai.messages.create(PLAIN));
    expect(error).toBeInstanceOf(Anthropic.ServiceUnavailableError);
    expect([error.status, error.type, code, error.headers?.get('retry-after')]).toEqual([503, 'overloaded_error', 'OVERLOADED', '1']);
    const patient = ai.messages.create(PLAIN, { maxRetries: 5 });
    for (const stream of running) expect(await stream.finalText()).toContain('sandbox');
    expect(textOf(await patient)).toContain('sandbox');
  });

  it('so is an upstream that is overloaded, and it is asked again', async () => {
    const faulty = await stage.pair('overloaded');
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Are you overloaded?' }];
    const ai = stage.client(faulty.key, { maxRetries: 1 });
    const { error, code, requests } = await stage.raised(() => ai.messages.create({ ...PLAIN, model: 'sandbox-error', messages }));
    expect(error).toBeInstanceOf(Anthropic.InternalServerError);
    expect([error.status, error.type, code, requests]).toEqual([503, 'overloaded_error', 'UPSTREAM_OVERLOADED', 2]);
    await noOpenHolds(stage.daemon);
    expect((await stage.spent(faulty)).source).toBeGreaterThanOrEqual((await stage.billed(faulty)).total_tokens);
  });
});

describe('callers that do not wait', () => {
  let gone: Pair;
  let ai: Anthropic;
  const requests = async () => (await stage.billed(gone)).requests;

  beforeAll(async () => {
    gone = await stage.pair('gone');
    ai = stage.client(gone.key);
  });

  it('a timeout of the SDK’s: each try is a call of its own, and each is metered', async () => {
    const failed = ai.messages.create(SLOW, { timeout: 150, maxRetries: 1 });
    await expect(failed).rejects.toBeInstanceOf(Anthropic.APIConnectionTimeoutError);
    expect(await requests()).toBe(2);
  });

  it('an AbortController, before the first byte', async () => {
    const controller = new AbortController();
    const before = await requests();
    const failed = stage.raised(() => ai.messages.create(SLOW, { signal: controller.signal }));
    await expect.poll(requests, { interval: 10 }).toBe(before + 1);
    controller.abort();
    expect((await failed).error).toBeInstanceOf(Anthropic.APIUserAbortError);
  });

  it('a stream that is aborted in its midst, by either hand', async () => {
    for (const byHand of [true, false]) {
      const controller = new AbortController();
      const stream = ai.messages.stream(SLOW, { signal: controller.signal });
      let pieces = 0;
      stream.on('text', () => {
        pieces += 1;
        if (byHand) stream.abort();
        else controller.abort();
      });
      expect((await stage.raised(() => stream.finalMessage())).error).toBeInstanceOf(Anthropic.APIUserAbortError);
      expect([stream.aborted, pieces]).toEqual([true, 1]);
    }
  });

  it('a stream that its reader breaks off', async () => {
    // What records an answer reads it to its end, so this caller has a connection of its own.
    const hasty = stage.client(gone.key, { fetch });
    for await (const event of await hasty.messages.create({ ...SLOW, stream: true })) if (event.type === 'content_block_delta') break;
  });

  it('all that was begun is metered to its end, and charged once', async () => {
    await noOpenHolds(stage.daemon);
    const { requests: begun, total_tokens } = await stage.billed(gone);
    expect(begun).toBe(6);
    expect(await stage.spent(gone)).toEqual({ source: total_tokens, key: total_tokens });
  });

  it('an upstream that hangs is a GatewayTimeoutError; the whole hold is spent', async () => {
    const hung = await stage.pair('hung');
    const { error, code } = await stage.raised(() => stage.client(hung.key).messages.create({ ...PLAIN, model: 'sandbox-hang' }));
    expect(error).toBeInstanceOf(Anthropic.GatewayTimeoutError);
    expect([error.status, error.type, code]).toEqual([504, 'timeout_error', 'UPSTREAM_TIMEOUT']);
    await noOpenHolds(stage.daemon);
    const held = Number(error.headers?.get('x-tally-held'));
    // What nobody delivered the key does not pay.
    expect(await stage.spent(hung)).toEqual({ source: held, key: 0 });
    expect(held).toBeGreaterThanOrEqual((await stage.billed(hung)).total_tokens);
  });
});

describe('a model whose tokenizer is not public', () => {
  const CLOSED = { ...PLAIN, model: 'sandbox-closed', system: 'Be brief. Zażółć gęślą jaźń.', max_tokens: 300 };
  const WINDOW = 200_000;
  const ask = async ({ key }: Pair) => {
    const { data, response } = await stage.client(key).messages.create(CLOSED).withResponse();
    const header = (name: string) => response.headers.get(name);
    return { data, proof: header('x-tally-proof'), attempts: header('x-tally-attempts'), held: Number(header('x-tally-held')) };
  };

  it('is refused below its window without the giver’s consent to a count, and nothing is asked of the upstream', async () => {
    const plain = await stage.pair('closed-plain', { cap: 100_000 });
    const { error, code } = await stage.raised(() => stage.client(plain.key, { maxRetries: 5 }).messages.create(CLOSED));
    expect(error).toBeInstanceOf(Anthropic.PaymentRequiredError);
    expect(code).toBe('CAP_EXCEEDED');
    expect(error.apiMessage).toContain('count_consent');
    expect(await stage.billed(plain)).toMatchObject({ requests: 0, count_requests: 0 });
    expect(await stage.spent(plain)).toEqual({ source: 0, key: 0 });
  });

  it('is served with it, under the provider’s own count, in JSON and in a stream', async () => {
    const agreed = await stage.pair('closed-agreed', { cap: 100_000, count_consent: true });
    const { max_tokens, ...counted } = CLOSED;
    const { input_tokens } = await stage.client(agreed.key).messages.countTokens(counted);
    const { data, ...rest } = await ask(agreed);
    expect(rest).toEqual({ proof: 'count', attempts: '2', held: input_tokens + 512 + max_tokens });
    expect(data.usage.input_tokens).toBe(input_tokens);
    const stream = stage.client(agreed.key).messages.stream(CLOSED);
    const { response } = await stream.withResponse();
    expect((await stream.finalMessage()).usage).toEqual(data.usage);
    expect([response.headers.get('x-tally-proof'), response.headers.get('x-tally-attempts')]).toEqual(['count', '2']);
    await noOpenHolds(stage.daemon);
    const spent = 2 * totalOf(data.usage);
    expect(await stage.spent(agreed)).toEqual({ source: spent, key: spent });
    expect(await stage.billed(agreed)).toMatchObject({ requests: 2, count_requests: 3, total_tokens: spent });
  });

  it('is not counted where the cap has room for the window: proof comes before evidence', async () => {
    for (const count_consent of [false, true]) {
      const large = await stage.pair(`closed-large-${count_consent}`, { cap: CAP, count_consent });
      const { data, ...rest } = await ask(large);
      expect(rest).toEqual({ proof: 'window', attempts: null, held: WINDOW });
      expect(data.stop_reason).toBe('end_turn');
      expect(await stage.billed(large)).toMatchObject({ requests: 1, count_requests: 0 });
    }
  });

  it('nor is any other model on a source whose giver has agreed', async () => {
    const agreed = await stage.pair('open-agreed', { cap: 100_000, count_consent: true });
    const { response } = await stage
      .client(agreed.key)
      .messages.create({ ...PLAIN, messages: MESSAGES })
      .withResponse();
    expect([response.headers.get('x-tally-proof'), response.headers.has('x-tally-attempts')]).toEqual(['bytes', false]);
    expect((await stage.billed(agreed)).count_requests).toBe(0);
  });
});

describe('after all of it', () => {
  it('every receipt verifies, the books agree, and both sides counted the same', async () => {
    await noOpenHolds(stage.daemon);
    await verifyAll(stage.daemon, stage.record.all);
    // The key that was busy drew on the same source.
    const { total_tokens } = await stage.billed(pair);
    expect((await stage.spent(pair)).source).toBe(total_tokens);
    await expectSoundBooks(stage.daemon);
  });
});
