import { TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import { checkQuery } from './query.ts';
import { type Route, routeOf } from './routes.ts';

const GENERATE = '/v1beta/models/m:generateContent';
const STREAM = '/v1beta/models/m:streamGenerateContent';

function codeOf(url: string): string {
  try {
    checkQuery(url, routeOf(url.split('?', 1)[0] as string, {}) as Route);
    return 'fine';
  } catch (error) {
    return error instanceof TallyError ? error.code : 'other';
  }
}

describe('checkQuery', () => {
  it.each([
    [`${STREAM}?alt=sse`, 'fine'],
    [`${STREAM}?%24alt=sse`, 'fine'],
    [STREAM, 'FIELD_INVALID'],
    [`${STREAM}?alt=json`, 'FIELD_INVALID'],
    [GENERATE, 'fine'],
    [`${GENERATE}?alt=json`, 'fine'],
    [`${GENERATE}?alt=sse`, 'FIELD_INVALID'],
    [`${GENERATE}?alt=proto`, 'FIELD_INVALID'],
    ['/v1/messages?beta=true', 'fine'],
    ['/v1/models?limit=20&after_id=x', 'fine'],
    [`${GENERATE}?key=tk_x`, 'KEY_IN_URL'],
    [`${GENERATE}?KEY=`, 'KEY_IN_URL'],
    ['/v1beta/models?key=x', 'KEY_IN_URL'],
    ['/v1/messages?a=1&x-api-key=x', 'KEY_IN_URL'],
    ['/v1/chat/completions?api%5Fkey=x', 'KEY_IN_URL'],
    ['/v1/chat/completions?access_token', 'KEY_IN_URL'],
    ['/v1/chat/completions?keyboard=1', 'fine'],
  ])('%s: %s', (url, code) => {
    expect(codeOf(url)).toBe(code);
  });
});
