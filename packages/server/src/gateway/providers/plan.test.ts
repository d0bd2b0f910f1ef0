import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALL_ROUTES } from '../routes.ts';
import { billableBytes } from '../text-bytes.ts';
import type { EndpointSpec, Plan, RouteParams } from './endpoint.ts';
import { bodyToSend, planCall } from './plan.ts';

const spec = (route: string) => CALL_ROUTES.find((each) => each.route === route) as EndpointSpec;
const MESSAGES = spec('/v1/messages');
const GENERATE = spec('/v1beta/models/{model}:generateContent');
const BATCH = spec('/v1beta/models/{model}:batchEmbedContents');
const plan = (of: EndpointSpec, body: unknown, params: Partial<RouteParams> = {}): Plan =>
  planCall(of, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), 1 << 20, { passedHeaders: [], ...params });
const sent = (of: EndpointSpec, body: unknown, output: bigint, params: Partial<RouteParams> = {}) =>
  bodyToSend(of, plan(of, body, params), output, 'anthropic').toString();
const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
const messages = [{ role: 'user', content: 'hi' }];

describe('the output limit that is sent', () => {
  it('Anthropic: injected, kept, clamped; everything else as it came', () => {
    expect(sent(MESSAGES, { model: 'm', messages }, 7n)).toBe('{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":7}');
    expect(sent(MESSAGES, '{ "max_tokens": 7, "model":"m","messages":[{"role":"user","content":"\\u0068i"}]}', 7n)).toContain(
      '{ "max_tokens": 7, ',
    );
    expect(sent(MESSAGES, { model: 'm', max_tokens: 9, messages }, 7n)).toContain('"max_tokens":7');
  });

  it('Google: inside generationConfig, which is made where it is missing', () => {
    const to = (body: unknown) => sent(GENERATE, body, 7n, { model: 'm' });
    expect(to({ contents })).toBe(`{"contents":${JSON.stringify(contents)},"generationConfig":{"maxOutputTokens":7}}`);
    expect(to({ contents, generationConfig: {} })).toContain('"generationConfig":{"maxOutputTokens":7}');
    expect(to({ contents, generationConfig: { topK: 1, maxOutputTokens: 9 } })).toContain(
      '"generationConfig":{"topK":1,"maxOutputTokens":7}',
    );
    expect(to({ generationConfig: { maxOutputTokens: 7, topK: 1 }, contents })).toContain('{"maxOutputTokens":7,"topK":1}');
  });

  it('is the only change, whatever else the body holds', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, fc.option(fc.integer({ min: 1, max: 99 })), fc.integer({ min: 1, max: 99 }), (said, asked, output) => {
        const body = {
          contents: [{ role: 'user', parts: [{ text: said }] }],
          generationConfig: { ...(asked === null ? {} : { maxOutputTokens: asked }), seed: 1 },
        };
        const wanted = structuredClone(body) as { generationConfig: Record<string, number> };
        wanted.generationConfig['maxOutputTokens'] = output;
        expect(JSON.parse(sent(GENERATE, body, BigInt(output), { model: 'm' }))).toEqual(wanted);
      }),
    );
  });
});

describe('planCall', () => {
  it('reads what bounds a call', () => {
    const data = 'A'.repeat(4000);
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
    const read = plan(MESSAGES, {
      model: 'm',
      max_tokens: 3000,
      thinking: { type: 'enabled', budget_tokens: 2000 },
      messages: [{ role: 'user', content: [image, { type: 'text', text: 'what?' }] }],
    });
    expect(read).toMatchObject({ model: 'm', outputAsked: 3000n, thinkingBudget: 2000n, images: 1, opaque: false, choices: 1 });
    expect(billableBytes(read).text).toBeLessThan(600);
    const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } };
    expect(plan(MESSAGES, { model: 'm', messages: [{ role: 'user', content: [pdf] }] })).toMatchObject({ images: 0, opaque: true });
    const config = { candidateCount: 3, maxOutputTokens: 5 };
    expect(plan(GENERATE, { contents, generationConfig: config }, { model: 'g', stream: true })).toMatchObject({
      model: 'g',
      stream: true,
      choices: 3,
      outputAsked: 5n,
    });
  });

  it('refuses a body that names another model than the path', () => {
    const request = (model: string) => ({ model, content: { parts: [{ text: 'x' }] } });
    const code = (...models: string[]) => {
      try {
        return plan(BATCH, { requests: models.map(request) }, { model: 'm' }).inputs;
      } catch (error) {
        return error instanceof TallyError ? error.code : 'other';
      }
    };
    expect([code('models/m', 'models/m'), code('m')]).toEqual([2, 1]);
    expect([code('models/other'), code('models/m', 'models/other'), code('models/other', 'models/m')]).toEqual([
      'FIELD_INVALID',
      'FIELD_INVALID',
      'FIELD_INVALID',
    ]);
  });
});

describe('what the provider is asked to count', () => {
  const ask = (of: EndpointSpec, body: unknown, model?: string) => {
    const planned = plan(of, body, model === undefined ? {} : { model });
    return JSON.parse(of.counter?.body(planned, bodyToSend(of, planned, 7n, 'google')).toString() ?? 'null');
  };

  it('Anthropic: the request without what says how to answer', () => {
    const body = {
      model: 'm',
      max_tokens: 9,
      stream: true,
      temperature: 0,
      stop_sequences: ['x'],
      metadata: { user_id: 'u' },
      system: 's',
      messages,
    };
    expect(ask(MESSAGES, body)).toEqual({ model: 'm', system: 's', messages });
  });

  it('Google: the whole request under its model', () => {
    expect(ask(GENERATE, { contents, systemInstruction: { parts: [{ text: 's' }] } }, 'm')).toEqual({
      generateContentRequest: {
        model: 'models/m',
        contents,
        systemInstruction: { parts: [{ text: 's' }] },
        generationConfig: { maxOutputTokens: 7 },
      },
    });
    expect(
      ask(
        BATCH,
        {
          requests: [
            { model: 'models/m', content: contents[0] },
            { model: 'models/m', content: contents[0] },
          ],
        },
        'm',
      ),
    ).toEqual({ contents: [contents[0], contents[0]] });
  });

  it('Google’s embeddings: their titles too', () => {
    const content = { parts: [{ text: 'a' }] };
    const asked = ask(BATCH, { requests: [{ model: 'models/m', title: 'long', content }] }, 'm');
    expect(asked).toEqual({ contents: [content, { parts: [{ text: 'long' }] }] });
  });

  it('reads only a whole number of tokens', () => {
    for (const value of [-1, 1.5, '7', null, undefined, 2 ** 53, Number.NaN])
      expect(MESSAGES.counter?.read({ input_tokens: value })).toBeNull();
    expect([MESSAGES.counter?.read({ input_tokens: 7 }), GENERATE.counter?.read({ totalTokens: 0 })]).toEqual([7n, 0n]);
  });
});
