import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, expectSoundBooks } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import {
  codesIn,
  type DialectTitle,
  isRefused,
  pageRoutes,
  type Row,
  readDialects,
  type Section,
  sections,
  tableUnder,
} from '../support/dialect-page.ts';

// What docs/reference/dialects.md says, held against a gateway that runs. Nothing here is read from the code.

const page = readDialects();
const MODEL = 'sandbox-small';
/** A field that no provider has. Where it is refused, all that stood before it was taken. */
const MARK = 'no_such_field_1';

const SDK_HEADERS: Readonly<Record<DialectTitle, (key: string) => Record<string, string>>> = {
  OpenAI: (key) => ({ authorization: `Bearer ${key}` }),
  Anthropic: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  Google: (key) => ({ 'x-goog-api-key': key }),
};

let daemon: TestDaemon;
let key: string;

beforeAll(async () => {
  daemon = await startDaemon({ env: { TALLY_SANDBOX_CAP: '1000000' } });
  key = String(daemon.virtual_key);
});

afterAll(async () => {
  await daemon?.dispose();
});

type Asked = { readonly path: string; readonly dialect: DialectTitle; readonly method?: string; readonly headers?: Record<string, string> };
type Answered = {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
  readonly code: string | null;
  readonly field: string;
};

async function ask({ path, dialect, method = 'POST', headers }: Asked, body = '{}'): Promise<Answered> {
  const response = await fetch(daemon.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(headers ?? SDK_HEADERS[dialect](key)) },
    ...(method === 'GET' ? {} : { body }),
  });
  const json: unknown = await response.json();
  const { headers: answered, status } = response;
  return { status, headers: answered, json, code: answered.get('x-tally-error'), field: fieldIn(json, dialect) };
}

type AnyError = {
  error?: {
    param?: string;
    code?: unknown;
    field?: string;
    type?: string;
    status?: string;
    details?: { reason?: string; metadata?: { field?: string } }[];
  };
};

function fieldIn(json: unknown, dialect: DialectTitle): string {
  const { error } = json as AnyError;
  if (dialect === 'OpenAI') return error?.param ?? '';
  return (dialect === 'Anthropic' ? error?.field : error?.details?.[0]?.metadata?.field) ?? '';
}

/** Our code, from the place that each dialect has for it, and the dialect's own word beside it. */
function wordsIn(json: unknown, dialect: DialectTitle): { code: unknown; word: unknown } {
  const { error } = json as AnyError;
  if (dialect === 'Google') return { code: error?.details?.[0]?.reason, word: error?.status };
  return { code: error?.code, word: error?.type };
}

/** The path as a caller asks it: the model put in, and streams in the one form that is taken. */
const asked = (path: string): string => path.replace('{model}', MODEL) + (path.endsWith(':streamGenerateContent') ? '?alt=sse' : '');

async function balance(): Promise<Record<string, unknown>> {
  const { body } = await daemon.admin(`/sources/${daemon.source_id}`);
  return { held: body['held'], spent: body['spent'], overrun: body['overrun'] };
}

const NOTHING_SPENT = { held: '0', spent: '0', overrun: '0' };

