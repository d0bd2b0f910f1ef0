import { ERRORS, type ErrorCode, TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import { ANTHROPIC } from './anthropic/dialect.ts';
import type { Dialect } from './dialect.ts';
import { GOOGLE } from './google/dialect.ts';
import { OPENAI } from './openai/dialect.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];
type Body = {
  error: {
    message: string;
    code: unknown;
    type?: string;
    status?: string;
    param?: unknown;
    details?: { reason?: string; retryDelay?: string }[];
  };
  type?: string;
  request_id?: string;
};
const bodyOf = (dialect: Dialect, error: TallyError) => dialect.errorBody(error, 'call-1') as Body;

describe.each([OPENAI, ANTHROPIC, GOOGLE])('errors in the dialect of $name', (dialect) => {
  it.each(CODES)('%s says what, why and what to do, and carries our code', (code) => {
    const error = new TallyError(code, undefined, { field: 'the.field' });
    const body = bodyOf(dialect, error);
    expect(body.error.message).toContain(ERRORS[code].what.replace(/\.$/, ''));
    expect(body.error.message).toContain(ERRORS[code].fix);
    expect(JSON.stringify(body)).toContain(code);
    expect(JSON.stringify(body)).toContain('the.field');
    expect(dialect.errorFrame(error, 'call-1').toString()).toMatch(/data: \{.*\}\n\n$/);
  });
});

describe('what each SDK looks for', () => {
  it('OpenAI: code and param', () => {
    expect(bodyOf(OPENAI, new TallyError('FIELD_NOT_ALLOWED', 'x', { field: 'tools' })).error).toMatchObject({
      code: 'FIELD_NOT_ALLOWED',
      param: 'tools',
      type: 'invalid_request_error',
    });
  });

  it('Anthropic: type and request_id', () => {
    const body = bodyOf(ANTHROPIC, new TallyError('CAP_EXCEEDED'));
    expect(body).toMatchObject({ type: 'error', request_id: 'call-1', error: { type: 'billing_error', code: 'CAP_EXCEEDED' } });
    expect(ANTHROPIC.errorFrame(new TallyError('UPSTREAM_ERROR'), null).toString()).toMatch(/^event: error\n/);
  });

  it('Google: the HTTP status, a canonical code, our code as the reason, and when to come back', () => {
    const busy = bodyOf(GOOGLE, new TallyError('CAP_BUSY', 'x', { retry_after_s: 3 }));
    expect(busy.error).toMatchObject({ code: 429, status: 'RESOURCE_EXHAUSTED' });
    expect(busy.error.details).toMatchObject([{ reason: 'CAP_BUSY', domain: 'tallystick' }, { retryDelay: '3s' }]);
    expect(bodyOf(GOOGLE, new TallyError('CAP_EXCEEDED')).error.details).toHaveLength(1);
  });
});
