import { Duplex, PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Wire } from './wire.ts';

type Heard = { readonly message: unknown; readonly text: string };

/** Two ends; what one writes the other gets in pieces of the given lengths. @returns the buffers that were written, and handed in. */
function pair(pieces: readonly number[] = []) {
  const heard: Heard[] = [];
  const written: Buffer[] = [];
  const handedIn: Buffer[] = [];
  let kept: Buffer | null = null;
  let closed = 0;
  const receiver = new Wire<never, unknown>(new PassThrough(), {
    message: (message, bytes) => {
      kept = bytes;
      heard.push({ message, text: bytes.toString() });
    },
    closed: () => {
      closed += 1;
    },
  });
  const stream = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      let rest = Buffer.from(chunk);
      for (let n = 0; rest.length > 0; n += 1) {
        const piece = Buffer.from(rest.subarray(0, Math.max(1, pieces[n % pieces.length] ?? rest.length)));
        rest = rest.subarray(piece.length);
        handedIn.push(piece);
        receiver.receive(piece);
      }
      done();
    },
  });
  const sender = new Wire<unknown, never>(stream, { message: () => {}, closed: () => {} });
  return { sender, receiver, heard, written, handedIn, kept: () => kept, closed: () => closed };
}

const turn = () => new Promise(setImmediate);

it('brings messages and the bytes beside them, in order, however they are cut', async () => {
  const message = fc.record({ n: fc.bigInt(), text: fc.string(), bytes: fc.uint8Array({ maxLength: 300 }) });
  const one = fc.record({ message, beside: fc.string({ maxLength: 200 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 })), async (all, pieces) => {
      const { sender, heard } = pair(pieces);
      for (const { message, beside } of all) sender.post(message, Buffer.from(beside));
      await turn();
      expect(heard).toEqual(all.map(({ message, beside }) => ({ message, text: beside })));
    }),
    { numRuns: 60 },
  );
});

it('leaves what came beside a message nowhere', async () => {
  const { sender, heard, written, handedIn, kept } = pair([5]);
  const secret = Buffer.from('sk-in-transit');
  sender.post({ kind: 'secret' }, secret);
  await turn();
  expect(heard[0]?.text).toBe('sk-in-transit');
  expect(written.every((chunk) => chunk.every((byte) => byte === 0))).toBe(true);
  expect(handedIn.every((chunk) => chunk.every((byte) => byte === 0))).toBe(true);
  expect(kept()?.every((byte) => byte === 0)).toBe(true);
  // The caller's own stays the caller's to wipe.
  expect(secret.toString()).toBe('sk-in-transit');
});

it('ends where the other side does not speak as it should, once, and hears nothing more', async () => {
  const { receiver, heard, closed } = pair();
  receiver.receive(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
  await turn();
  expect(closed()).toBe(1);
  receiver.receive(Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]));
  receiver.destroy();
  await turn();
  expect([heard, closed()]).toEqual([[], 1]);
});

it('what is posted to one that is gone is dropped', async () => {
  const { sender, heard } = pair();
  sender.destroy();
  sender.post({ n: 1 });
  await turn();
  expect([heard, sender.backlog]).toEqual([[], 0]);
});
