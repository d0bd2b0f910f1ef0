import { responseHash, saltKeyOf } from '@tallystick/core';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, expectSoundBooks, verifiedReceipt } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type Arrived, goodAnswer, type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

const MODEL = 'gpt-4o-mini';
const EMBEDDER = 'text-embedding-3-small';
const DEFAULT_OUTPUT = '4096';
const MODEL_OUTPUT = 16_384;
const SECRET = 'sk-verbatim-0123456789abcdefghijkl';
/** Requests per property: each is a durable hold and a settlement. */
const RUNS = 120;

type Side = { readonly name: 'openai' | 'openai-compatible'; key: string; readonly limit: string; readonly other: string };

let upstream: RecordingUpstream;
let daemon: TestDaemon;
/** A server that only speaks the dialect is sent the older name of the limit. */
const SIDES: readonly Side[] = [
  { name: 'openai', key: '', limit: 'max_completion_tokens', other: 'max_tokens' },
  { name: 'openai-compatible', key: '', limit: 'max_tokens', other: 'max_completion_tokens' },
];

beforeAll(async () => {
  upstream = await startRecordingUpstream();
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  const text = { window: 128_000, maxOutput: MODEL_OUTPUT, endpoints: ['chat', 'responses'] };
  for (const side of SIDES) {
    const declared = side.name === 'openai' ? {} : { [MODEL]: text, [EMBEDDER]: { window: 8192, maxOutput: 0, endpoints: ['embeddings'] } };
    const facts = { provider: side.name, base_url: upstream.url, api_key: SECRET, cap: 100_000_000, models: declared };
    const source = await addSource(daemon, { name: side.name, ...facts });
    side.key = (await addKey(daemon, { name: side.name, sources: [source.id] })).virtual_key;
  }
});

afterAll(async () => {
  await daemon?.dispose();
  await upstream?.close();
});

