import { Buffer } from 'node:buffer';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { Stage } from '../support/stage.ts';
import { stream as streamOf, type Voice } from '../support/voices.ts';
import { answer, body, bytes, type Faults, frames, itEnds, streamed, TEXT } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_ANSWER_BYTES_MAX: '300000', TALLY_UPSTREAM_IDLE_MS: '2000', TALLY_UPSTREAM_HEADERS_MS: '2000' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const both = (ending: string) => ({ json: ending, stream: ending });
const METERED = '200 → metered 7';
const BURNED = '502 UPSTREAM_ERROR → burned';
const BOUND = '502 UPSTREAM_ERROR → bound';
/** The caller had its status before the fault came. */
const LOST = '200 UPSTREAM_ERROR → burned';

const good = (v: Voice) => streamOf(v, TEXT, v.usage(4, 3));
const json = (v: Voice) => v.json(TEXT, v.usage(4, 3));
/** Each byte is a chunk of its own, so no character, frame or line comes whole. */
const byByte = (make: (voice: Voice) => string) =>
  bytes((v) => {
    const chunks = [...Buffer.from(make(v))].map((byte) => Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]));
    return Buffer.concat([Buffer.from(STREAM_HEAD), ...chunks, Buffer.from(STREAM_END)]);
  });
/** With a length that counts its bytes, whatever they are. */
const binary = (content: Buffer, headers = 'content-type: application/json\r\n') =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}content-length: ${content.length}\r\n\r\n`), content]);
const packed = (name: string, pack: (text: string) => Buffer) =>
  bytes((v, stream) => {
    const content = pack(stream ? good(v) : json(v));
    const type = stream ? 'text/event-stream' : 'application/json';
    return binary(content, `content-type: ${type}\r\ncontent-encoding: ${name}\r\n`);
  });

describe('a body that is no answer:', () => {
  const faults: Faults = {
    'an error with status 200': { plays: body((v) => v.errorBody('overloaded')), ...both(BOUND) },
    'a page of HTML': { plays: body(() => '<!doctype html><title>Sign in</title>', ''), ...both(BOUND) },
    'nothing at all': { plays: body(() => ''), ...both(BOUND) },
    'status 204': { plays: bytes(() => 'HTTP/1.1 204 No Content\r\n\r\n'), ...both(BOUND) },
    'a JSON list': { plays: body((v) => `[${json(v)}]`), ...both(BOUND) },
    'a JSON text': { plays: body(() => '"hello"'), ...both(BOUND) },
    'JSON that breaks off': { plays: body((v) => json(v).slice(0, -9)), ...both(BOUND) },
    'JSON and something after it': { plays: body((v) => `${json(v)}{}`), ...both(BOUND) },
    'bytes that are no UTF-8': { plays: bytes(() => binary(Buffer.from('{"a":"\xff\xfe"', 'latin1'))), ...both(BOUND) },
  };
  itEnds(() => stage, faults, true);
});

describe('a form that was not asked for:', () => {
  const faults: Faults = {
    'JSON in place of a stream': { plays: body(json), stream: METERED },
    'a stream in place of JSON': { plays: frames(good), json: BOUND },
    'a stream that calls itself JSON': { plays: bytes((v) => whole(good(v))), stream: BOUND },
    'JSON that calls itself a stream': {
      plays: bytes((v) => `${STREAM_HEAD}${streamed(json(v)).slice(STREAM_HEAD.length)}`),
      stream: LOST,
    },
    'JSON without a content type': {
      plays: bytes((v) => `HTTP/1.1 200 OK\r\ncontent-length: ${json(v).length}\r\n\r\n${json(v)}`),
      json: METERED,
    },
    'status 201': { plays: bytes((v) => whole(json(v)).replace('200 OK', '201 Created')), json: '201 → metered 7' },
    'a text that is no UTF-8': { plays: bytes((v) => binary(Buffer.from(v.json('\xff', v.usage(4, 3)), 'latin1'))), json: METERED },
    'packed with gzip': { plays: packed('gzip', gzipSync), ...both(BURNED) },
    'packed with brotli': { plays: packed('br', brotliCompressSync), ...both(BURNED) },
    'called packed though it is not': { plays: body(json, 'content-encoding: gzip\r\n'), ...both(BURNED) },
    'called packed with nothing': { plays: body(json, 'content-encoding: identity\r\n'), json: METERED },
  };
  itEnds(() => stage, faults, true);
});

describe('a stream that is cut otherwise than it was sent:', () => {
  const words = 'hé 🙂 你好';
  const said = (v: Voice) => streamOf(v, words, v.usage(4, 3));
  const faults: Faults = {
    'byte by byte': { plays: byByte(said), stream: METERED },
    'with CRLF': { plays: frames((v) => said(v).replaceAll('\n', '\r\n')), stream: METERED },
    'with bare CR': { plays: frames((v) => said(v).replaceAll('\n', '\r')), stream: METERED },
    'with CRLF, byte by byte': { plays: byByte((v) => said(v).replaceAll('\n', '\r\n')), stream: METERED },
    'with comments and blank lines between': { plays: frames((v) => said(v).replaceAll('\n\n', '\n\n: ping\n\n\n')), stream: METERED },
    'with a byte order mark': { plays: byByte((v) => `\ufeff${said(v)}`), stream: METERED },
    'with its last frame left open': { plays: frames((v) => said(v).trimEnd()), stream: METERED },
  };
  itEnds(() => stage, faults, true);
});

describe('frames that do not belong:', () => {
  const junk = 'data: {broken\n\nevent: x\ndata: [1,2]\n\nhello\n\ndata: null\n\nid: 7\nretry: 1\n\n';
  const begun = (v: Voice) => v.open() + v.text(TEXT);
  const faults: Faults = {
    'junk before, between and after': {
      plays: frames((v) => junk + begun(v) + junk + v.stop(v.usage(4, 3)) + v.end + junk),
      stream: METERED,
    },
    'junk alone': { plays: frames(() => junk), stream: LOST },
    'nothing at all': { plays: frames(() => ''), stream: LOST },
    'an error at once': { plays: frames((v) => v.errorFrame), stream: LOST },
    'an error in the midst': { plays: frames((v) => begun(v) + v.errorFrame), stream: LOST },
    'an error in the midst, then the rest as if nothing were': {
      plays: frames((v) => begun(v) + v.errorFrame + v.stop(v.usage(4, 3)) + v.end),
      stream: '200 UPSTREAM_ERROR → metered 7',
    },
    'an error after the last report': {
      plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.errorFrame),
      stream: '200 UPSTREAM_ERROR → metered 7',
    },
    'no end marker': { plays: frames((v) => begun(v) + v.stop(v.usage(4, 3))), stream: METERED },
    'no stop': {
      plays: frames((v) => begun(v) + v.end),
      stream: '200 → bound',
      but: { responses: { stream: LOST }, generate: { stream: LOST } },
    },
    'no beginning': { plays: frames((v) => v.text(TEXT) + v.stop(v.usage(4, 3)) + v.end), stream: METERED },
    'an end before anything': {
      plays: frames((v) => v.end + begun(v) + v.stop(v.usage(4, 3)) + v.end),
      but: { chat: { stream: '200 → bound' }, messages: { stream: '200 → bound' } },
    },
    'a stop for a choice that nobody asked for': {
      plays: frames((v) => begun(v) + v.stop().replace('"index":0', '"index":7') + v.report(v.usage(4, 3))),
      but: { chat: { stream: METERED }, generate: { stream: LOST } },
    },
  };
  itEnds(() => stage, faults, true);
});

describe('too much:', () => {
  const line = (bytes: number) => `data: ${'x'.repeat(bytes)}`;
  const faults: Faults = {
    'a body larger than this gateway takes': { plays: body(() => `{"a":"${'x'.repeat(400_000)}"}`), ...both(BURNED) },
    'a stream larger than this gateway takes': { plays: frames((v) => v.open() + ': ping\n\n'.repeat(50_000)), stream: LOST },
    'one frame without end': { plays: frames(() => line(400_000)), stream: LOST },
    'a chunk that says it has 4 GiB': { plays: bytes(() => `${STREAM_HEAD}ffffffff\r\n${line(400_000)}`), stream: LOST },
    'JSON nested 100,000 deep': { plays: body(() => `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), json: '200 → bound' },
    'a frame nested 100,000 deep': {
      plays: frames((v) => `data: {"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n\n${good(v)}`),
      stream: METERED,
    },
  };
  itEnds(() => stage, faults, true);
});

