import { isDeepStrictEqual } from 'node:util';
import { TallyError } from '@tallystick/core';
import { type SseFrame, SseScanner } from '../../packages/server/src/gateway/stream/sse.ts';
import { between } from '../support/random.ts';
import { chunkings } from './chunkings.ts';
import { makeStream } from './make.ts';
import { choicesOf, must, type Target } from './target.ts';

type Cutter = Pick<SseScanner, 'push' | 'end'>;
type Event = { readonly event: string | null; readonly data: string };

const FRAME_BYTES_MAX = 1 << 20;

/**
 * However a stream is cut, its frames hold every byte once, in order, and say what a plain reading of the standard says.
 * @param make another scanner, to see the oracle fail.
 */
export function sseTarget(make: (frameBytesMax: number) => Cutter = (frameBytesMax) => new SseScanner({ frameBytesMax })): Target {
  return {
    name: 'sse',
    share: 4,
    make: makeStream,
    check: (input) => {
      const expected = reference(Buffer.from(input).toString('latin1'));
      let first: readonly number[] | null = null;
      for (const chunks of chunkings(input)) {
        const frames = framesOf(make(FRAME_BYTES_MAX), chunks);
        must(Buffer.concat(frames.map(({ raw }) => raw)).equals(input), 'loses or adds bytes');
        must(isDeepStrictEqual(eventsOf(frames), expected), 'reads other events');
        for (const frame of frames) checkPlace(frame);
        const ends = frames.map(({ raw }) => raw.length);
        first ??= ends;
        must(isDeepStrictEqual(ends, first), 'cuts frames otherwise where the chunks are cut otherwise');
      }
      checkLimit(make, input, first ?? []);
    },
  };
}

function framesOf(scanner: Cutter, chunks: readonly Uint8Array[]): SseFrame[] {
  const frames = chunks.flatMap((chunk) => scanner.push(chunk));
  const rest = scanner.end();
  return rest === null ? frames : [...frames, rest];
}

function eventsOf(frames: readonly SseFrame[]): Event[] {
  return frames.flatMap(({ event, data }) => (data === null ? [] : [{ event, data: Buffer.from(data).toString('latin1') }]));
}

function checkPlace({ data, dataAt, raw }: SseFrame): void {
  if (dataAt < 0 || data === null) return;
  must(Buffer.from(raw.subarray(dataAt, dataAt + data.length)).equals(data), 'data stands elsewhere');
}

/** A frame beyond the limit is refused, however it comes, and memory never holds more than that. */
function checkLimit(make: (frameBytesMax: number) => Cutter, input: Uint8Array, frames: readonly number[]): void {
  const limit = between(choicesOf(input), 0, 200);
  const isBeyond = frames.some((bytes) => bytes > limit);
  for (const chunks of chunkings(input)) {
    let refused: unknown = null;
    try {
      framesOf(make(limit), chunks);
    } catch (error) {
      refused = error;
    }
    must((refused !== null) === isBeyond, `a limit of ${limit} bytes is not kept`);
    must(refused === null || (refused instanceof TallyError && refused.code === 'UPSTREAM_ERROR'), 'throws something else');
  }
}

/** WHATWG HTML, 9.2.6, word for word; at its end an unfinished event counts too. */
function reference(text: string): Event[] {
  const events: Event[] = [];
  let event: string | null = null;
  let data: string[] = [];
  const body = text.startsWith('\u00ef\u00bb\u00bf') ? text.slice(3) : text;
  for (const line of [...body.split(/\r\n|\n|\r/), '']) {
    if (line === '') {
      if (data.length > 0) events.push({ event, data: data.join('\n') });
      event = null;
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value.slice(0, 128);
  }
  return events;
}