async function send(side: Side, path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Arrived> {
  const before = upstream.arrived.length;
  const own = { authorization: `Bearer ${side.key}`, 'content-type': 'application/json' };
  const answer = await fetch(daemon.url + path, { method: 'POST', headers: { ...own, ...headers }, body: Buffer.from(body) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  expect(upstream.arrived.length).toBe(before + 1);
  return upstream.arrived.at(-1) as Arrived;
}

/** A member as the caller writes it: white space before the name, around the colon and after the value. */
type Member = {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly spaces: readonly [string, string, string, string];
};

const write = ({ key, value, spaces: [before, colon, gap, after] }: Member) => `${before}${key}${colon}:${gap}${value}${after}`;
const writeAll = (members: readonly Member[], empty: string) => `{${members.length === 0 ? empty : members.map(write).join(',')}}`;

const space = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.array(fc.constantFrom(' ', '\n', '\r', '\t'), { maxLength: 3 }).map((all) => all.join('')),
);

/** One character of a string, in any of the ways in which JSON lets it be written. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).map((char) => JSON.stringify(char).slice(1, -1)) },
  fc.integer({ min: 0, max: 0xffff }).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  fc.integer({ min: 0, max: 0xd7ff }).map((unit) => `\\u${unit.toString(16).toUpperCase().padStart(4, '0')}`),
  fc.constantFrom('\\/', '\\b', '\\f', '\\"', '\\\\', '/', '\u2028', '\u007f', '\ufeff', '\\ud83d\\ude00', '😀'),
);
const string = fc.array(character, { maxLength: 12 }).map((all) => `"${all.join('')}"`);
const number = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1E+2',
    '1e-7',
    '0.1000000000000000055',
    '123456789012345678901234567890',
    '1.0',
    '2e0',
    '-0.0',
    '0.30000000000000004',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => String(value).replace('e+', 'E+')),
  fc.bigInt().map(String),
);
const anyValue = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(string, number, fc.constantFrom('true', 'false', 'null')),
    fc.tuple(space, fc.array(tie('value'), { maxLength: 3 })).map(([gap, all]) => `[${gap}${all.join(`${gap},`)}]`),
    fc
      .tuple(space, fc.array(tie('value'), { maxLength: 3 }))
      .map(([gap, all]) => `{${all.map((each, i) => `${gap}"k${i}"${gap}:${each}`).join(',')}${gap}}`),
  ),
})).value;

/** The field's name as it is, or with one letter as an escape: the same key to every parser. */
function spelled(name: string): fc.Arbitrary<string> {
  const escaped = fc
    .nat(name.length - 1)
    .map((at) => `"${name.slice(0, at)}\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}${name.slice(at + 1)}"`);
  return fc.oneof({ weight: 5, arbitrary: fc.constant(JSON.stringify(name)) }, escaped);
}

function member(name: string, value: fc.Arbitrary<string>): fc.Arbitrary<Member> {
  return fc.record({ name: fc.constant(name), key: spelled(name), value, spaces: fc.tuple(space, space, space, space) });
}

const limitValue = fc.oneof(fc.constant('null'), fc.constantFrom('1', '77', '16384', '16385', '1000000000', '9007199254740991'));
const messages = fc.tuple(space, string).map(([gap, text]) => `[${gap}{"role":"user",${gap}"content":${text}}${gap}]`);
const metadata = fc.array(string, { maxLength: 3 }).map((all) => `{${all.map((each, i) => `"m${i}":${each}`).join(', ')}}`);
const OPTIONAL: Readonly<Record<string, fc.Arbitrary<string>>> = {
  temperature: number,
  top_p: number,
  seed: fc.constantFrom('1', '-5', '9007199254740991', 'null'),
  user: string,
  metadata,
  stop: fc.oneof(
    string,
    string.map((each) => `[${each}]`),
  ),
  logit_bias: number.map((each) => `{"50256": ${each}}`),
  tools: anyValue.map((each) => `[{"type":"function","function":{"name":"f","parameters":${each}}}]`),
  response_format: anyValue.map((each) => `{"type":"json_schema","json_schema":${each}}`),
  store: fc.constantFrom('true', 'false', 'null'),
};

/** The white space inside `{ }` of an object without members, and the members in any order. */
const chatMembers = fc
  .tuple(
    fc.subarray(Object.keys(OPTIONAL)),
    fc.record(Object.fromEntries(Object.entries(OPTIONAL).map(([name, value]) => [name, member(name, value)]))),
    member('model', fc.constantFrom(`"${MODEL}"`, `"gpt-4\\u006f-mini"`)),
    member('messages', messages),
    fc.option(member('max_tokens', limitValue), { nil: null }),
    fc.option(member('max_completion_tokens', limitValue), { nil: null }),
  )
  .chain(([names, all, ...fixed]) => {
    const chosen = [...names.map((name) => all[name] as Member), ...fixed.filter((each) => each !== null)];
    return fc.shuffledSubarray(chosen, { minLength: chosen.length });
  });

/** The limit that the gateway must send: the smaller of those that were named, at most the model's own. */
function wantedLimit(members: readonly Member[]): string {
  const named = members
    .filter(({ name, value }) => /^max_(completion_)?tokens$/.test(name) && value !== 'null')
    .map(({ value }) => Number(value));
  return named.length === 0 ? DEFAULT_OUTPUT : String(Math.min(...named, MODEL_OUTPUT));
}

/** Cuts an object's text into its members' name and value, by counting brackets outside of strings: a way of its own, to compare with. */
function membersOf(text: string): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  let depth = 0;
  let at = text.indexOf('{') + 1;
  let start = at;
  let colon = -1;
  for (; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === '"') at = (/^"(?:[^"\\]|\\.)*"/s.exec(text.slice(at))?.[0].length as number) + at - 1;
    else if (char === ':' && depth === 0) colon = at;
    else if ((char === ',' || char === '}') && depth === 0) {
      if (colon > 0) found.push([JSON.parse(text.slice(start, colon)) as string, text.slice(colon + 1, at).trim()]);
      start = at + 1;
      colon = -1;
      if (char === '}') return found;
    } else if ('[{'.includes(char)) depth += 1;
    else if (']}'.includes(char)) depth -= 1;
  }
  return found;
}

