import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TallyError } from '@tallystick/core';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { manualClock } from '#ground/clock';
import { openMetrics } from '#ground/metrics';
import type { KeptReplay, NewReplay } from '#ledger';
import type { AnswerCopy } from './answer-copy.ts';
import { OPENAI } from './providers/openai/dialect.ts';
import { Replays } from './replays.ts';
import type { CallRequest } from './request.ts';

const BYTES_MAX = 1_000;
const RECEIPT = 'ab'.repeat(16);
const CALL_ID = '01890000-0000-7000-8000-000000000000';
const SERVED = new TallyError('ALREADY_SERVED', undefined, { receipt: RECEIPT });

/** What of a call matters here. */
function callOf(replayS = 60, idempotencyKey: string | undefined = 'k'): CallRequest {
  const key = { id: 'key-1', creditAccountId: 'credit-1', replayS };
  const call = { callId: CALL_ID, idempotencyKey, principal: { key, secret: 'tk_1' }, spec: { name: 'chat', dialect: OPENAI } };
  return call as unknown as CallRequest;
}

function setting(more: { refuses?: boolean } = {}) {
  const stored: NewReplay[] = [];
  const asked: string[][] = [];
  const metrics = openMetrics();
  const replays = new Replays({
    ledger: {
      keepReplay: async (replay) => {
        if (more.refuses === true) throw new TallyError('LEDGER_UNAVAILABLE');
        stored.push(replay);
        return true;
      },
      replay: async (receiptId, accounts): Promise<KeptReplay> => {
        asked.push([...accounts]);
        const found = stored.find((replay) => replay.receiptId === receiptId);
        return found === undefined ? { result: 'none' } : { result: 'kept', callId: CALL_ID, ...found };
      },
    },
    clock: manualClock(1_000),
    log: pino({ level: 'silent' }),
    metrics,
    bytesMax: BYTES_MAX,
    readerStallMs: 1_000,
  });
  const events = async () =>
    Object.fromEntries((await metrics.replays.get()).values.map(({ labels, value }) => [String(labels.event), value]));
  return { replays, stored, asked, events };
}

const response = () => new ServerResponse(new IncomingMessage(new Socket()));

function filled(replays: Replays, body = '{}'): AnswerCopy {
  const copy = replays.copyFor(callOf());
  if (copy === null) throw new Error('nothing is to be kept');
  copy.head(200, { 'content-type': 'application/json' });
  copy.add(Buffer.from(body));
  return copy;
}

describe('replays', () => {
  it('collect nothing of a call that did not ask for it', () => {
    const { replays } = setting();
    expect(replays.copyFor(callOf(0))).toBeNull();
    expect(replays.copyFor({ ...callOf(), idempotencyKey: undefined })).toBeNull();
    expect(replays.copyFor(callOf())).not.toBeNull();
  });

  it('store after the settlement, and a retry that is quicker waits for it', async () => {
    const { replays, stored, asked, events } = setting();
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    replays.keep(callOf(), RECEIPT, filled(replays), settled);
    const res = response();
    let isAnswered = false;
    const answering = replays.answer(callOf(), res, SERVED).then((answered) => {
      isAnswered = answered;
    });
    await new Promise(setImmediate);
    expect([stored.length, asked.length, isAnswered]).toEqual([0, 0, false]);
    settle();
    await answering;
    expect([isAnswered, res.statusCode, res.writableEnded]).toEqual([true, 200, true]);
    expect(stored).toMatchObject([{ receiptId: RECEIPT, expiresAt: 61_000 }]);
    expect(asked).toEqual([['key-1', 'credit-1']]);
    expect(await events()).toEqual({ kept: 1, replayed: 1 });
  });

  it('that cannot be stored are lost, and nothing else is', async () => {
    const { replays, events } = setting({ refuses: true });
    replays.keep(callOf(), RECEIPT, filled(replays), Promise.resolve());
    expect(await replays.answer(callOf(), response(), SERVED)).toBe(false);
    const { replays: others, events: othersEvents } = setting();
    others.keep(callOf(), RECEIPT, filled(others, 'x'.repeat(BYTES_MAX + 1)), Promise.resolve());
    expect(await others.answer(callOf(), response(), SERVED)).toBe(false);
    expect([await events(), await othersEvents()]).toEqual([{}, { not_kept: 1 }]);
  });

  it('answer nothing but a call that was served before, to a key that asked for it', async () => {
    const { replays, asked } = setting();
    for (const refused of [new TallyError('IN_FLIGHT', undefined, { receipt: RECEIPT }), new TallyError('OUTCOME_UNKNOWN'), new Error('x')])
      expect(await replays.answer(callOf(), response(), refused)).toBe(false);
    expect(await replays.answer(callOf(0), response(), SERVED)).toBe(false);
    expect(asked).toEqual([]);
  });

  it('take their room of one bounded memory, and give it back', async () => {
    const { replays, stored } = setting();
    const full = 'x'.repeat(BYTES_MAX);
    const copies = Array.from({ length: 65 }, () => filled(replays, full));
    expect(copies.filter((copy) => copy.answer() !== null)).toHaveLength(64);
    for (const copy of copies.slice(1)) copy.drop();
    replays.keep(callOf(), RECEIPT, copies[0] as AnswerCopy, Promise.resolve());
    const readers = Array.from({ length: 64 }, response);
    for (const reader of readers) expect(await replays.answer(callOf(), reader, SERVED)).toBe(true);
    await expect(replays.answer(callOf(), response(), SERVED)).rejects.toMatchObject({ code: 'OVERLOADED' });
    readers[0]?.emit('close');
    expect(await replays.answer(callOf(), response(), SERVED)).toBe(true);
    const gone = response();
    gone.destroy();
    expect(await replays.answer(callOf(), gone, SERVED)).toBe(true);
    expect(stored).toHaveLength(1);
  });
});