describe('refusals that no facts list as unbilled:', () => {
  const refusing = (status: number, code = 'x') => bytes((v) => whole(v.errorBody(code)).replace('200 OK', `${status} No`));
  const faults: Faults = {
    'status 400': { plays: refusing(400), ...both('400 UPSTREAM_REFUSED → burned') },
    'status 401': { plays: refusing(401), ...both('502 UPSTREAM_AUTH → burned') },
    'status 402': { plays: refusing(402), ...both('400 UPSTREAM_REFUSED → burned') },
    'status 403': { plays: refusing(403), ...both('502 UPSTREAM_AUTH → burned') },
    'status 404': { plays: refusing(404), ...both('400 UPSTREAM_REFUSED → burned') },
    'status 429': { plays: refusing(429, 'rate_limit_error'), ...both('429 UPSTREAM_RATE_LIMITED → burned') },
    'status 500': { plays: refusing(500), ...both(BURNED) },
    'status 503': { plays: refusing(503), ...both('503 UPSTREAM_OVERLOADED → burned') },
    'status 529': { plays: refusing(529, 'overloaded_error'), ...both('503 UPSTREAM_OVERLOADED → burned') },
    'status 999': { plays: refusing(999), ...both(BURNED) },
    'an error of a megabyte': {
      plays: bytes((v) => whole(v.errorBody('x', 'y'.repeat(250_000))).replace('200 OK', '500 No')),
      ...both(BURNED),
    },
    'an error that is no JSON': {
      plays: bytes(() => whole('<html>').replace('200 OK', '400 No')),
      ...both('400 UPSTREAM_REFUSED → burned'),
    },
    'an error that quotes the key': {
      plays: bytes((v) => whole(v.errorBody('x', 'bad key sk-raw-0123456789')).replace('200 OK', '400 No')),
      ...both('400 UPSTREAM_REFUSED → burned'),
    },
    'an error in a stream’s clothes': { plays: bytes((v, stream) => answer(v, stream).replace('200 OK', '500 No')), ...both(BURNED) },
  };
  itEnds(() => stage, faults, true);
});