describe.each(SIDES)('chat bodies to $name', (side) => {
  /** What must arrive, byte for byte; null where a member is taken out, so that only names, values and their order are told. */
  function expected(members: readonly Member[], empty: string): string | null {
    if (members.some(({ name }) => name === side.other)) return null;
    const limit = wantedLimit(members);
    const replaced = members.map((each) => (each.name === side.limit ? { ...each, value: limit } : each));
    if (replaced.some(({ name }) => name === side.limit)) return writeAll(replaced, empty);
    const last = replaced.at(-1) as Member;
    const [before, colon, gap, after] = last.spaces;
    // The new member follows the last value directly; the white space that stood before the brace stays there.
    return `{${replaced
      .slice(0, -1)
      .map((each) => `${write(each)},`)
      .join('')}${before}${last.key}${colon}:${gap}${last.value},"${side.limit}":${limit}${after}}`;
  }

  it('differ only in the output limit', async () => {
    await fc.assert(
      fc.asyncProperty(chatMembers, space, space, async (members, around, empty) => {
        const text = `${around}${writeAll(members, empty)}${around}`;
        const { body } = await send(side, '/v1/chat/completions', Buffer.from(text));
        const exact = expected(members, empty);
        if (exact !== null) expect(body.toString()).toBe(around + exact + around);
        const limit = wantedLimit(members);
        const kept = members
          .filter(({ name }) => name !== side.other)
          .map(({ name, value }) => [name, name === side.limit ? limit : value] as const);
        const added = members.some(({ name }) => name === side.limit) ? [] : [[side.limit, limit] as const];
        expect(membersOf(body.toString())).toEqual([...kept, ...added]);
        expect(body.toString().startsWith(around) && body.toString().endsWith(around)).toBe(true);
        JSON.parse(body.toString());
      }),
      { numRuns: RUNS },
    );
  });

  it('and, in streams, in include_usage', async () => {
    const option = fc.constantFrom('true', 'false');
    const inner = fc.tuple(
      fc.option(member('include_usage', option), { nil: null }),
      fc.option(member('include_obfuscation', option), { nil: null }),
    );
    const options = fc.oneof(
      fc.constant({ json: null, asked: false }),
      fc.constant({ json: 'null', asked: false }),
      fc.tuple(inner, space).map(([pair, gap]) => {
        const all = pair.filter((each) => each !== null);
        return { json: writeAll(all, gap), asked: all.some(({ name, value }) => name === 'include_usage' && value === 'true') };
      }),
    );
    await fc.assert(
      fc.asyncProperty(options, space, async ({ json, asked }, gap) => {
        const given = json === null ? '' : `,${gap}"stream_options"${gap}:${json}`;
        const text = `{"model":"${MODEL}",${gap}"stream": true${given},"messages":[{"role":"user","content":"a"}],"${side.limit}":9${gap}}`;
        const { body } = await send(side, '/v1/chat/completions', Buffer.from(text));
        if (asked) {
          expect(body.toString()).toBe(text);
          return;
        }
        const sent = new Map(membersOf(body.toString()));
        const before = json === null || json === 'null' ? [] : membersOf(json);
        const now = membersOf(sent.get('stream_options') as string);
        const without = (pairs: readonly (readonly [string, string])[]) => pairs.filter(([name]) => name !== 'include_usage');
        expect(without(now)).toEqual(without(before));
        expect(now.filter(([name]) => name === 'include_usage')).toEqual([['include_usage', 'true']]);
        const rest = (text_: string) => membersOf(text_).filter(([name]) => name !== 'stream_options');
        expect(rest(body.toString())).toEqual(rest(text));
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('of responses differ only in max_output_tokens', async () => {
    const input = fc.oneof(string, messages);
    await fc.assert(
      fc.asyncProperty(input, anyValue, fc.option(limitValue, { nil: null }), space, async (said, any, limit, gap) => {
        const head = `{${gap}"input":${said},"text":{"format":${any}}${gap}`;
        const middle = `,"model"${gap}:"${MODEL}"`;
        const given = limit === null ? '' : `,"max_output_tokens":${gap}${limit}`;
        const { body } = await send(side, '/v1/responses', Buffer.from(`${head}${middle}${given}${gap}}`));
        const value = limit === null || limit === 'null' ? DEFAULT_OUTPUT : String(Math.min(Number(limit), MODEL_OUTPUT));
        const field = limit === null ? `,"max_output_tokens":${value}` : `,"max_output_tokens":${gap}${value}`;
        expect(body.toString()).toBe(`${head}${middle}${field}${gap}}`);
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('of embeddings do not differ at all', async () => {
    const tokens = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 4 }).map((all) => `[${all.join(' ,')}]`);
    const input = fc.oneof(
      string,
      tokens,
      fc.array(string, { minLength: 1, maxLength: 3 }).map((all) => `[${all.join(',\n')}]`),
    );
    await fc.assert(
      fc.asyncProperty(input, space, async (said, gap) => {
        const text = `${gap}{"input":${gap}${said},"model":"${EMBEDDER}"${gap},"encoding_format":"base64"}${gap}`;
        expect((await send(side, '/v1/embeddings', Buffer.from(text))).body.toString()).toBe(text);
      }),
      { numRuns: RUNS / 4 },
    );
  });
});

describe('headers that reach the upstream', () => {
  const BODY = Buffer.from(`{"model":"${MODEL}","messages":[{"role":"user","content":"a"}]}`);
  const leaky = {
    cookie: 'session=caller',
    forwarded: 'for=1.2.3.4',
    'x-forwarded-for': '1.2.3.4',
    'x-real-ip': '1.2.3.4',
    'api-key': 'caller',
    'openai-organization': 'org-caller',
    'openai-project': 'proj-caller',
    'openai-beta': 'assistants=v2',
    referer: 'https://caller.example',
    origin: 'https://caller.example',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'idempotency-key': 'caller-1',
    'x-stainless-os': 'Linux',
    'user-agent': 'caller/1',
    'accept-language': 'tlh',
    'accept-encoding': 'gzip, br',
    te: 'trailers',
  };

  it.each(SIDES)('are exactly these to $name, whatever the caller sends', async (side) => {
    const arrived = await send(side, '/v1/chat/completions', BODY, { ...leaky, 'idempotency-key': `caller-${side.name}` });
    const host = new URL(upstream.url).host;
    expect(Object.fromEntries(arrived.headers.map(([name, value]) => [name.toLowerCase(), value]))).toEqual({
      host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      authorization: `Bearer ${SECRET}`,
      'content-length': String(arrived.body.length),
    });
    expect(arrived.headers).toHaveLength(7);
    expect([arrived.method, arrived.path]).toEqual(['POST', '/base/v1/chat/completions']);
  });

  it('nor does the query', async () => {
    const { path } = await send(SIDES[0] as Side, `/v1/chat/completions?api-version=1&user=${(SIDES[0] as Side).key}`, BODY);
    expect(path).toBe('/base/v1/chat/completions');
  });
});

describe('answers', () => {
  const side = () => SIDES[0] as Side;
  const post = (stream: boolean) =>
    fetch(`${daemon.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${side().key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'a' }], stream }),
    });
  const CHUNK = { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] };

  it('in JSON are the upstream’s bytes, but none of its headers', async () => {
    const odd = `{ "usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2} ,"n":0.1000000000000000055,"a":"\\u00e9\\/é","a":2}\n`;
    upstream.answer = (_, res) => {
      res
        .writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'set-cookie': 'a=b',
          server: 'upstream',
          'x-request-id': 'theirs',
        })
        .end(odd);
    };
    const answer = await post(false);
    expect(await answer.text()).toBe(odd);
    for (const name of ['set-cookie', 'server']) expect(answer.headers.get(name)).toBeNull();
    expect(answer.headers.get('x-request-id')).toBe(answer.headers.get('x-tally-call-id'));
    upstream.answer = goodAnswer;
  });

  it('in streams lose only the usage that was not asked for', async () => {
    const frames = [
      ': a comment\n\n',
      'data: {"choices":[{"index":0,"delta":{"content":"é"}}], "usage" : null , "z":1.0}\r\n\r\n',
      'event: x\ndata: {"y":1}\n\n',
    ];
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n';
    upstream.answer = (_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${frames.join('')}${usage}data: [DONE]\n\n`);
    };
    const shown = frames.join('').replace(', "usage" : null', '');
    expect(await (await post(true)).text()).toBe(`${shown}data: [DONE]\n\n`);
    upstream.answer = goodAnswer;
  });

  it.each([
    ['ends inside a frame', true],
    ['breaks inside a frame', false],
  ])('a stream that %s: the SDK raises our error, and the receipt covers what was delivered', async (_, clean) => {
    upstream.answer = async (_arrived, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(`data: ${JSON.stringify(CHUNK)}\n\ndata: {"id":"x","choi`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (clean) res.end();
      else res.destroy();
    };
    const ai = new OpenAI({ apiKey: side().key, baseURL: `${daemon.url}/v1`, maxRetries: 0 });
    const stream = await ai.chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'a' }], stream: true });
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(seen).toEqual(['Hi']);
    const answer = await post(true);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const { receipt, detail } = await verifiedReceipt(daemon, String(answer.headers.get('x-tally-receipt')));
    expect(detail).toMatchObject({ complete: false, outcome: 'burned' });
    expect(responseHash(saltKeyOf(side().key), receipt.callId, bytes, false)).toBe(receipt.responseHash);
    upstream.answer = goodAnswer;
  });
});

describe('usage that is reported as the stream goes', () => {
  const side = () => SIDES[1] as Side;
  const chunk = (tokens: number, finish: string | null, index = 0) =>
    `data: ${JSON.stringify({
      id: 'x',
      choices: [{ index, delta: { content: 'word ' }, finish_reason: finish }],
      usage: { prompt_tokens: 3, completion_tokens: tokens, total_tokens: tokens + 3 },
    })}\n\n`;

  async function settled(frames: readonly string[], n: number, broken: boolean): Promise<{ charged: bigint; held: bigint }> {
    upstream.answer = async (_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(frames.join(''));
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (broken) res.destroy();
      else res.end();
    };
    const answer = await fetch(`${daemon.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${side().key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'a' }], stream: true, max_tokens: 50, n }),
    });
    await answer.text();
    upstream.answer = goodAnswer;
    const { receipt } = await verifiedReceipt(daemon, String(answer.headers.get('x-tally-receipt')));
    return { charged: receipt.charged, held: BigInt(answer.headers.get('x-tally-held') ?? '0') };
  }

  it.each([
    ['broken off', [chunk(1, null), chunk(2, null)], 1, true],
    ['ended too early', [chunk(1, null), chunk(2, null)], 1, false],
    [
      'broken off after an end that it did not count',
      [chunk(1, null), 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'],
      1,
      true,
    ],
    ['broken off while another choice went on', [chunk(2, 'stop', 0), chunk(3, null, 1)], 2, true],
    ['failed', [chunk(1, null), 'data: {"error":{"message":"no","code":"x"}}\n\n', 'data: [DONE]\n\n'], 1, false],
  ])('%s: the upstream may bill more than it has said, so the whole hold is spent', async (_, frames, n, broken) => {
    const { charged, held } = await settled(frames, n, broken);
    expect(charged).toBe(held);
  });

  it.each([
    ['at the good end', [chunk(1, null), chunk(2, 'stop'), 'data: [DONE]\n\n'], 1, false],
    ['though the connection broke after it', [chunk(1, null), chunk(2, 'stop')], 1, true],
  ])('stands %s', async (_, frames, n, broken) => {
    expect((await settled(frames, n, broken)).charged).toBe(5n);
  });

  it('does not stand where it came beside one of two choices: it may be that one’s alone', async () => {
    expect((await settled([chunk(1, 'stop', 0), chunk(2, 'stop', 1)], 2, true)).charged).toBe(128_050n);
  });
});

describe('after all of it', () => {
  it('the books agree', async () => {
    await expectSoundBooks(daemon);
  });
});
