import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, settledSource } from '../support/calling.ts';
import { chunk, STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { OUTPUT_LIMIT, type Scene, Stage } from '../support/stage.ts';
import { ALL_VOICES, VOICES } from '../support/voices.ts';
import { answer } from './faults.ts';

// Faults that a review found, each as it was found.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_RETRIES_MAX: '0' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const sends = (scene: Scene, bytes: string) => {
  scene.script = ({ socket }) => void socket.write(bytes);
};
const streamed = (frames: string) => STREAM_HEAD + chunk(frames) + STREAM_END;
const state = async (scene: Scene) => (await settledSource(stage.daemon, scene.id)).state;

describe('an honest source is not frozen', () => {
  it('by the name of a tool, which the caller has chosen', async () => {
    const name = 'n'.repeat(OUTPUT_LIMIT * 128 + 1);
    const call = (delta: object, more: object = {}) =>
      `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, ...more }], ...{} })}\n\n`;
    const scene = await stage.scene(VOICES.chat);
    const tool = call({ tool_calls: [{ index: 0, function: { name, arguments: '{"' } }] });
    const end = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 } })}\n\ndata: [DONE]\n\n`;
    sends(scene, streamed(tool + call({}, { finish_reason: 'length' }) + end));
    expect(await scene.ask({ stream: true })).toMatchObject({ status: 200, code: null });
    expect([await state(scene), await scene.booked()]).toEqual(['active', ['metered 5']]);
  });

  it('by the same reasoning under two names', async () => {
    const half = 'r'.repeat((OUTPUT_LIMIT * 128 * 2) / 3);
    const frame = (delta: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: 'stop' }] })}\n\n`;
    const end = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 9, total_tokens: 13 } })}\n\ndata: [DONE]\n\n`;
    const scene = await stage.scene(VOICES.chat);
    sends(scene, streamed(frame({ reasoning: half, reasoning_content: half }) + end));
    expect(await scene.ask({ stream: true })).toMatchObject({ status: 200, code: null });
    expect(await state(scene)).toBe('active');
  });

  it('by citations, which quote the caller’s own document as often as they like', async () => {
    const scene = await stage.scene(VOICES.messages);
    const cited_text = ' '.repeat(200_000);
    const citations = Array.from({ length: 20 }, () => ({ type: 'content_block_location', cited_text }));
    const usage = { input_tokens: 90, output_tokens: 12 };
    sends(scene, whole(JSON.stringify({ type: 'message', content: [{ type: 'text', text: 'x', citations }], usage })));
    const source = { type: 'content', content: [{ type: 'text', text: cited_text }] };
    const content = [
      { type: 'document', source, citations: { enabled: true } },
      { type: 'text', text: 'Quote it.' },
    ];
    const answered = await fetch(`${stage.daemon.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': scene.key, 'content-type': 'application/json' },
      body: JSON.stringify({ model: scene.model, max_tokens: OUTPUT_LIMIT, messages: [{ role: 'user', content }] }),
    });
    expect([answered.status, (await answered.text()).length > 4_000_000]).toEqual([200, true]);
    expect([await state(scene), await scene.booked()]).toEqual(['active', ['metered 102']]);
  });
});

describe('a gift is not drained at no cost to who drains it', () => {
  it.each(ALL_VOICES)('by too much asked of it ($name)', async (voice) => {
    const scene = await stage.scene(voice, { keyLimit: 10_000 });
    sends(scene, whole(voice.errorBody('rate_limit_error')).replace('200 OK', '429 Too Many'));
    const codes: (string | null)[] = [];
    for (let i = 0; i < 4; i += 1) codes.push((await scene.ask()).code);
    expect(codes).toEqual(['UPSTREAM_RATE_LIMITED', 'UPSTREAM_RATE_LIMITED', 'CAP_EXCEEDED', 'CAP_EXCEEDED']);
  });

  it('by a request whose error sounds like an empty account', async () => {
    const scene = await stage.scene(VOICES.messages, { keyLimit: 10_000 });
    const error = { type: 'invalid_request_error', message: 'Tool ’credit balance is too low’ not found in provided tools' };
    sends(scene, whole(JSON.stringify({ type: 'error', error })).replace('200 OK', '400 No'));
    const codes: (string | null)[] = [];
    for (let i = 0; i < 3; i += 1) codes.push((await scene.ask()).code);
    expect(codes).toEqual(['UPSTREAM_REFUSED', 'UPSTREAM_REFUSED', 'CAP_EXCEEDED']);
  });
});

describe('one idempotency key', () => {
  it('is for one model, though Google’s body does not name it', async () => {
    const scene = await stage.scene(VOICES.generate);
    const facts = { window: 4_096, maxOutput: 512, endpoints: ['generate'] };
    const url = `${stage.upstream.url}/two/v1`;
    const cap = 5_000_000;
    const source = await addSource(stage.daemon, {
      provider: 'google',
      base_url: url,
      api_key: 'sk-two',
      cap,
      models: { ma: facts, mb: facts },
    });
    const { key } = await addKey(stage.daemon, { sources: [source] });
    stage.upstream.onRequest(({ socket }) => void socket.write(answer(VOICES.generate, false)));
    const ask = async (model: string) => {
      const answered = await fetch(`${stage.daemon.url}/v1beta/models/${model}:generateContent`, {
        method: 'POST',
        headers: { 'x-goog-api-key': key, 'content-type': 'application/json', 'idempotency-key': 'order-9' },
        body: '{"contents":[{"parts":[{"text":"x"}]}]}',
      });
      await answered.text();
      return [answered.status, answered.headers.get('x-tally-error')];
    };
    expect(await ask('ma')).toEqual([200, null]);
    await settledSource(stage.daemon, source);
    expect([await ask('mb'), await ask('ma')]).toEqual([
      [422, 'IDEMPOTENCY_MISMATCH'],
      [409, 'ALREADY_SERVED'],
    ]);
    expect(scene.requests).toHaveLength(0);
  });
});

describe('counting', () => {
  it('is not sent where it is not known to be free', async () => {
    const scene = await stage.scene(VOICES.messages);
    sends(scene, whole('{"input_tokens":7}'));
    const answered = await fetch(`${stage.daemon.url}/v1/messages/count_tokens`, {
      method: 'POST',
      headers: { 'x-api-key': scene.key, 'content-type': 'application/json' },
      body: JSON.stringify({ model: scene.model, messages: [{ role: 'user', content: 'x' }] }),
    });
    expect([answered.status, answered.headers.get('x-tally-error')]).toEqual([404, 'MODEL_UNKNOWN']);
    expect([scene.requests.length, scene.holds().length]).toEqual([0, 0]);
  });
});
