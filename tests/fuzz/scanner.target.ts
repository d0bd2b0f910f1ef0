import { isDeepStrictEqual } from 'node:util';
import { TallyError } from '@tallystick/core';
import type { StreamEvent, StreamScanner, StreamSummary } from '../../packages/server/src/gateway/stream/events.ts';
import { SseScanner } from '../../packages/server/src/gateway/stream/sse.ts';
import { between } from '../support/random.ts';
import { chunkings } from './chunkings.ts';
import type { ScannerClass } from './discover.ts';
import { makeStream } from './make.ts';
import { choicesOf, must, type Target } from './target.ts';

type Outcome = { readonly events: readonly StreamEvent[]; readonly relayed: Buffer; readonly summary: StreamSummary };

const FRAME_BYTES_MAX = 1 << 20;

/** A summary is read at the end of a stream of any length, so it must stay small: 16 reasons of 64 characters, a code, numbers. */
const SUMMARY_CHARS_MAX = 4096;

/** A scanner relays only what came, says the same however the stream is cut, keeps little, and reports no negative usage. */
export function scannerTarget(name: string, Scanner: ScannerClass): Target {
  return {
    name: `scanner ${name}`,
    share: 4,
    make: makeStream,
    check: (input) => {
      const random = choicesOf(input);
      const usageAsked = random() < 0.5;
      const choices = between(random, 1, 3);
      const make = (frameBytesMax: number) => new Scanner({ usageAsked, frameBytesMax, choices });
      let first: Outcome | null = null;
      for (const chunks of chunkings(input)) {
        const outcome = run(make(FRAME_BYTES_MAX), chunks);
        first ??= outcome;
        must(outcome.relayed.equals(first.relayed), 'relays otherwise where the chunks are cut otherwise');
        must(isDeepStrictEqual(outcome.summary, first.summary), 'sums up otherwise where the chunks are cut otherwise');
        must(isDeepStrictEqual(outcome.events, first.events), 'tells other events where the chunks are cut otherwise');
      }
      if (first === null) return;
      checkRelay(first.relayed, input, usageAsked);
      checkSummary(first, input);
      checkLimit(make, input, between(random, 16, 400));
    },
  };
}

function run(scanner: StreamScanner, chunks: readonly Uint8Array[]): Outcome {
  const scans = [...chunks.map((chunk) => scanner.push(chunk)), scanner.end()];
  return {
    events: scans.flatMap(({ events }) => events),
    relayed: Buffer.concat(scans.flatMap(({ relay }) => relay)),
    summary: scanner.summary(),
  };
}

/** Nothing is invented: what is relayed is the input with pieces left out, and with nothing left out where the caller wants all. */
function checkRelay(relayed: Buffer, input: Uint8Array, usageAsked: boolean): void {
  if (relayed.equals(input)) return;
  must(!usageAsked, 'does not relay byte for byte');
  let at = 0;
  for (const byte of relayed) {
    at = input.indexOf(byte, at) + 1;
    must(at > 0, 'relays bytes that never came');
  }
  must(isDeepStrictEqual(withoutUsage(relayed), withoutUsage(input)), 'leaves out more than usage');
}

/** All data of a stream but what only reports usage: the chunk without choices, and `"usage":null`. */
function withoutUsage(stream: Uint8Array): string[] {
  const scanner = new SseScanner();
  const frames = [...scanner.push(stream), scanner.end()];
  return frames.flatMap((frame) => {
    const text = frame?.data == null ? null : Buffer.from(frame.data).toString('latin1');
    const json = text === null ? null : objectOf(text);
    if (json === null) return text === null ? [] : [text];
    const { usage, ...rest } = json;
    if (Array.isArray(rest['choices']) && rest['choices'].length === 0 && typeof usage === 'object' && usage !== null) return [];
    return [JSON.stringify(usage === null || usage === undefined ? rest : json)];
  });
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function checkSummary({ summary, events }: Outcome, input: Uint8Array): void {
  must(summary.bytesIn === input.length, 'counts other bytes in');
  // Each bad byte may read as the three of U+FFFD.
  must(summary.contentBytes >= 0 && summary.contentBytes <= input.length * 3, 'counts more content than came');
  must(summary.frames >= summary.deltas && summary.deltas >= 0, 'counts more deltas than frames');
  const text = JSON.stringify(summary, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  must(text.length <= SUMMARY_CHARS_MAX, 'keeps too much');
  for (const name of [...summary.finishReasons, summary.errorCode ?? ''])
    must(/^[\x20-\x7e]{0,64}$/.test(name), 'keeps a name that is not plain');
  for (const usage of [summary.usage, ...events.map((event) => (event.kind === 'usage' ? event.usage : null))]) {
    if (usage !== null)
      must(
        Object.values(usage).every((amount) => amount >= 0n),
        'reports negative usage',
      );
  }
}

function checkLimit(make: (frameBytesMax: number) => StreamScanner, input: Uint8Array, limit: number): void {
  const outcomes = Array.from(chunkings(input), (chunks) => {
    try {
      return run(make(limit), chunks).relayed.toString('latin1');
    } catch (error) {
      must(error instanceof TallyError && error.code === 'UPSTREAM_ERROR', `throws ${String(error)}`);
      return null;
    }
  });
  must(new Set(outcomes).size === 1, `a limit of ${limit} bytes holds only where the chunks are cut in some way`);
}
