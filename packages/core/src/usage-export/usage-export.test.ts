import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TallyError } from '../errors.ts';
import { type ExportFormat, type ExportScope, readUsageExport } from './usage-export.ts';

const HOUR = 3_600_000;
const FROM = Date.parse('2026-03-01T00:00:00Z');
const SCOPE: ExportScope = { from: FROM, to: FROM + 2 * HOUR, source: 'src_1', keyRef: 'key_1' };
const at = (hours: number) => new Date(FROM + hours * HOUR).toISOString();

const read = (format: ExportFormat, value: unknown, more: Partial<ExportScope> = {}) =>
  readUsageExport(format, typeof value === 'string' ? value : JSON.stringify(value), { ...SCOPE, ...more });

function refusal(format: ExportFormat, value: unknown, more: Partial<ExportScope> = {}): string {
  try {
    read(format, value, more);
  } catch (error) {
    expect(error).toBeInstanceOf(TallyError);
    expect((error as TallyError).code).toBe('INPUT_INVALID');
    return (error as TallyError).message;
  }
  throw new Error('it was taken');
}

describe('OpenAI', () => {
  const row = {
    object: 'organization.usage.completions.result',
    input_tokens: 1000,
    output_tokens: 500,
    input_cached_tokens: 800,
    num_model_requests: 5,
    project_id: null,
    user_id: null,
    api_key_id: 'key_1',
    model: 'gpt-5.1',
    batch: null,
    service_tier: null,
  };
  const vector = { object: 'organization.usage.embeddings.result', input_tokens: 30, num_model_requests: 1, api_key_id: 'key_1' };
  const bucket = (hour: number, results: unknown[]) => ({
    object: 'bucket',
    start_time: FROM / 1000 + hour * 3600,
    end_time: FROM / 1000 + (hour + 1) * 3600,
    results,
  });
  const page = (data: unknown[], has_more = false) => ({ object: 'page', data, has_more, next_page: has_more ? 'AAAA' : null });
  const whole = (completions: unknown[], embeddings: unknown[] = [page([bucket(0, []), bucket(1, [vector])])]) => ({
    completions,
    embeddings,
  });

  test('input with what was cached, output, and embeddings are added up over pages', () => {
    expect(read('openai', whole([page([bucket(0, [row, row])], true), page([bucket(1, [row])])]))).toBe(4_530n);
    expect(read('openai', whole([page([bucket(0, []), bucket(1, [])])], [page([bucket(0, []), bucket(1, [])])]))).toBe(0n);
  });

  test.each<[string, unknown, string]>([
    ['no embeddings', { completions: [page([bucket(0, []), bucket(1, [])])] }, 'embeddings'],
    ['a bare page', page([bucket(0, [row]), bucket(1, [])]), 'completions'],
    ['a lost page', whole([page([bucket(0, [row])], true)]), 'announces'],
    ['a page too many', whole([page([bucket(0, [row])]), page([bucket(1, [row])])]), 'announces'],
    ['a page twice', whole([page([bucket(0, [row])], true), page([bucket(0, [row])])]), 'one after the other'],
    ['a gap', whole([page([bucket(1, [row])])]), 'one after the other'],
    ['an end that is too early', whole([page([bucket(0, [row])])]), 'end at'],
    ['a bucket across the edge', whole([page([bucket(0, []), { ...bucket(1, [row]), end_time: FROM / 1000 + 7_201 }])]), 'one after'],
    ['another key', whole([page([bucket(0, [{ ...row, api_key_id: 'key_2' }]), bucket(1, [])])]), 'another key'],
    ['no key', whole([page([bucket(0, [{ ...row, api_key_id: null }]), bucket(1, [])])]), 'grouped by api_key_id'],
    ['an unknown count', whole([page([bucket(0, [{ ...row, dream_tokens: 4 }]), bucket(1, [])])]), 'results'],
    ['a fraction', whole([page([bucket(0, [{ ...row, input_tokens: 1.5 }]), bucket(1, [])])]), 'input_tokens'],
    ['a negative count', whole([page([bucket(0, [{ ...row, output_tokens: -1 }]), bucket(1, [])])]), 'output_tokens'],
    ['images', whole([page([bucket(0, [{ object: 'organization.usage.images.result', images: 1 }]), bucket(1, [])])]), 'results'],
    ['costs', { object: 'page', data: [{ results: [{ object: 'organization.costs.result' }] }] }, 'money'],
    ['nothing', '', 'not valid JSON'],
  ])('%s is refused', (_, value, why) => {
    expect(refusal('openai', value)).toContain(why);
  });

  test('the key must be named', () => {
    expect(refusal('openai', whole([]), { keyRef: '' })).toContain('of a key');
  });
});

