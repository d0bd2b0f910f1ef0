import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ANTHROPIC } from './providers/anthropic/dialect.ts';
import type { Dialect } from './providers/dialect.ts';
import { GOOGLE } from './providers/google/dialect.ts';
import { OPENAI } from './providers/openai/dialect.ts';
import { redact, upstreamRefusal } from './upstream-error.ts';

const refusal = (host: string, status: number, headers: IncomingHttpHeaders, body: Buffer, secret = '', dialect: Dialect = OPENAI) =>
  upstreamRefusal({ dialect, host, status, headers, body, nowMs: 1_800_000_000_000 }, secret);

const body = (error: unknown) => Buffer.from(JSON.stringify({ error }));

describe('upstreamRefusal', () => {
  it.each([
    [401, 'UPSTREAM_AUTH'],
    [403, 'UPSTREAM_AUTH'],
    [429, 'UPSTREAM_RATE_LIMITED'],
    [400, 'UPSTREAM_REFUSED'],
    [404, 'UPSTREAM_REFUSED'],
    [422, 'UPSTREAM_REFUSED'],
    [307, 'UPSTREAM_ERROR'],
    [500, 'UPSTREAM_ERROR'],
    [503, 'UPSTREAM_OVERLOADED'],
    [529, 'UPSTREAM_OVERLOADED'],
  ])('maps status %i to %s', (status, code) => {
    expect(refusal('api.example', status, {}, body({ message: 'x' })).error.code).toBe(code);
  });

  it('releases nothing on a status of an unknown host, whatever the upstream calls it', () => {
    for (const status of [400, 401, 404, 429, 500])
      expect(refusal('api.example', status, {}, body({ code: 'sandbox_refused' })).unbilled).toBe(false);
  });

  it('releases on the sandbox’s own unbilled refusals only', () => {
    expect(refusal('sandbox', 400, {}, body({ code: 'sandbox_refused' })).unbilled).toBe(true);
    expect(refusal('sandbox', 500, {}, body({ code: 'server_error' })).unbilled).toBe(false);
  });

  it('passes retry-after on only where it is a sane number of seconds', () => {
    const after = (value: string) => refusal('h', 429, { 'retry-after': value }, body({})).error.facts['retry_after_s'];
    expect([after('7'), after('-1'), after('1e9'), after('999999'), after('x')]).toEqual([7, 1, 1, 1, 1]);
  });

  it('tells the key’s fault from the request’s in each dialect', () => {
    const invalid = { code: 400, status: 'INVALID_ARGUMENT', message: 'x', details: [{ reason: 'API_KEY_INVALID' }] };
    expect(refusal('h', 400, {}, body(invalid), '', GOOGLE).error.code).toBe('UPSTREAM_AUTH');
    expect(refusal('h', 400, {}, body({ ...invalid, details: [] }), '', GOOGLE).error.code).toBe('UPSTREAM_REFUSED');
    const poor = { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' };
    expect(refusal('h', 400, {}, body(poor), '', ANTHROPIC).error.code).toBe('UPSTREAM_AUTH');
    expect(refusal('h', 400, {}, body({ ...poor, message: 'max_tokens: too large' }), '', ANTHROPIC).error.code).toBe('UPSTREAM_REFUSED');
  });

  it('takes the wait from Google’s body where no header has one', () => {
    const wait = (retryDelay: unknown, headers: IncomingHttpHeaders = {}) => {
      const said = body({ code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'x' }, { '@type': 'RetryInfo', retryDelay }] });
      const { error, retryAfterMs } = refusal('h', 429, headers, said, '', GOOGLE);
      return [retryAfterMs, error.facts['retry_after_s']];
    };
    expect(wait('7s')).toEqual([7000, 7]);
    expect(wait('0.2004s')).toEqual([201, 1]);
    expect(wait('7s', { 'retry-after': '3' })).toEqual([3000, 3]);
    for (const odd of ['7', '-7s', '1e9s', '999999s', 7, null, {}]) expect(wait(odd)).toEqual([null, 1]);
  });

  it('survives bodies of every kind', () => {
    for (const text of ['', 'null', '[]', '<html>', '{"error":null}', '{"error":"x"}', '\u0000', '{"error":{"code":{}}}']) {
      expect(refusal('h', 400, {}, Buffer.from(text)).error.code).toBe('UPSTREAM_REFUSED');
    }
  });
});

describe('the source’s own secret', () => {
  const secret = 'Cnry.a1b2c3:d4e5f6:0a1b2c!end';
  const say = (message: string) => refusal('h', 400, {}, body({ message }), secret).error.message;

  it('is taken out of what is passed on, whole or in part, whatever its form', () => {
    expect(say(`Bad key ${secret}.`)).toContain('It says: Bad key [redacted].');
    expect(say('Key Cnry.a1b2c3*** ends in 2c!end.')).toContain('Key [redacted]*** ends in [redacted].');
    expect(say(`${'x '.repeat(245)}${secret}`)).not.toContain('Cnry.a');
    expect(say('The end of a line')).toContain('The end of a line');
  });

  it('that is very short is taken out only where it stands whole', () => {
    expect(refusal('h', 400, {}, body({ message: 'key abc, ab' }), 'abc').error.message).toContain('key [redacted], ab');
  });
});

describe('redact', () => {
  it('takes out what a terminal or a log would act on', () => {
    expect(redact('a\u001b[31mb\r\nc\u202ed\u2028e')).toBe('a [31mb  c d e');
  });

  it('takes out what looks like a credential, whole or masked', () => {
    const message = 'Incorrect API key provided: sk-proj-abcd****************wxyz. You can find it at https://example.com';
    expect(redact(message)).not.toMatch(/abcd|wxyz/);
    expect(redact('token 0123456789abcdef0123456789abcdef is bad')).toBe('token [redacted] is bad');
    expect(redact('Bearer tk_abcdefghijklmnop')).not.toContain('abcdefgh');
  });

  it('leaves words alone and bounds the length', () => {
    expect(redact('Unsupported value for temperature')).toBe('Unsupported value for temperature');
    expect(redact('word '.repeat(1000)).length).toBeLessThanOrEqual(500);
  });
});
