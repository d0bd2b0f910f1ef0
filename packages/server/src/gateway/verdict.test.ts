import { ZERO_USAGE } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { EndpointSpec, Plan } from './providers/endpoint.ts';
import { CALL_ROUTES } from './routes.ts';
import type { StreamSummary } from './stream/events.ts';
import { cutVerdict, lostError, streamVerdict, wholeVerdict } from './verdict.ts';

const spec = (route: string) => CALL_ROUTES.find((each) => each.route === route) as EndpointSpec;
const whole = (route: string, body: unknown) =>
  wholeVerdict(spec(route), Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const plan = (choices = 1) => ({ choices }) as Plan;
const usage = { ...ZERO_USAGE, input: 3n, output: 4n };

describe('wholeVerdict', () => {
  it.each([
    ['/v1/chat/completions', { object: 'x', usage: { prompt_tokens: 3, completion_tokens: 4 } }],
    ['/v1/responses', { object: 'response', error: null, usage: { input_tokens: 3, output_tokens: 4 } }],
    ['/v1/messages', { type: 'message', usage: { input_tokens: 3, output_tokens: 4 } }],
    ['/v1beta/models/{model}:generateContent', { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 } }],
  ])('%s: metered by its usage', (route, body) => {
    expect(whole(route, body)).toEqual({ outcome: { kind: 'metered', usage } });
    expect(whole(route, { ...body, usage: undefined, usageMetadata: undefined }).outcome.kind).toBe('bound');
  });

  it.each(['/v1/messages/count_tokens', '/v1beta/models/{model}:countTokens'])('%s: costs nothing whatever it says', (route) => {
    expect(whole(route, { input_tokens: 9, totalTokens: 9 })).toEqual({ outcome: { kind: 'metered', usage: ZERO_USAGE } });
  });

  it.each(['', 'null', '[]', '{"a":', '<html>', '{}x'])('%j is no answer: charged at the bound, and not passed on', (body) => {
    expect(whole('/v1/messages', body)).toMatchObject({ outcome: { kind: 'bound' }, error: { code: 'UPSTREAM_ERROR' } });
  });

  it.each(CALL_ROUTES.map(({ route }) => route))('%s: an error under status 200 is no answer', (route) => {
    expect(whole(route, { type: 'error', error: { message: 'x' } })).toMatchObject({
      outcome: { kind: 'bound' },
      error: { code: 'UPSTREAM_ERROR' },
    });
  });
});

const summary = (more: Partial<StreamSummary> = {}): StreamSummary => ({
  usage,
  usageUnusable: 0,
  choicesEndedAtUsage: 1,
  usageStale: false,
  contentBytes: 10,
  deltas: 2,
  finishReasons: ['stop'],
  done: true,
  errorCode: null,
  frames: 3,
  bytesIn: 100,
  ...more,
});

describe('streamVerdict and cutVerdict', () => {
  it.each([
    ['a finished stream', {}, 'metered', 'metered'],
    ['all choices ended, no end marker', { done: false }, 'metered', 'metered'],
    ['no usage', { usage: null }, 'bound', 'burned'],
    ['usage before the last text', { usageStale: true }, 'bound', 'burned'],
    ['one report that cannot be read', { usageUnusable: 1 }, 'bound', 'burned'],
    ['usage before the end, cut', { done: false, choicesEndedAtUsage: 0 }, 'burned', 'burned'],
    ['an error inside, nothing ended', { errorCode: 'x', choicesEndedAtUsage: 0 }, 'burned', 'burned'],
  ] as const)('%s', (_, more, ended, cut) => {
    expect(streamVerdict(summary(more), plan()).outcome.kind).toBe(ended);
    expect(cutVerdict(summary(more), plan(), 'x').kind).toBe(cut);
  });

  it('waits for every choice that was asked for', () => {
    expect(streamVerdict(summary({ done: false }), plan(2)).outcome.kind).toBe('burned');
    expect(streamVerdict(summary({ done: false, choicesEndedAtUsage: 2 }), plan(2)).outcome.kind).toBe('metered');
  });

  it('knows nothing where no stream had begun', () => {
    expect(cutVerdict(null, plan(), 'x')).toEqual({ kind: 'burned', reason: 'x' });
  });
});

it('a timeout is told from a loss', () => {
  expect(lostError(Object.assign(new Error('x'), { name: 'HeadersTimeoutError' })).code).toBe('UPSTREAM_TIMEOUT');
  expect(lostError(new Error('other side closed')).code).toBe('UPSTREAM_ERROR');
});