describe('routes', () => {
  it.each(pageRoutes(page))('$method $path is there ($dialect)', async ({ method, path, dialect }) => {
    const { status, code } = await ask({ path: asked(path), dialect, method });
    if (method === 'GET') expect(status).toBe(200);
    else expect(code).toBe('FIELD_INVALID');
    const wrong = await ask({ path: asked(path), dialect, method: method === 'GET' ? 'POST' : 'GET' });
    expect(wrong.code).toBe('METHOD_NOT_ALLOWED');
  });

  it.each<[DialectTitle, string]>([
    ['OpenAI', '/v1/completions'],
    ['OpenAI', '/v1/images/generations'],
    ['OpenAI', '/v1/audio/speech'],
    ['OpenAI', '/v1/files'],
    ['OpenAI', '/v1/batches'],
    ['OpenAI', '/v1/responses/resp_1'],
    ['OpenAI', '/v1/conversations'],
    ['Anthropic', '/v1/messages/batches'],
    ['Anthropic', '/v1/complete'],
    ['Anthropic', '/v1/files'],
    ['Anthropic', '/v1/organizations/usage_report/messages'],
    ['Google', '/v1beta/files'],
    ['Google', '/v1beta/cachedContents'],
    ['Google', '/v1beta/tunedModels/a:generateContent'],
    ['Google', '/v1beta/interactions'],
  ])('%s %s is not there, and the answer is in the dialect', async (dialect, path) => {
    const { status, json, code } = await ask({ path, dialect });
    expect([status, code]).toEqual([404, 'ROUTE_UNKNOWN']);
    expect(wordsIn(json, dialect)).toEqual({ code: 'ROUTE_UNKNOWN', word: dialect === 'Google' ? 'NOT_FOUND' : 'not_found_error' });
  });

  it.each(['predict', 'batchGenerateContent', 'bidiGenerateContent', 'generateAnswer'])('a model cannot be asked to %s', async (verb) => {
    const { code } = await ask({ path: `/v1beta/models/${MODEL}:${verb}`, dialect: 'Google' });
    expect(code).toBe('METHOD_NOT_ALLOWED');
  });

  it.each(pageRoutes(page).filter(({ path }) => path.startsWith('/v1beta/')))(
    '$path stands under /v1 as well',
    async ({ path, method }) => {
      const { status, code } = await ask({ path: asked(path.replace('/v1beta/', '/v1/')), dialect: 'Google', method });
      expect(method === 'GET' ? status : code).toBe(method === 'GET' ? 200 : 'FIELD_INVALID');
    },
  );

  it('Google’s routes take one form of answer each', async () => {
    const form = (path: string) => ask({ path: `/v1beta/models/${MODEL}:${path}`, dialect: 'Google' });
    for (const path of [
      'streamGenerateContent',
      'streamGenerateContent?alt=json',
      'generateContent?alt=sse',
      'generateContent?$alt=proto',
    ]) {
      const { code, field } = await form(path);
      expect([path, code, field]).toEqual([path, 'FIELD_INVALID', 'alt']);
    }
    expect((await form('generateContent?alt=json')).field).not.toBe('alt');
  });
});

describe('fields', () => {
  it.each(sections(page).map((section) => [section.routes.join(), section.at || 'the body', section] as const))(
    '%s, %s: each is taken or refused as the table says',
    async (_, __, section) => {
      expect(section.rows.length).toBeGreaterThan(0);
      for (const row of section.rows) await expectRow(section, row);
      if (section.dialect === 'Google') for (const row of section.rows) await expectOtherSpelling(section, row);
      await expectRefused(section, section.at === '' ? MARK : `${section.at}.${MARK}`, 1);
      expect(await balance()).toEqual(NOTHING_SPENT);
    },
  );
});

async function expectRow(section: Section, row: Row): Promise<void> {
  const path = section.at === '' ? row.path : `${section.at}.${row.path}`;
  if (isRefused(row)) {
    await expectRefused(section, path, 1);
    if (row.takes.endsWith('or null')) await expectTaken(section, path, null);
    return;
  }
  await expectTaken(section, path, sampleOf(row.takes));
  if (row.note.includes('any other is refused')) {
    const [list, other] = otherThan(row.takes);
    await expectRefused(section, path + list, other);
  }
}

/** Google's JSON has two spellings of each name; a few are taken in one only, and then the other is listed as refused. */
async function expectOtherSpelling(section: Section, row: Row): Promise<void> {
  const name = row.path.split('.').at(-1) ?? '';
  const other = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const path = row.path.slice(0, row.path.length - name.length) + other;
  if (other === name || section.rows.some((each) => each.path === path)) return;
  await expectRow({ ...section, rows: [] }, { ...row, path });
}

/** The field itself is named, with the path to it, and nothing was held for it. */
async function expectRefused(section: Section, path: string, value: unknown): Promise<void> {
  const { status, code, field, headers } = await ask(callOf(section), bodyWith(path, value));
  expect({ status, code, field }, path).toEqual({ status: 400, code: 'FIELD_NOT_ALLOWED', field: rendered(path) });
  expect(headers.get('x-tally-receipt')).toBeNull();
}

/** What follows the field in the same object, or stands inside it, is refused: so the field was not. */
async function expectTaken(section: Section, path: string, value: unknown): Promise<void> {
  const { code, field } = await ask(callOf(section), bodyWith(path, value));
  expect({ code, isMark: field.endsWith(MARK), path, field }).toEqual({ code: 'FIELD_NOT_ALLOWED', isMark: true, path, field });
}

const callOf = ({ routes, dialect }: Section): Asked => ({ path: asked(routes[0] ?? ''), dialect });

/** `messages[].content[].type` as a body: the value there, and the mark after it, in the same object and at the end. */
function bodyWith(path: string, value: unknown): string {
  return JSON.stringify({ ...nested(path.split('.'), value), [MARK]: 1 });
}

