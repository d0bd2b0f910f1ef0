import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chunk, STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { HELD, OUTPUT_LIMIT, Stage } from '../support/stage.ts';
import { ALL_VOICES, stream as streamOf, type Voice } from '../support/voices.ts';
import { answer, body, bytes, type Faults, frames, itEnds, reporting, TEXT } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const both = (ending: string) => ({ json: ending, stream: ending });
/** No token shows more than 128 bytes; in JSON it may be escaped and stand beside likelier ones. */
const TEXT_MAX = OUTPUT_LIMIT * 128;
const FROZEN = 'burned, frozen';
const cut = { stream: `200 UPSTREAM_OVERRUN → ${FROZEN}` };

describe('an answer beyond its limit freezes its source:', () => {
  const long = (v: Voice, chars: number) => v.open() + v.text('x'.repeat(chars));
  const faults: Faults = {
    'a report of exactly the limit does not': { plays: reporting((v) => v.usage(4, OUTPUT_LIMIT)), ...both('200 → metered 24') },
    'a report of one token more': {
      plays: reporting((v) => v.usage(4, OUTPUT_LIMIT + 1)),
      json: '200 → metered 25, frozen',
      stream: '200 UPSTREAM_OVERRUN → metered 25, frozen',
    },
    'a report of more than the hold': {
      plays: reporting((v) => v.usage(HELD, 20)),
      json: `200 → metered ${HELD + 20}, frozen`,
      stream: `200 UPSTREAM_OVERRUN → metered ${HELD + 20}, frozen`,
    },
    'a report of a million million': {
      plays: reporting((v) => v.usage(4, 10 ** 12)),
      json: '200 → metered 1000000000004, frozen',
      stream: '200 UPSTREAM_OVERRUN → metered 1000000000004, frozen',
    },
    'a report of too much in the midst': {
      plays: frames((v) => v.open() + v.report(v.usage(4, 99)) + v.text(TEXT) + v.stop(v.usage(4, 3)) + v.end),
      stream: '200 UPSTREAM_OVERRUN → metered 103, frozen',
      // Its reports in the midst are of no meaning there.
      but: { responses: { stream: '200 → metered 7' } },
    },
    'text of exactly as many bytes as the limit can have does not': {
      plays: frames((v) => long(v, TEXT_MAX) + v.stop(v.usage(4, 20)) + v.end),
      stream: '200 → metered 24',
    },
    'text of one byte more': { plays: frames((v) => long(v, TEXT_MAX + 1) + v.stop(v.usage(4, 20)) + v.end), ...cut },
    'text beyond the limit, in two frames': {
      plays: frames((v) => long(v, TEXT_MAX) + v.text('é') + v.stop(v.usage(4, 20)) + v.end),
      ...cut,
    },
    'text beyond the limit, after the end': {
      plays: frames((v) => streamOf(v, TEXT, v.usage(4, 3)) + v.text('x'.repeat(TEXT_MAX))),
      ...cut,
    },
    'text beyond the limit in a frame left open': { plays: frames((v) => long(v, TEXT_MAX + 1).trimEnd()), ...cut },
    'JSON larger than the limit can be': {
      plays: body((v) => v.json('x'.repeat(1_000_000), v.usage(4, 3))),
      json: `502 UPSTREAM_OVERRUN → ${FROZEN}`,
    },
    'JSON without end': {
      plays:
        () =>
        ({ socket }) => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
          for (let n = 0; n < 1_000 && !socket.destroyed; n += 1) socket.write(chunk(' '.repeat(10_000)));
        },
      json: `502 UPSTREAM_OVERRUN → ${FROZEN}`,
    },
    'text without end': {
      plays:
        (v) =>
        ({ socket }) => {
          socket.write(STREAM_HEAD + chunk(v.open()));
          for (let n = 0; n < 1_000 && !socket.destroyed; n += 1) socket.write(chunk(v.text('on and on ')));
        },
      ...cut,
    },
  };
  itEnds(() => stage, faults);
});

describe('after the first overrun that can be seen', () => {
  it.concurrent.each(ALL_VOICES)('nothing more is sent ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = reporting((v) => v.usage(4, 99))(voice, false);
    expect(await scene.ask()).toMatchObject({ status: 200, code: null });
    for (const stream of [false, true]) expect(await scene.ask({ stream })).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect(await scene.settled()).toMatchObject({ state: 'frozen', spent: '103', overrun: '0' });
    expect(scene.requests).toHaveLength(1);
    expect(scene.holds()).toHaveLength(1);
  });

  it.concurrent.each(ALL_VOICES)('the excess is at most that of the calls in flight ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    const held: (() => void)[] = [];
    scene.script = ({ socket }) => void held.push(() => void socket.write(whole(voice.json(TEXT, voice.usage(HELD, 900)))));
    const first = Array.from({ length: 5 }, () => scene.ask());
    await scene.arrived(5);
    for (const release of held) release();
    const seen = await Promise.all(first);
    expect(seen.map(({ status }) => status)).toEqual(Array(5).fill(200));
    const later = await Promise.all(Array.from({ length: 5 }, () => scene.ask()));
    expect(new Set(later.map(({ code }) => code))).toEqual(new Set(['NO_AVAILABLE_KEYS']));
    expect(await scene.settled()).toMatchObject({
      state: 'frozen',
      state_reason: 'overrun',
      spent: String(5 * HELD),
      overrun: String(5 * 900),
    });
    expect(scene.requests).toHaveLength(5);
  });

  it.concurrent('a source that releases nothing pays the hold, and the excess where it is told of one', async () => {
    for (const voice of ALL_VOICES) {
      const charged = async (script: ReturnType<ReturnType<typeof bytes>>) => {
        const scene = await stage.scene(voice, { settle: 'hold' });
        scene.script = script;
        await scene.ask();
        return [...(await scene.booked()), (await scene.settled()).state];
      };
      expect(await charged(bytes((v) => answer(v, false))(voice, false))).toEqual([`bound ${HELD}`, 'active']);
      expect(await charged(reporting((v) => v.usage(4, 99))(voice, false))).toEqual([`bound ${HELD}`, 'frozen']);
      expect(await charged(reporting((v) => v.usage(HELD, 9))(voice, false))).toEqual([`metered ${HELD + 9}`, 'frozen']);
    }
  });
});

describe('an upstream that lies low', () => {
  it.concurrent('cannot be detected: what it reports is charged, and that is promised to nobody', async () => {
    for (const voice of ALL_VOICES) {
      const scene = await stage.scene(voice);
      scene.script = bytes((v) => STREAM_HEAD + chunk(v.open() + v.text('x'.repeat(2_000)) + v.stop(v.usage(1, 1)) + v.end) + STREAM_END)(
        voice,
        true,
      );
      expect(await scene.ask({ stream: true })).toMatchObject({ status: 200, code: null });
      expect(await scene.booked()).toEqual(['metered 2']);
    }
  });
});
