import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { Stage } from '../support/stage.ts';
import type { Voice } from '../support/voices.ts';
import { type Faults, frames, itEnds, reporting, TEXT } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const METERED = '200 → metered 7';
const BOUND = '200 → bound';
const LOST = '200 UPSTREAM_ERROR → burned';

const cache = (voice: Voice, read: number) => {
  const inside = { chat: 'prompt_tokens_details', responses: 'input_tokens_details' };
  if (voice.name === 'messages') return voice.usage(4, 3, { cache_read_input_tokens: read, cache_creation_input_tokens: 50 });
  if (voice.name === 'generate') return voice.usage(4, 3, { cachedContentTokenCount: read });
  return voice.usage(4, 3, { [inside[voice.name]]: { cached_tokens: read } });
};

const both = (ending: string) => ({ json: ending, stream: ending });

describe('a usage report, in JSON and at the end of a stream:', () => {
  const faults: Faults = {
    'as it should be': { plays: reporting((v) => v.usage(4, 3)), ...both(METERED) },
    'of explicit zeros': { plays: reporting((v) => v.usage(0, 0)), ...both('200 → metered 0') },
    'of no output': { plays: reporting((v) => v.usage(4, 0)), ...both('200 → metered 4') },
    'left out': { plays: reporting(() => undefined), ...both(BOUND) },
    'that is null': { plays: reporting(() => null), ...both(BOUND) },
    'that is empty': { plays: reporting(() => ({})), ...both(BOUND) },
    'that is a text': { plays: reporting(() => 'seven'), ...both(BOUND) },
    'that is a list': { plays: reporting(() => [4, 3]), ...both(BOUND) },
    'that is a number': { plays: reporting(() => 7), ...both(BOUND) },
    'with a negative count': { plays: reporting((v) => v.usage(-4, 3)), ...both(BOUND) },
    'with a negative count of the output': { plays: reporting((v) => v.usage(4, -3)), ...both(BOUND) },
    'with a fraction': { plays: reporting((v) => v.usage(4.5, 3)), ...both(BOUND) },
    'with a number as a text': { plays: reporting((v) => v.usage('4', 3)), ...both(BOUND) },
    'with null in place of a count': { plays: reporting((v) => v.usage(null, 3)), ...both(BOUND) },
    'with true in place of a count': { plays: reporting((v) => v.usage(4, true)), ...both(BOUND) },
    'with more than can be counted': { plays: reporting((v) => v.usage(4, 2 ** 53)), ...both(BOUND) },
    'that contradicts itself': { plays: reporting((v) => v.contradiction), ...both(BOUND) },
    'with reads from a cache': { plays: reporting((v) => cache(v, 2)), ...both(METERED), but: { messages: both('200 → metered 59') } },
    'with more read from a cache than there was to read': {
      plays: reporting((v) => cache(v, 100)),
      ...both(BOUND),
      // Here the cache's counts stand beside the input, not in it.
      but: { messages: both('200 → metered 157') },
    },
    'with a negative count of the cache': { plays: reporting((v) => cache(v, -1)), ...both(BOUND) },
    'beside members that nobody knows': { plays: reporting((v) => v.usage(4, 3, { moon_tokens: 9 })), ...both(METERED) },
  };
  itEnds(() => stage, faults, true);
});

describe('reports in the midst of a stream:', () => {
  const begun = (v: Voice) => v.open(v.usage(4, 1)) + v.text(TEXT);
  const faults: Faults = {
    'that count up': {
      plays: frames(
        (v) => v.open() + v.report(v.usage(4, 1)) + v.text('hi') + v.report(v.usage(4, 2)) + v.text('you') + v.stop(v.usage(4, 3)) + v.end,
      ),
      stream: METERED,
    },
    'at the beginning and at the end': { plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.end), stream: METERED },
    'at the beginning only': { plays: frames((v) => begun(v) + v.stop() + v.end), stream: BOUND },
    'in the frames of the text itself': {
      plays: frames((v) => v.open() + v.text('hi', v.usage(4, 1)) + v.text('you', v.usage(4, 2)) + v.stop(v.usage(4, 3)) + v.end),
      stream: METERED,
    },
    'in the frames of the text itself, then a cut': {
      plays: frames((v) => v.open() + v.text('hi', v.usage(4, 1)) + v.text('you', v.usage(4, 2))),
      stream: LOST,
    },
    'at the beginning, then a cut': { plays: frames(begun), stream: LOST },
    'in the middle, then text': {
      plays: frames((v) => v.open() + v.report(v.usage(4, 1)) + v.text(TEXT) + v.stop() + v.end),
      stream: BOUND,
    },
    'at the end, then text': { plays: frames((v) => v.open() + v.stop(v.usage(4, 3)) + v.text(TEXT) + v.end), stream: BOUND },
    'that repeat the last one': {
      plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.report(v.usage(4, 3)) + v.end),
      stream: METERED,
    },
    'that shrink': { plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.report(v.usage(4, 1)) + v.end), stream: METERED },
    'that shrink to zeros': { plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.report(v.usage(0, 0)) + v.end), stream: METERED },
    'that shrink before the last one': {
      plays: frames((v) => v.open() + v.report(v.usage(9, 9)) + v.text(TEXT) + v.stop(v.usage(4, 3)) + v.end),
      stream: '200 → metered 18',
      // Its reports in the midst are of no meaning there: only the closing event is the bill.
      but: { responses: { stream: METERED } },
    },
    'that grow after the stop': {
      plays: frames((v) => begun(v) + v.stop(v.usage(4, 1)) + v.report(v.usage(4, 3)) + v.end),
      stream: METERED,
      but: { responses: { stream: '200 → metered 5' } },
    },
    'of which the last cannot be read': {
      plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.report(v.usage(4, -3)) + v.end),
      stream: BOUND,
      but: { responses: { stream: METERED } },
    },
    'with the cache in both, counted once': {
      plays: frames((v) => v.open(cache(v, 100)) + v.text(TEXT) + v.stop(cache(v, 100)) + v.end),
      but: { messages: { stream: '200 → metered 157' } },
    },
    'with the cache at the beginning alone': {
      plays: frames((v) => v.open(cache(v, 100)) + v.text(TEXT) + v.stop({ output_tokens: 5 }) + v.end),
      but: { messages: { stream: '200 → metered 159' } },
    },
    'with a cache that is taken back by zeros': {
      plays: frames(
        (v) =>
          v.open(cache(v, 100)) +
          v.text(TEXT) +
          v.stop(v.usage(4, 3, { cache_read_input_tokens: 0, cache_creation_input_tokens: 0 })) +
          v.end,
      ),
      but: { messages: { stream: '200 → metered 157' } },
    },
    'of two answers in one stream': {
      plays: frames((v) => begun(v) + v.stop(v.usage(4, 3)) + v.end + begun(v) + v.stop(v.usage(4, 3)) + v.end),
      stream: BOUND,
      but: { messages: { stream: '200 → metered 14' } },
    },
    'of two answers in one stream, the first left unreported': {
      plays: frames((v) => begun(v) + v.stop() + v.end + begun(v) + v.stop(v.usage(4, 3)) + v.end),
      stream: BOUND,
    },
  };
  itEnds(() => stage, faults, true);
});