function nested([part = '', ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const lists = part.split('[]').length - 1;
  const name = part.replaceAll('[]', '').replace('*', 'any');
  let inner: unknown = rest.length === 0 ? value : nested(rest, value);
  for (let i = 0; i < lists; i += 1) inner = [inner];
  // Beside a name that is anybody's to choose the mark would be one more such name: then it stands beside the object of these names.
  const isLast = rest.length === 0 ? part !== '*' : rest.join() === '*';
  return isLast && name !== MARK ? { [name]: inner, [MARK]: 1 } : { [name]: inner };
}

/** A value of the first kind that the table names. */
function sampleOf(takes: string): unknown {
  if (takes.startsWith('array')) return [sampleOf(takes.replace(/^array( \([^)]*\))? of \(?/, ''))];
  if (takes.startsWith('`')) return takes.startsWith('`false` only') ? false : codesIn(takes)[0];
  if (takes.startsWith('data as a string that begins with')) return `${codesIn(takes)[0]}/png;base64,AA==`;
  if (takes.startsWith('data as a string')) return 'AA==';
  if (takes.startsWith('string')) return 'a';
  if (takes.startsWith('boolean')) return true;
  if (takes.startsWith('integer') || takes.startsWith('number')) return Number(/^\w+ from (\d+)/.exec(takes)?.[1] ?? 1);
  if (takes.startsWith('any JSON')) return { a: [1, null, { b: 'c' }] };
  if (takes.startsWith('object of any names')) return {};
  if (takes.startsWith('object') || takes.startsWith('[object]')) return { [MARK]: 1 };
  throw new Error(`what a field takes is told in words that are not known: ${takes}`);
}

/** A value of the same type as those that are named, but none of them; and the list that it stands in. */
function otherThan(takes: string): readonly [string, unknown] {
  if (takes.startsWith('`false` only')) return ['', true];
  return takes.startsWith('array') ? ['[]', 'another'] : ['', 'another'];
}

/** As errors name it: the first of each list, and of a long path the end. */
function rendered(path: string): string {
  const text = path.replaceAll('[]', '[0]').replaceAll('*', 'any');
  return text.length <= 64 ? text : `…${text.slice(-63)}`;
}

describe('headers', () => {
  const body = JSON.stringify({ [MARK]: 1 });
  const messages = (headers: Record<string, string>): Promise<Answered> =>
    ask({ path: '/v1/messages', dialect: 'Anthropic', headers: { 'x-api-key': key, ...headers } }, body);
  const [about = []] = tableUnder(page, '### Headers of Anthropic');
  const versions = codesIn(about[1]?.split('<br>')[0] ?? '').filter((each) => /^\d/.test(each));

  it('the key is taken from each of the headers, in every dialect', async () => {
    for (const { dialect, path, method } of pageRoutes(page).filter(({ method }) => method === 'POST')) {
      for (const headers of [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }, { 'x-goog-api-key': key }]) {
        const { code, field } = await ask({ path: asked(path), dialect, method, headers }, body);
        expect([path, code, field]).toEqual([path, 'FIELD_NOT_ALLOWED', MARK]);
      }
    }
  });

  it('two different keys are refused, whichever is good', async () => {
    const other = `tk_${'A'.repeat(43)}`;
    const pairs = [
      { authorization: `Bearer ${key}`, 'x-api-key': other },
      { authorization: `Bearer ${other}`, 'x-goog-api-key': key },
      { 'x-api-key': key, 'x-goog-api-key': other },
    ];
    for (const headers of pairs)
      expect((await messages(headers)).code).toBe(headers['x-api-key'] === key ? 'AUTH_INVALID' : 'AUTH_INVALID');
    expect((await messages({ authorization: `Bearer ${key}` })).field).toBe(MARK);
  });

  it.each(pageRoutes(page))('$method $path: no key in its URL ($dialect)', async ({ dialect, path, method }) => {
    const names = tableUnder(page, '## Every dialect')[1]?.[1] ?? '';
    expect(codesIn(names).length).toBeGreaterThan(3);
    for (const name of codesIn(names)) {
      const url = asked(path);
      const { status, code, json } = await ask({ path: `${url}${url.includes('?') ? '&' : '?'}${name}=${key}`, dialect, method }, body);
      expect([name, status, code]).toEqual([name, 400, 'KEY_IN_URL']);
      expect(JSON.stringify(json)).not.toContain(key);
    }
  });

  it('the versions of the table are taken, and no other', async () => {
    expect(versions).toHaveLength(2);
    for (const version of versions) expect((await messages({ 'anthropic-version': version })).field).toBe(MARK);
    for (const version of ['2023-01-01', '2099-01-01', 'latest', `${versions[0]},${versions[1]}`]) {
      const { code, field } = await messages({ 'anthropic-version': version });
      expect([version, code, field]).toEqual([version, 'FIELD_INVALID', 'anthropic-version']);
    }
  });

  it('the betas of the table are taken, and no other', async () => {
    for (const [names = '', is = ''] of tableUnder(page, '### Betas of Anthropic')) {
      for (const name of codesIn(names)) {
        const { code, field, json } = await messages({
          'anthropic-beta': `prompt-caching-2024-07-31, ${name.replace('…', '-2027-01-01')}`,
        });
        if (is === 'passed on') expect([name, code, field]).toEqual([name, 'FIELD_NOT_ALLOWED', MARK]);
        else {
          expect([name, code, field]).toEqual([name, 'FIELD_NOT_ALLOWED', 'anthropic-beta']);
          expect(JSON.stringify(json)).toContain(is.replace('**refused**: ', '').replaceAll('"', '\\"'));
        }
      }
    }
    expect((await messages({ 'anthropic-beta': 'brand-new-2027-01-01' })).code).toBe('FIELD_NOT_ALLOWED');
  });
});