describe('Anthropic', () => {
  const row = {
    api_key_id: 'key_1',
    cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 500 },
    cache_read_input_tokens: 200,
    context_window: '0-200k',
    model: 'claude-sonnet-4-20250514',
    output_tokens: 500,
    server_tool_use: { web_search_requests: 10 },
    service_tier: 'standard',
    uncached_input_tokens: 1500,
    workspace_id: 'wrkspc_1',
  };
  const bucket = (hour: number, results: unknown[]) => ({ starting_at: at(hour), ending_at: at(hour + 1), results });
  const page = (data: unknown[], has_more = false) => ({ data, has_more, next_page: has_more ? 'page_1' : null });

  test('every class of input, and output, over pages', () => {
    expect(read('anthropic', page([bucket(0, [row]), bucket(1, [row])]))).toBe(7_400n);
    expect(read('anthropic', [page([bucket(0, [row])], true), page([bucket(1, [])])])).toBe(3_700n);
  });

  test.each<[string, unknown, string]>([
    ['a lost page', page([bucket(0, [row]), bucket(1, [])], true), 'announces'],
    ['another key', page([bucket(0, [{ ...row, api_key_id: 'x' }]), bucket(1, [])]), 'another key'],
    ['no key', page([bucket(0, [{ ...row, api_key_id: null }]), bucket(1, [])]), 'grouped'],
    ['an unknown tool', page([bucket(0, [{ ...row, server_tool_use: { dreams: 1 } }]), bucket(1, [])]), 'server_tool_use'],
    ['an unknown cache life', page([bucket(0, [{ ...row, cache_creation: { ephemeral_1d_input_tokens: 1 } }])]), 'cache_creation'],
    ['a time without zone', page([{ ...bucket(0, []), starting_at: '2026-03-01T00:00:00' }]), 'starting_at'],
    ['null', null, 'its top'],
  ])('%s is refused', (_, value, why) => {
    expect(refusal('anthropic', value)).toContain(why);
  });
});

describe('Google', () => {
  const head = 'usage_start_time,usage_end_time,project_id,sku,amount,unit';
  const line = '2026-03-01 00:00:00 UTC,2026-03-01 01:00:00 UTC,key_1,"Generate content input token count, text",1200.0,count';

  test('token rows of the project are added up', () => {
    expect(read('google', `${head}\r\n${line}\r\n${line.replace('1200.0', '34')}\r\n`)).toBe(1_234n);
    expect(read('google', `${head}\n`)).toBe(0n);
  });

  test.each<[string, string, string]>([
    ['another project', line.replace('key_1', 'p2'), 'another project'],
    ['another unit', line.replace(',count', ',seconds'), 'does not count tokens'],
    ['storage', line.replace('Generate content input token count', 'Cached token storage'), 'does not count tokens'],
    ['another service', line.replace('token count', 'image count'), 'does not count tokens'],
    ['an hour across the edge', line.replace('01:00:00 UTC', '03:00:00 UTC'), 'within the interval'],
    ['a fraction', line.replace('1200.0', '0.5'), 'whole number'],
    ['a correction downwards', line.replace('1200.0', '-5'), 'whole number'],
    ['a row that is short', 'a,b', 'cells'],
  ])('%s is refused', (_, text, why) => {
    expect(refusal('google', `${head}\n${text}\n`)).toContain(why);
  });

  test('other columns are refused', () => {
    expect(refusal('google', `${head},credits\n${line},0\n`)).toContain('columns');
  });
});

describe('plain', () => {
  const stated = { source: 'src_1', from: at(0), to: at(2), total_tokens: '77' };

  test('a stated total, and a table', () => {
    expect(read('plain', stated)).toBe(77n);
    expect(read('plain', { ...stated, total_tokens: 78 })).toBe(78n);
    expect(read('plain', `timestamp,tokens\n${at(0)},3\n2026-03-01T02:59:59+01:00,"4"`)).toBe(7n);
    expect(read('plain', `\ufefftokens,timestamp\r\n5,${at(1)}\r\n`)).toBe(5n);
  });

  test.each<[string, unknown, string]>([
    ['another source', { ...stated, source: 'src_2' }, 'another source'],
    ['another start', { ...stated, from: at(1) }, 'another interval'],
    ['another end', { ...stated, to: at(3) }, 'another interval'],
    ['a member that is not known', { ...stated, unit: 'kilotokens' }, 'its top'],
    ['a fraction', { ...stated, total_tokens: 1.5 }, 'total_tokens'],
    ['more than any balance', { ...stated, total_tokens: '9'.repeat(19) }, 'total_tokens'],
    ['a row before it', `timestamp,tokens\n${at(-1)},3`, 'not of the interval'],
    ['a row at its end', `timestamp,tokens\n${at(2)},3`, 'not of the interval'],
    ['a day without time', 'timestamp,tokens\n2026-03-01,3', 'no time'],
    ['a unit in a cell', `timestamp,tokens\n${at(0)},3k`, 'whole number'],
    ['an open quote', `timestamp,tokens\n"${at(0)},3`, 'not valid CSV'],
    ['text behind a quote', `timestamp,tokens\n"${at(0)}"x,3`, 'not valid CSV'],
    ['a column too many', 'timestamp,tokens,model\n', 'columns'],
    ['a comma at the end', `timestamp,tokens\n${at(0)},3,`, 'cells'],
    ['nothing', '', 'empty'],
  ])('%s is refused', (_, value, why) => {
    expect(refusal('plain', value)).toContain(why);
  });

  test('a table of any counts adds up to them, and whatever else comes is refused or taken, never worse', () => {
    const row = fc.record({ ms: fc.integer({ min: 0, max: 2 * HOUR - 1 }), tokens: fc.bigInt({ min: 0n, max: 10n ** 12n }) });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const lines = rows.map(({ ms, tokens }) => `${new Date(FROM + ms).toISOString()},${tokens}`);
        expect(read('plain', ['timestamp,tokens', ...lines].join('\n'))).toBe(rows.reduce((sum, { tokens }) => sum + tokens, 0n));
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom<ExportFormat>('openai', 'anthropic', 'google', 'plain'), fc.string(), (format, text) => {
        try {
          expect(read(format, text)).toBeTypeOf('bigint');
        } catch (error) {
          expect((error as TallyError).code).toBe('INPUT_INVALID');
        }
      }),
    );
  });
});
