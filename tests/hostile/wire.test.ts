import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { type Script, Stage } from '../support/stage.ts';
import { stream as streamOf, type Voice } from '../support/voices.ts';
import { answer, bytes, type Faults, itEnds, streamed, TEXT } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_UPSTREAM_HEADERS_MS: '1000', TALLY_UPSTREAM_IDLE_MS: '1000', TALLY_CALL_DEADLINE_MS: '2500' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const both = (ending: string) => ({ json: ending, stream: ending });
const METERED = '200 → metered 7';
const BURNED = '502 UPSTREAM_ERROR → burned';
/** The caller had its status before the fault came. */
const LOST = '200 UPSTREAM_ERROR → burned';
const TIMEOUT = '504 UPSTREAM_TIMEOUT → burned';
const LATE = '200 UPSTREAM_TIMEOUT → burned';

const json = (v: Voice) => v.json(TEXT, v.usage(4, 3));
const begun = (v: Voice) => v.open() + v.text(TEXT);
const part = (v: Voice) => streamed(begun(v)).slice(0, -STREAM_END.length);

/** Writes, then ends the connection in its way. */
const then =
  (end: 'end' | 'reset', make: (voice: Voice, stream: boolean) => string) =>
  (voice: Voice, stream: boolean): Script =>
  ({ socket }) =>
    void socket.write(make(voice, stream), () => (end === 'reset' ? socket.resetAndDestroy() : socket.end()));

/** Writes, then something again and again until the other side has had enough. */
const dripping =
  (first: (voice: Voice) => string, more: (voice: Voice) => string) =>
  (voice: Voice): Script =>
  ({ socket }) => {
    socket.write(first(voice));
    const timer = setInterval(() => socket.write(more(voice)), 100);
    socket.once('close', () => clearInterval(timer));
  };

const framesOf = (text: string) => streamed(text).slice(STREAM_HEAD.length, -STREAM_END.length);

describe('a connection that breaks:', () => {
  const faults: Faults = {
    'reset before the answer': {
      plays:
        () =>
        ({ socket }) =>
          void socket.resetAndDestroy(),
      ...both(BURNED),
    },
    'closed before the answer': {
      plays:
        () =>
        ({ socket }) =>
          void socket.end(),
      ...both(BURNED),
    },
    'reset in the midst of the head': { plays: then('reset', () => 'HTTP/1.1 200 OK\r\ncontent-ty'), ...both(BURNED) },
    'closed in the midst of a body': { plays: then('end', (v) => whole(json(v)).slice(0, -20)), json: BURNED },
    'reset in the midst of a body': { plays: then('reset', (v) => whole(json(v)).slice(0, -20)), json: BURNED },
    'closed in the midst of a stream': { plays: then('end', part), stream: LOST },
    'reset in the midst of a stream': { plays: then('reset', part), stream: LOST },
    'closed between the last report and the end marker': {
      plays: then('end', (v) => part(v) + framesOf(v.stop(v.usage(4, 3)))),
      stream: '200 UPSTREAM_ERROR → metered 7',
    },
    'closed without the last chunk': {
      plays: then('end', (v) => streamed(streamOf(v, TEXT, v.usage(4, 3))).slice(0, -STREAM_END.length)),
      stream: '200 UPSTREAM_ERROR → metered 7',
    },
    'reset after the end': { plays: then('reset', answer), ...both(METERED) },
  };
  itEnds(() => stage, faults);
});

describe('an answer that does not come:', () => {
  const faults: Faults = {
    silence: { plays: () => () => {}, ...both(TIMEOUT) },
    'silence after a 1xx': { plays: bytes(() => 'HTTP/1.1 103 Early Hints\r\n\r\n'), ...both(TIMEOUT) },
    'a head without end': {
      plays: dripping(
        () => 'HTTP/1.1 200 OK\r\n',
        () => 'x-more: a\r\n',
      ),
      ...both(TIMEOUT),
    },
    'silence after the head': {
      plays: bytes(() => 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n'),
      ...both(TIMEOUT),
    },
    'silence in the midst of a stream': { plays: bytes(part), stream: LATE },
    'silence after the last report': {
      plays: bytes((v) => part(v) + framesOf(v.stop(v.usage(4, 3)))),
      stream: '200 UPSTREAM_TIMEOUT → metered 7',
    },
    'a stream that never ends': { plays: dripping(part, (v) => framesOf(v.text('on '))), stream: LATE },
    'a stream of nothing but pings': {
      plays: dripping(
        () => STREAM_HEAD,
        () => framesOf(': ping\n\n'),
      ),
      stream: LATE,
    },
    'one line that never ends': {
      plays: dripping(
        () => STREAM_HEAD,
        () => '1\r\nx\r\n',
      ),
      stream: LATE,
    },
    'a body that never ends': {
      plays: dripping(
        () => 'HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n',
        () => ' ',
      ),
      json: TIMEOUT,
    },
  };
  itEnds(() => stage, faults);
});

describe('HTTP that is not as it should be:', () => {
  const faults: Faults = {
    'informational answers before the answer': {
      plays: bytes((v, stream) => `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${answer(v, stream)}`),
      ...both(METERED),
    },
    'a 100 that nobody asked for': { plays: bytes((v, stream) => `HTTP/1.1 100 Continue\r\n\r\n${answer(v, stream)}`), ...both(BURNED) },
    'an upgrade': { plays: bytes(() => 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), ...both(BURNED) },
    'a redirect': { plays: bytes(() => 'HTTP/1.1 307 Moved\r\nlocation: /v1/elsewhere\r\ncontent-length: 0\r\n\r\n'), ...both(BURNED) },
    'no HTTP at all': { plays: bytes(() => '220 mail ready\r\n'), ...both(BURNED) },
    'headers of 200 KB': { plays: bytes((v) => whole(json(v), `x-pad: ${'a'.repeat(200_000)}\r\n`)), ...both(BURNED) },
    '10,000 headers': { plays: bytes((v) => whole(json(v), 'x-pad: aaaaa\r\n'.repeat(10_000))), ...both(BURNED) },
    'two lengths': { plays: bytes((v) => whole(json(v), 'content-length: 3\r\n')), ...both(BURNED) },
    'a length and chunks': { plays: bytes((v) => whole(json(v), 'transfer-encoding: chunked\r\n')), ...both(BURNED) },
    'a length shorter than the body': {
      plays: bytes((v) => whole(json(v)).replace(/content-length: \d+/, 'content-length: 20')),
      json: '502 UPSTREAM_ERROR → bound',
    },
    'a length longer than the body, then the end': {
      plays: then('end', (v) => whole(json(v)).replace(/content-length: \d+/, 'content-length: 9000')),
      json: BURNED,
    },
    'no length, ended by the connection': {
      plays: then('end', (v) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${json(v)}`),
      json: METERED,
    },
    'chunks that are no chunks': { plays: bytes(() => `${STREAM_HEAD}zz\r\nhello\r\n`), json: BURNED, stream: LOST },
    'a chunk longer than it says': { plays: bytes(() => `${STREAM_HEAD}2\r\nhello\r\n`), json: BURNED, stream: LOST },
    'a chunk of a negative size': { plays: bytes(() => `${STREAM_HEAD}-5\r\nhello\r\n`), json: BURNED, stream: LOST },
    'a second answer on the socket': {
      plays: bytes((v, stream) => answer(v, stream) + whole(v.json('smuggled', v.usage(9, 9)))),
      ...both(METERED),
    },
    'trailing bytes after the answer': { plays: bytes((v, stream) => `${answer(v, stream)}trailing`), ...both(METERED) },
  };
  itEnds(() => stage, faults);
});