const ONE_CALL: Readonly<Record<DialectTitle, readonly [string, unknown]>> = {
  OpenAI: ['/v1/chat/completions', { model: MODEL, max_completion_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }],
  Anthropic: ['/v1/messages', { model: MODEL, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }],
  Google: [
    `/v1beta/models/${MODEL}:generateContent`,
    { contents: [{ parts: [{ text: 'Hi' }] }], generationConfig: { maxOutputTokens: 5 } },
  ],
};

describe('answers', () => {
  it('no refusal above has held or spent anything', async () => {
    expect(await balance()).toEqual(NOTHING_SPENT);
  });

  it.each(['OpenAI', 'Anthropic', 'Google'] as const)('%s: errors have the words of the table', async (dialect) => {
    const rows = tableUnder(page, '### Errors');
    const column = ['OpenAI', 'Anthropic', 'Google'].indexOf(dialect) + 1;
    const [path, call] = ONE_CALL[dialect];
    const body = JSON.stringify(call);
    const small = await addKey(daemon, { name: 'small', limit: 1 });
    const seen = [
      await ask({ path, dialect, headers: dialect === 'Anthropic' ? { 'anthropic-version': '2023-06-01' } : {} }, body),
      await ask({ path, dialect, headers: SDK_HEADERS[dialect](`tk_${'A'.repeat(43)}`) }, body),
      await ask({ path, dialect, headers: SDK_HEADERS[dialect](small.virtual_key) }, body),
      await ask({ path: path.replace(MODEL, 'none'), dialect }, body.replace(MODEL, 'none')),
      await ask({ path, dialect, method: 'PUT' }, body),
      await ask({ path, dialect, headers: { ...SDK_HEADERS[dialect](key), 'content-type': 'text/plain' } }, body),
      await ask({ path, dialect }, '{'),
    ];
    expect(seen.map(({ code }) => code)).toEqual([
      'AUTH_MISSING',
      'AUTH_INVALID',
      'CAP_EXCEEDED',
      'MODEL_UNKNOWN',
      'METHOD_NOT_ALLOWED',
      'CONTENT_TYPE_INVALID',
      'BODY_INVALID',
    ]);
    for (const { status, code, json, headers } of seen) {
      const row = rows.find(([, , , , codes = '']) => codesIn(codes).includes(String(code))) ?? [];
      expect([status, wordsIn(json, dialect)]).toEqual([Number(row[0]), { code, word: codesIn(row[column] ?? '')[0] }]);
      expect(headers.get('x-should-retry')).toBe('false');
    }
  });

  it.each(['OpenAI', 'Anthropic', 'Google'] as const)('%s: a call that is served has the headers of the table', async (dialect) => {
    const [path, body] = ONE_CALL[dialect];
    const { status, headers, json } = await ask({ path, dialect }, JSON.stringify(body));
    expect(status, JSON.stringify(json)).toBe(200);
    const [, , ids = [], limits = []] = tableUnder(page, `### Headers of ${dialect}`);
    for (const name of codesIn(ids[1] ?? '')) expect([name, headers.get(name)]).toEqual([name, headers.get('x-tally-call-id')]);
    for (const name of codesIn(limits[1] ?? '')) expect([name, headers.get(name)]).toEqual([name, expect.stringMatching(/^\d+$/)]);
    expect(headers.get('x-tally-receipt')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('the books are sound', async () => {
    await expectSoundBooks(daemon);
  });
});
