import { describe, expect, it } from 'vitest';
import { routeOf } from './routes.ts';

const seen = (path: string, headers: Record<string, string> = {}) => {
  const route = routeOf(path, headers);
  if (route === null) return null;
  if (route.kind === 'call') return [route.dialect.name, route.spec.route, route.model, route.stream];
  return [route.dialect.name, route.kind, ...(route.kind === 'model' ? [route.model] : [])];
};

describe('routeOf', () => {
  it.each([
    ['/v1/chat/completions', ['openai', '/v1/chat/completions', undefined, undefined]],
    ['/v1/messages', ['anthropic', '/v1/messages', undefined, undefined]],
    ['/v1/messages/count_tokens', ['anthropic', '/v1/messages/count_tokens', undefined, undefined]],
    ['/v1beta/models/m-1.5:generateContent', ['google', '/v1beta/models/{model}:generateContent', 'm-1.5', false]],
    ['/v1/models/m:streamGenerateContent', ['google', '/v1beta/models/{model}:streamGenerateContent', 'm', true]],
    ['/v1beta/models/a%2Fb%3Ac:countTokens', ['google', '/v1beta/models/{model}:countTokens', 'a/b:c', false]],
    ['/v1beta/models/m%3AembedContent', ['google', '/v1beta/models/{model}:embedContent', 'm', false]],
    ['/v1beta/models/m:batchEmbedContents', ['google', '/v1beta/models/{model}:batchEmbedContents', 'm', false]],
  ])('%s is a call', (path, expected) => {
    expect(seen(path)).toEqual(expected);
  });

  it.each([
    ['/v1', ['openai', 'unknown']],
    ['/v1/', ['openai', 'unknown']],
    ['/v1/models/', ['openai', 'unknown']],
    ['/v1/messages/', ['openai', 'unknown']],
    ['/v1/images/generations', ['openai', 'unknown']],
    ['/v1beta', ['google', 'unknown']],
    ['/v1beta/files', ['google', 'unknown']],
    ['/v1beta/models/%zz', ['google', 'unknown']],
    ['/v1beta/cachedContents/x:generateContent', ['google', 'unknown']],
    // A verb that is none of ours is part of a model's name, which no source serves.
    ['/v1beta/models/m:predict', ['google', 'model', 'm:predict']],
    ['/v1beta/models/m:constructor', ['google', 'model', 'm:constructor']],
  ])('%s is not', (path, expected) => {
    expect(seen(path)).toEqual(expected);
  });

  it('leaves other paths to others', () => {
    for (const path of ['/', '/v1x', '/v1betamax', '/v2/messages', '/api/receipts/1', '/V1/messages']) expect(routeOf(path, {})).toBeNull();
  });

  it('tells by its headers whose list of models is asked for', () => {
    expect(seen('/v1/models')).toEqual(['openai', 'models']);
    expect(seen('/v1/models', { 'anthropic-version': '2023-06-01' })).toEqual(['anthropic', 'models']);
    expect(seen('/v1/models/m', { 'x-api-key': 'k' })).toEqual(['anthropic', 'model', 'm']);
    expect(seen('/v1/models', { 'x-goog-api-key': 'k' })).toEqual(['google', 'models']);
    expect(seen('/v1beta/models', { 'anthropic-version': '2023-06-01' })).toEqual(['google', 'models']);
    expect(seen('/v1/nothing', { 'anthropic-version': '2023-06-01' })).toEqual(['anthropic', 'unknown']);
  });
});
