import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents, type SentEvent } from './events.ts';

async function all(chunks: Iterable<Uint8Array>): Promise<SentEvent[]> {
  const found: SentEvent[] = [];
  for await (const event of readEvents(from(chunks))) found.push(event);
  return found;
}

async function* from(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const text =
  ':\n\nevent: task\ndata: {"task_id":"t"}\n\n:\n\nevent: text\nid: 1.2\ndata: {"text":"grün: \\n\\n 🌱"}\n\nevent: done\ndata: {}\n\n';
const bytes = new TextEncoder().encode(text);
const events: readonly SentEvent[] = [
  { event: 'task', id: null, data: { task_id: 't' } },
  { event: 'text', id: '1.2', data: { text: 'grün: \n\n 🌱' } },
  { event: 'done', id: null, data: {} },
];

test('events are the same however their bytes are cut, and comments are none', async () => {
  const cuts = fc.uniqueArray(fc.nat({ max: bytes.length }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const ends = [...places, bytes.length].sort((a, b) => a - b);
      const pieces = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
      expect(await all(pieces)).toEqual(events);
    }),
  );
});

test('what is cut off in the midst of an event is none', async () => {
  expect(await all([bytes.subarray(0, bytes.length - 1)])).toEqual(events.slice(0, 2));
});

test('an event without an end is not read for ever', async () => {
  const endless = new TextEncoder().encode('x'.repeat(1_048_576));
  await expect(all(Array.from({ length: 20 }, () => endless))).rejects.toThrow('longer than any');
});
