import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedBetas } from './betas.ts';

function refusal(header: string | string[]): TallyError {
  try {
    allowedBetas(header);
  } catch (error) {
    if (error instanceof TallyError) return error;
  }
  throw new Error('the header was taken');
}

describe('allowedBetas', () => {
  it.each([
    [undefined, []],
    ['', []],
    [' , ,', []],
    ['pdfs-2024-09-25', ['pdfs-2024-09-25']],
    [' pdfs-2024-09-25 ,prompt-caching-2024-07-31, pdfs-2024-09-25', ['pdfs-2024-09-25', 'prompt-caching-2024-07-31']],
    [
      ['effort-2025-11-24', 'structured-outputs-2025-11-13,task-budgets-2026-03-13'],
      ['effort-2025-11-24', 'structured-outputs-2025-11-13', 'task-budgets-2026-03-13'],
    ],
  ])('%j → %j', (header, expected) => {
    expect(allowedBetas(header)).toEqual(expected);
  });

  it.each([
    ['context-1m-2025-08-07', 'it lifts the window'],
    ['interleaved-thinking-2025-05-14', 'beyond `max_tokens`'],
    ['output-300k-2026-03-24', 'lifts the output limit'],
    ['fast-mode-2026-02-01', 'another price'],
    ['context-management-2025-06-27', 'further passes'],
    ['compact-2026-01-12', 'further passes'],
    ['files-api-2025-04-14', 'stored at the provider'],
    ['skills-2025-10-02', 'stored at the provider'],
    ['mcp-client-2025-11-20', 'run at the provider'],
    ['code-execution-2025-05-22', 'run at the provider'],
    ['advanced-tool-use-2025-11-20', 'run at the provider'],
    ['server-side-fallback-2026-07-01', 'another model'],
    ['user-profiles-2026-09-04', 'who pays'],
    ['never-heard-of-2030-01-01', 'not known here'],
  ])('refuses %s: %s', (beta, reason) => {
    const error = refusal(`pdfs-2024-09-25, ${beta}`);
    expect(error.code).toBe('FIELD_NOT_ALLOWED');
    expect(error.facts).toEqual({ field: 'anthropic-beta' });
    expect(error.message).toContain(`\`${beta}\` in the header \`anthropic-beta\` is not allowed: `);
    expect(error.message).toContain(reason);
  });

  it('limits names and characters', () => {
    const many = (count: number) => Array.from({ length: count }, () => 'pdfs-2024-09-25').join(',');
    expect(allowedBetas(many(32))).toEqual(['pdfs-2024-09-25']);
    expect(refusal(many(33)).code).toBe('FIELD_INVALID');
    expect(allowedBetas(' '.repeat(2048))).toEqual([]);
    expect(refusal(' '.repeat(2049)).code).toBe('FIELD_INVALID');
    expect(refusal([' '.repeat(1024), ' '.repeat(1024)]).code).toBe('FIELD_INVALID');
  });

  it('tells a name only sanitised and cut short', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }).filter((text) => !text.includes(',') && text.trim() !== '');
    fc.assert(
      fc.property(name, (text) => {
        const { message } = refusal(text);
        const [, shown] = /^`([^`]*)` in the header/.exec(message) ?? [];
        expect(shown).toMatch(/^…?[A-Za-z0-9_$?-]{1,64}$/);
      }),
    );
  });
});
