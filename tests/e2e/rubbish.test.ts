import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, expectSoundBooks, noOpenHolds } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type RawAnswer, rawHttp } from '../support/raw-http.ts';

const BODY_BYTES_MAX = 65_536;
const CHAT = '/v1/chat/completions';
const GOOD = '{"model":"sandbox-fixed-5","messages":[{"role":"user","content":"Hi"}]}';
/** Stands in bodies that are refused; no answer may hold it. */
const MARK = 'PromptThatNoErrorMayRepeat';

let daemon: TestDaemon;
let key: string;
let revoked: string;
let expired: string;

beforeAll(async () => {
  daemon = await startDaemon({
    env: { TALLY_BODY_BYTES_MAX: String(BODY_BYTES_MAX), TALLY_BODY_TIMEOUT_MS: '400', TALLY_SANDBOX_CAP: '1000000' },
  });
  key = String(daemon.virtual_key);
  const dead = await addKey(daemon, { name: 'revoked' });
  revoked = dead.virtual_key;
  await daemon.admin(`/keys/${dead.id}/revoke`, {});
  const expires_at = Date.now() + 300;
  expired = (await addKey(daemon, { name: 'expired', expires_at })).virtual_key;
  await new Promise((resolve) => setTimeout(resolve, 400));
});

afterAll(async () => {
  await daemon?.dispose();
});

type Refusal = {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string };
};

function post(body: string | Uint8Array, headers: Record<string, string> = {}, path = CHAT): Promise<Response> {
  const all = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers };
  return fetch(daemon.url + path, { method: 'POST', headers: all, body: typeof body === 'string' ? body : Buffer.from(body) });
}

/** Every refusal: the dialect's shape, what and what to do, short, and nothing of the caller's in it. */
function expectRefusal(body: string, status: number, code: string, got: number): Refusal['error'] {
  expect(got, body).toBe(status);
  const { error } = JSON.parse(body) as Refusal;
  expect(error.code).toBe(code);
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.message.length).toBeLessThan(500);
  expect(error.message).toMatch(/^.{8,}[.] .{8,}[.]$/s);
  // Of what was sent nothing but sanitised field names may come back, in no case bytes that a terminal would act on.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  for (const secret of [key, revoked, expired, MARK]) expect(body).not.toContain(secret);
  expect(body).not.toMatch(/node:|\.ts\b.*:\d|SELECT |INSERT |\bat \S+ \(/);
  return error;
}

