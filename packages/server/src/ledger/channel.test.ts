import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { manualClock } from '#ground/clock';
import { Channel, type WriterPort } from './channel.ts';
import { holdRequest, settleRequest } from './conformance/engine.ts';
import { LIMITS } from './limits.ts';
import type { Op, QueuedOp, Trouble, WriterMessage, WriterReply } from './protocol.ts';
import { checkHold, checkSettle } from './validate.ts';

/** A writer that only keeps what it is sent. */
class FakePort extends EventEmitter implements WriterPort {
  readonly messages: WriterMessage[] = [];

  postMessage(message: WriterMessage): void {
    this.messages.push(message);
  }

  ops(): QueuedOp[] {
    return this.messages.flatMap((message) => ('ops' in message ? message.ops : []));
  }

  reply(reply: WriterReply): void {
    this.emit('message', reply);
  }
}

const HOLD: Op = { kind: 'hold', body: checkHold(holdRequest(1n)) };
const SETTLE: Op = { kind: 'settle', body: checkSettle(settleRequest('hold-1', 1n)) };

function fake(): { port: FakePort; channel: Channel } {
  const port = new FakePort();
  return { port, channel: new Channel(port, manualClock(5)) };
}

describe('channel', () => {
  it('sends what one turn asks as one message, with the time', async () => {
    const { port, channel } = fake();
    const asked = [channel.ask(HOLD), channel.ask(SETTLE), channel.ask(HOLD)];
    await Promise.resolve();
    expect(port.messages).toHaveLength(1);
    expect(port.messages[0]).toMatchObject({ now: 5 });
    const ids = port.ops().map(({ id }) => id);
    port.reply({
      kind: 'answers',
      answers: [
        { id: ids[2] as number, value: 'third' },
        { id: ids[0] as number, value: 'first' },
        { id: ids[1] as number, fault: { code: 'STATE_INVALID', message: 'no', facts: { a: 1 } } },
      ],
    });
    expect(await Promise.allSettled(asked)).toMatchObject([
      { value: 'first' },
      { reason: { code: 'STATE_INVALID', message: 'no', facts: { a: 1 } } },
      { value: 'third' },
    ]);
  });

  it('tells of trouble, and goes on waiting', async () => {
    const port = new FakePort();
    const troubles: Trouble[] = [];
    const channel = new Channel(port, manualClock(5), { onTrouble: (trouble) => troubles.push(trouble) });
    const asked = channel.ask(SETTLE);
    await Promise.resolve();
    port.reply({ kind: 'trouble', trouble: { state: 'away', reason: 'why' } });
    expect(troubles).toEqual([{ state: 'away', reason: 'why' }]);
    port.reply({ kind: 'answers', answers: [{ id: port.ops()[0]?.id as number, value: 'done' }] });
    expect(await asked).toBe('done');
  });

  it('collects more while the writer is busy, and splits what is too much for one batch', async () => {
    const { port, channel } = fake();
    void channel.ask(HOLD);
    await Promise.resolve();
    for (let i = 0; i < LIMITS.batchMax + 1; i += 1) void channel.ask(SETTLE);
    await Promise.resolve();
    expect(port.messages).toHaveLength(1);
    await new Promise(setImmediate);
    expect(port.messages.map((message) => ('ops' in message ? message.ops.length : 0))).toEqual([1, LIMITS.batchMax, 1]);
  });

  it('lets what is in no hurry wait for a moment, behind what is asked meanwhile, and sends it when told', async () => {
    const { port, channel } = fake();
    void channel.ask(SETTLE, 'soon');
    expect(channel.waits).toBe(true);
    void channel.ask(HOLD);
    await Promise.resolve();
    expect(port.ops().map(({ op }) => op.kind)).toEqual(['hold']);
    channel.hurry();
    void channel.ask(HOLD);
    await new Promise(setImmediate);
    expect(port.ops().map(({ op }) => op.kind)).toEqual(['hold', 'settle', 'hold']);
    expect(channel.waits).toBe(false);
    void channel.ask(SETTLE, 'soon');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(port.ops()).toHaveLength(4);
  });

  it('forgets nothing in no hurry when it is closed', async () => {
    const { port, channel } = fake();
    void channel.ask(SETTLE, 'soon').catch(() => {});
    void channel.close();
    expect(port.ops().map(({ op }) => op.kind)).toEqual(['settle']);
    expect(port.messages.at(-1)).toEqual({ close: true });
  });

  it('refuses holds before settlements, and everything at last', async () => {
    const { channel } = fake();
    for (let i = 0; i < LIMITS.queueHoldsMax; i += 1) void channel.ask(HOLD);
    await expect(channel.ask(HOLD)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    for (let i = LIMITS.queueHoldsMax; i < LIMITS.queueMax; i += 1) void channel.ask(SETTLE);
    await expect(channel.ask(SETTLE)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });

  it.each(['error', 'exit'])('a writer that ends (%s) leaves nobody waiting', async (event) => {
    const { port, channel } = fake();
    const asked = [channel.ask(HOLD), channel.ask(SETTLE)];
    await Promise.resolve();
    port.emit(event, new Error('crash'));
    for (const result of await Promise.allSettled(asked)) expect(result).toMatchObject({ reason: { code: 'LEDGER_UNAVAILABLE' } });
    await expect(channel.ask(HOLD)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await channel.close();
  });

  it('closing sends what is queued first, and refuses what comes after', async () => {
    const { port, channel } = fake();
    const asked = channel.ask(SETTLE);
    const closing = channel.close();
    await expect(channel.ask(HOLD)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    expect(port.messages).toMatchObject([{ ops: [{ op: SETTLE }] }, { close: true }]);
    port.reply({ kind: 'answers', answers: [{ id: 1, value: 'done' }] });
    port.reply({ kind: 'closed' });
    await closing;
    expect(await asked).toBe('done');
  });
});