async function expectRefused(answer: Response, status: number, code: string): Promise<Refusal['error']> {
  const error = expectRefusal(await answer.text(), status, code, answer.status);
  expect(answer.headers.get('x-tally-error')).toBe(code);
  expect(answer.headers.get('x-tally-call-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get('x-tally-receipt')).toBeNull();
  return error;
}

/** A chat body with something put into it: `more` stands after the good fields. */
const withMore = (more: string) => GOOD.replace(/}$/, `,${more}}`);
const withMessage = (more: string) => `{"model":"sandbox-fixed-5","messages":[{"role":"user","content":"${MARK}",${more}}]}`;

describe('bad JSON', () => {
  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['white space', '  \n'],
    ['a word', MARK],
    ['an array', `["${MARK}"]`],
    ['a string', `"${MARK}"`],
    ['null', 'null'],
    ['cut', GOOD.slice(0, -1)],
    ['cut in a string', `{"model":"${MARK}`],
    ['two values', GOOD + GOOD],
    ['a trailing comma', GOOD.replace(/}$/, ',}')],
    ['single quotes', `{'model':'${MARK}'}`],
    ['a comment', `/* ${MARK} */${GOOD}`],
    ['NaN', withMore('"temperature":NaN')],
    ['a leading zero', withMore('"temperature":01')],
    ['a number beyond doubles', withMore('"temperature":1e400')],
    ['a bare control character', withMore('"user":"a\u0000b"')],
    ['a NUL after the end', `${GOOD}\u0000`],
    ['a bad escape', withMore('"user":"\\x41"')],
    ['a duplicate key', withMore('"model":"sandbox-small"')],
    ['a duplicate key, escaped', withMore('"mod\\u0065l":"sandbox-small"')],
    ['a duplicate key deep inside', withMessage('"role":"system"')],
    ['a duplicate __proto__', withMore('"metadata":{"__proto__":"a","__proto__":"b"}')],
    ['a byte order mark', `\uFEFF${GOOD}`],
    ['UTF-16', Buffer.from(GOOD, 'utf16le')],
    ['bad UTF-8', Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
    ['an overlong NUL', Buffer.concat([Buffer.from('{"model":"a'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')])],
    ['a surrogate in UTF-8', Buffer.concat([Buffer.from('{"model":"a'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])],
    ['deep nesting', withMore(`"metadata":${'['.repeat(10_000)}${']'.repeat(10_000)}`)],
    [
      'deep nesting in a tool',
      withMore(`"tools":[{"type":"function","function":{"name":"a","parameters":${'{"a":'.repeat(80)}1${'}'.repeat(80)}}}]`),
    ],
  ])('%s', async (name, body) => {
    // A value of the wrong type is found before its depth is.
    const code = name === 'deep nesting' ? 'FIELD_INVALID' : 'BODY_INVALID';
    await expectRefused(await post(body), 400, code);
  });
});

describe('fields', () => {
  it.each([
    ['unknown, at the top', withMore('"frobnicate":1'), 'frobnicate'],
    ['unknown, in a message', withMessage('"frobnicate":1'), 'messages[0].frobnicate'],
    ['unknown, in a tool', withMore('"tools":[{"type":"function","frobnicate":1,"function":{"name":"a"}}]'), 'tools[0].frobnicate'],
    ['unknown, in stream_options', withMore('"stream":true,"stream_options":{"frobnicate":1}'), 'stream_options.frobnicate'],
    ['__proto__', withMore('"__proto__":{"max_tokens":1}'), '__proto__'],
    ['constructor', withMore('"constructor":1'), 'constructor'],
    ['toString in a message', withMessage('"toString":1'), 'messages[0].toString'],
    ['a name with SQL in it', withMore(`"'; DROP TABLE hold; --":1`), '???DROP?TABLE?hold??--'],
    ['a name with a terminal escape', withMore('"\\u001b[31mred":1'), '??31mred'],
    ['web search', withMore('"web_search_options":{}'), 'web_search_options'],
    ['a server tool', withMore('"tools":[{"type":"web_search"}]'), 'tools[0].type'],
    ['audio, as a part', withMessage('"content2":[]').replace(`"${MARK}"`, '[{"type":"input_audio"}]'), 'messages[0].content[0].type'],
    ['a prediction', withMore('"prediction":{"type":"content","content":"a"}'), 'prediction'],
    ['audio', withMore('"modalities":["text","audio"]'), 'modalities[1]'],
    ['another price', withMore('"service_tier":"priority"'), 'service_tier'],
  ])('%s: FIELD_NOT_ALLOWED', async (_, body, field) => {
    const error = await expectRefused(await post(body), 400, 'FIELD_NOT_ALLOWED');
    expect(error.param).toBe(field);
  });

  it.each([
    ['previous_response_id', '"resp_1"'],
    ['conversation', '"conv_1"'],
    ['prompt', '{"id":"pmpt_1"}'],
    ['background', 'true'],
    ['context_management', '[]'],
    ['max_tool_calls', '1'],
    ['tools', '[{"type":"mcp","server_url":"https://example.com"}]'],
    ['tools', '[{"type":"code_interpreter"}]'],
    ['input', '[{"type":"item_reference","id":"msg_1"}]'],
    ['include', '["code_interpreter_call.outputs"]'],
  ])('%s: %s is refused on responses', async (field, json) => {
    const input = field === 'input' ? '' : `"input":"${MARK}",`;
    const error = await expectRefused(
      await post(`{"model":"sandbox-small",${input}"${field}":${json}}`, {}, '/v1/responses'),
      400,
      'FIELD_NOT_ALLOWED',
    );
    expect(error.param).toMatch(new RegExp(`^${field}`));
  });

  it.each([
    ['a limit with an exponent', withMore('"max_tokens":1e9'), 'max_tokens'],
    ['a fraction', withMore('"max_tokens":1.5'), 'max_tokens'],
    ['a whole fraction', withMore('"max_tokens":1.0'), 'max_tokens'],
    ['negative', withMore('"max_tokens":-1'), 'max_tokens'],
    ['minus zero', withMore('"max_tokens":-0'), 'max_tokens'],
    ['zero', withMore('"max_completion_tokens":0'), 'max_completion_tokens'],
    ['above 2^53', withMore('"max_completion_tokens":9007199254740993'), 'max_completion_tokens'],
    ['a hundred digits', withMore(`"max_tokens":${'9'.repeat(100)}`), 'max_tokens'],
    ['a limit as text', withMore('"max_tokens":"10"'), 'max_tokens'],
    ['a limit as a list', withMore('"max_tokens":[10]'), 'max_tokens'],
    ['n = 0', withMore('"n":0'), 'n'],
    ['n = 129', withMore('"n":129'), 'n'],
    ['n = 1e2', withMore('"n":1e2'), 'n'],
    ['stream as text', withMore('"stream":"true"'), 'stream'],
    ['no messages', '{"model":"sandbox-fixed-5"}', 'messages'],
    ['empty messages', '{"model":"sandbox-fixed-5","messages":[]}', 'messages'],
    ['messages as text', `{"model":"sandbox-fixed-5","messages":"${MARK}"}`, 'messages'],
    ['no model', '{"messages":[{"role":"user","content":"a"}]}', 'model'],
    ['model null', '{"model":null,"messages":[{"role":"user","content":"a"}]}', 'model'],
    ['a model of half a surrogate', '{"model":"\\ud800","messages":[{"role":"user","content":"a"}]}', 'model'],
    ['a model of 300 bytes', `{"model":"${'m'.repeat(300)}","messages":[{"role":"user","content":"a"}]}`, 'model'],
    ['an unknown role', withMessage('"name":"a"').replace('"user"', '"root"'), 'messages[0].role'],
    ['no role', `{"model":"sandbox-fixed-5","messages":[{"content":"${MARK}"}]}`, 'messages[0].role'],
  ])('%s: FIELD_INVALID', async (_, body, field) => {
    const error = await expectRefused(await post(body), 400, 'FIELD_INVALID');
    expect(error.param).toBe(field);
  });

  it.each(['2049', '1000000000', '9007199254740991'])(
    'a limit of %s is clamped to the model’s own, and the answer says so',
    async (limit) => {
      const answer = await post(GOOD.replace('sandbox-fixed-5', 'sandbox-small').replace(/}$/, `,"max_tokens":${limit}}`));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-tally-output-limit')).toBe('2048; clamped');
      await answer.text();
    },
  );

  it.each(['none', '__proto__', 'constructor', 'toString', '\\u0000', "sandbox-small' OR '1'='1", '../../etc/passwd', 'SANDBOX-SMALL'])(
    'model %s is unknown',
    async (model) => {
      await expectRefused(await post(`{"model":"${model}","messages":[{"role":"user","content":"a"}]}`), 404, 'MODEL_UNKNOWN');
    },
  );

  it('takes what only looks like rubbish', async () => {
    const odd = withMore(
      `"metadata":{"__proto__":"a","constructor":"b","'; DROP TABLE hold; --":"\\u0000 \\ud800"},"user":"${'u'.repeat(1000)}"`,
    );
    const answer = await post(odd);
    expect(answer.status, await answer.text()).toBe(200);
  });
});

describe('bodies', () => {
  const head = (more: string, path = CHAT) =>
    `POST ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${more}\r\n`;
  const first = (answers: readonly RawAnswer[]): RawAnswer => {
    const [answer] = answers;
    if (answer === undefined) throw new Error('no answer came');
    return answer;
  };

  it('over the limit, by its own word: refused before it is read', async () => {
    const { answers, closed } = await rawHttp(daemon.url, [head(`content-length: ${BODY_BYTES_MAX + 1}\r\n`)], {
      answers: 2,
      withinMs: 1500,
    });
    expectRefusal(first(answers).body, 413, 'BODY_TOO_LARGE', first(answers).status);
    expect(closed).toBe(true);
  });

  it('over the limit, in chunks without a length', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const { answers } = await rawHttp(daemon.url, [head('transfer-encoding: chunked\r\n'), ...Array.from({ length: 8 }, () => chunk)]);
    expectRefusal(first(answers).body, 413, 'BODY_TOO_LARGE', first(answers).status);
    expect(first(answers).headers['connection']).toBe('close');
  });

  it('just within the limit', async () => {
    const filler = BODY_BYTES_MAX - withMore('"user":""').length;
    const answer = await post(withMore(`"user":"${'u'.repeat(filler)}"`));
    expect(answer.status, await answer.text()).toBe(200);
  });

  it('a length of absurd size', async () => {
    for (const length of ['99999999999999999999999999', '1e3', '-1', '0x10', '5, 6']) {
      const { answers } = await rawHttp(daemon.url, [head(`content-length: ${length}\r\n`), GOOD]);
      expect([400, 413], length).toContain(first(answers).status);
    }
  });

  it('a length and chunks at once: refused, for it is how requests are smuggled', async () => {
    const { answers, closed } = await rawHttp(
      daemon.url,
      [head('content-length: 4\r\ntransfer-encoding: chunked\r\n'), '0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'],
      { answers: 2, withinMs: 1500 },
    );
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(closed).toBe(true);
  });

  it('cut short: the caller is gone, and nothing is held', async () => {
    await rawHttp(daemon.url, [head(`content-length: ${GOOD.length + 100}\r\n`), GOOD], { end: true, withinMs: 1500 });
    await noOpenHolds(daemon);
  });

  it('never arriving: BODY_TIMEOUT', async () => {
    const { answers } = await rawHttp(daemon.url, [head('content-length: 100\r\n'), '{', { waitMs: 100 }, '"', { waitMs: 100 }, 'a']);
    expectRefusal(first(answers).body, 408, 'BODY_TIMEOUT', first(answers).status);
  });

  it('compressed', async () => {
    await expectRefused(await post(gzipSync(GOOD), { 'content-encoding': 'gzip' }), 415, 'CONTENT_TYPE_INVALID');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/jsonp',
    'application/json-seq',
    '',
  ])('of type “%s”', async (type) => {
    const { answers } = await rawHttp(daemon.url, [
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\n${type && `content-type: ${type}\r\n`}content-length: ${GOOD.length}\r\n\r\n${GOOD}`,
    ]);
    expectRefusal(first(answers).body, 415, 'CONTENT_TYPE_INVALID', first(answers).status);
  });

  it('with a charset is JSON too', async () => {
    expect((await post(GOOD, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('pipelined: each is answered, in order', async () => {
    const one = (body: string) => `${head(`content-length: ${body.length}\r\n`)}${body}`;
    const { answers } = await rawHttp(daemon.url, [one(GOOD) + one('{') + one(GOOD)], { answers: 3 });
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200]);
  });

  it('waits for 100-continue', async () => {
    const { answers } = await rawHttp(daemon.url, [
      head(`content-length: ${GOOD.length}\r\nexpect: 100-continue\r\n`),
      { waitMs: 50 },
      GOOD,
    ]);
    expect(first(answers).status).toBe(200);
  });
});

describe('keys', () => {
  const with_ = (authorization: string | undefined) =>
    fetch(daemon.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      body: GOOD,
    });

  it('missing', async () => {
    await expectRefused(await with_(undefined), 401, 'AUTH_MISSING');
  });

  it.each([
    `Bearer tk_${'A'.repeat(43)}`,
    'Bearer tk_short',
    'Bearer ',
    'Bearer',
    `Basic ${btoa('user:password')}`,
    `Bearer sk-${MARK}`,
    `Bearer tk_${'A'.repeat(5000)}`,
    `Bearer tk_' OR '1'='1`,
    `tk_${'A'.repeat(43)}`,
  ])('unknown or malformed: %s', async (authorization) => {
    await expectRefused(await with_(authorization), 401, 'AUTH_INVALID');
  });

  it('good, but with something behind it', async () => {
    for (const bad of [`Bearer ${key}x`, `Bearer ${key} x`, `Bearer ${key},Bearer ${key}`, `Bearer ${key.toUpperCase()}`]) {
      await expectRefused(await with_(bad), 401, 'AUTH_INVALID');
    }
  });

  it('revoked and expired', async () => {
    await expectRefused(await with_(`Bearer ${revoked}`), 401, 'KEY_REVOKED');
    await expectRefused(await with_(`Bearer ${expired}`), 401, 'KEY_EXPIRED');
    const list = (secret: string) => fetch(`${daemon.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
    await expectRefused(await list(revoked), 401, 'KEY_REVOKED');
    await expectRefused(await list(expired), 401, 'KEY_EXPIRED');
  });

  it('the operator’s token is no key, and a key is no token', async () => {
    const metrics = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
    expect(metrics.status).toBe(403);
    expect(await metrics.text()).not.toContain(key);
  });

  it.each(['', 'ключ', 'a b', 'x'.repeat(256), 'a\tb'])('an idempotency key “%s” is refused', async (idempotency) => {
    const bytes = Buffer.from(idempotency).toString('latin1');
    const error = await expectRefused(await post(GOOD, { 'idempotency-key': bytes }), 400, 'INPUT_INVALID');
    expect(error.param).toBe('idempotency-key');
  });
});

describe('HTTP', () => {
  const auth = () => ({ authorization: `Bearer ${key}` });

  it.each([
    ['GET', CHAT, 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['PUT', CHAT, 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['DELETE', '/v1/models', 405, 'METHOD_NOT_ALLOWED', 'GET'],
    ['POST', '/v1/models/sandbox-small', 405, 'METHOD_NOT_ALLOWED', 'GET'],
    ['OPTIONS', CHAT, 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['GET', '/v1', 404, 'ROUTE_UNKNOWN', null],
    ['POST', '/v1/', 404, 'ROUTE_UNKNOWN', null],
    ['POST', '/v1/chat/completions/', 404, 'ROUTE_UNKNOWN', null],
    ['POST', '/v1/files', 404, 'ROUTE_UNKNOWN', null],
    ['POST', '/v1/__proto__', 404, 'ROUTE_UNKNOWN', null],
    ['GET', '/v1/models/%FF', 404, 'ROUTE_UNKNOWN', null],
    ['GET', '/v1/models/__proto__', 404, 'MODEL_UNKNOWN', null],
    ['GET', '/v1/models/', 404, 'ROUTE_UNKNOWN', null],
    ['GET', `/v1/models/${'m'.repeat(5000)}`, 404, 'MODEL_UNKNOWN', null],
  ])('%s %s', async (method, path, status, code, allow) => {
    const answer = await fetch(daemon.url + path, { method, headers: auth() });
    await expectRefused(answer, status, code);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it.each(['/', '/nothing', '/api/receipts/../x', '/api/receipts/zz', `/api/receipts/${"'".repeat(32)}`, '/api/admin/none', '/.env', '//'])(
    'GET %s outside the dialect is refused as well',
    async (path) => {
      const answer = await fetch(daemon.url + path);
      const { error } = (await answer.json()) as { error: { code: string; message: string; fix: string } };
      expect([401, 403, 404]).toContain(answer.status);
      expect(error.code).toMatch(/^(ROUTE_UNKNOWN|NOT_FOUND|AUTH_MISSING|FORBIDDEN)$/);
    },
  );

  it('headers over the limit', async () => {
    const big = `GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\nx-big: ${'b'.repeat(20_000)}\r\n\r\n`;
    const { answers, closed } = await rawHttp(daemon.url, [big], { answers: 2, withinMs: 1500 });
    expectRefusal(answers[0]?.body ?? '', 431, 'HEADERS_TOO_LARGE', answers[0]?.status ?? 0);
    expect(closed).toBe(true);
  });

  it.each([
    ['no HTTP at all', `${MARK}\r\n\r\n`],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['a bad version', 'GET /v1/models HTTP/9.9\r\nhost: a\r\n\r\n'],
    ['a bad header', 'GET /v1/models HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n'],
    ['a space before the colon', 'GET /v1/models HTTP/1.1\r\nhost : a\r\n\r\n'],
    ['a NUL in a header', 'GET /v1/models HTTP/1.1\r\nhost: a\r\nx: a\u0000b\r\n\r\n'],
    ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n'],
    [
      'a bad chunk',
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer tk\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    ],
  ])('%s', async (_, bytes) => {
    const { answers } = await rawHttp(daemon.url, [bytes], { withinMs: 1500 });
    expect([400, 401]).toContain(answers[0]?.status);
    expect(JSON.stringify(answers)).not.toContain(MARK);
  });

  it.each([
    ['a strange host', 'GET /healthz HTTP/1.1\r\nhost: a b\r\n\r\n'],
    ['a host with a path', 'GET /healthz HTTP/1.1\r\nhost: a/b?c\r\n\r\n'],
    ['an empty host', 'GET /healthz HTTP/1.1\r\nhost:\r\n\r\n'],
    ['a target with a host', 'GET http://evil.example/v1/models HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a target that is no path', 'GET v1/models HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['an upgrade', 'GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
    ['TRACE', 'TRACE /v1/models HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a fragment', 'GET /v1/models#x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ])('%s does not fell it', async (_, bytes) => {
    const { answers } = await rawHttp(daemon.url, [bytes], { withinMs: 1500 });
    for (const { status, body } of answers) {
      expect(status, body).toBeLessThan(500);
      expect(body).not.toMatch(/\bat \S+ \(/);
    }
  });
});

const operatorToken = () => readFileSync(join(daemon.dir, 'data', 'admin-token'), 'utf8').trim();

describe('operator’s routes', () => {
  it.each([
    ['{', 'BODY_INVALID'],
    ['[]', 'INPUT_INVALID'],
    ['{"name":"a","provider":"none","api_key":"k","cap":1}', 'INPUT_INVALID'],
    [`{"name":"a","provider":"sandbox","api_key":"${MARK}\\u0000","cap":1}`, 'INPUT_INVALID'],
    [`{"name":"a","provider":"sandbox","api_key":"${MARK}","cap":1e30}`, 'INPUT_INVALID'],
    [`{"name":"a","provider":"sandbox","api_key":"${MARK}","cap":"1.5"}`, 'INPUT_INVALID'],
    [`{"name":"a","provider":"openai","api_key":"${MARK}","cap":1,"base_url":"http://169.254.169.254/"}`, 'INPUT_INVALID'],
    [`{"name":"a","provider":"openai","api_key":"${MARK}","cap":1,"base_url":"https://u:${MARK}@example.com"}`, 'INPUT_INVALID'],
    [`{"name":"a","provider":"sandbox","api_key":"k","cap":1,"${MARK.repeat(10)}":1}`, 'INPUT_INVALID'],
    ['{"name":"<script>","provider":"sandbox","api_key":"k","cap":1}', 'INPUT_INVALID'],
  ])('%s', async (body, code) => {
    const headers = { authorization: `Bearer ${operatorToken()}`, 'content-type': 'application/json' };
    const answer = await fetch(`${daemon.url}/api/admin/sources`, { method: 'POST', headers, body });
    const text = await answer.text();
    expect(answer.status, text).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code } });
    // The name of an unknown field is shown, at most 64 characters of it; a value never is.
    if (!body.includes(MARK.repeat(2))) expect(text).not.toContain(MARK);
  });
});

describe('after all of it', () => {
  it('the daemon lives, holds nothing, spent what was served, and said nothing untoward', async () => {
    expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200);
    await expectSoundBooks(daemon);
    const metrics = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${operatorToken()}` } });
    const text = await metrics.text();
    expect(text).toMatch(/^tally_ledger_open_holds 0$/m);
    expect(text).toMatch(/^tally_calls_in_flight 0$/m);
    expect(text).not.toMatch(/outcome="INTERNAL"/);
    expect(daemon.stderr()).not.toMatch(/\n\s+at |Error:|failed inside/);
    expect(daemon.stderr()).not.toContain(MARK);
    const source = await addSource(daemon, { name: 'last', provider: 'sandbox', api_key: 'k', cap: 1 });
    expect(source.state).toBe('active');
  });
});
