import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { balances, created, holdRequest, KEY, newAccount, openAccounts, refused, SOURCE, settleRequest } from './conformance/engine.ts';
import { type Joined, WriterHub } from './hub.ts';
import { LIMITS } from './limits.ts';
import { openSqliteLedger } from './open.ts';
import type { Op, OpAnswer, QueuedOp, WriterMessage, WriterReply } from './protocol.ts';
import { RelayPort } from './relay-port.ts';
import { openSharedLedger } from './shared.ts';
import { type SqliteEngine, sqliteEngine } from './sqlite.engine.ts';
import type { Ledger, SendPermit } from './types.ts';
import { checkHold, checkSettle } from './validate.ts';

const QUIET = pino({ level: 'silent' });

/** A process beside the one that has the writer; `kill` ends it as kill -9 would. */
type Other = { readonly ledger: Ledger; readonly joined: Joined; readonly permits: SendPermit[]; kill(): void };

let engine: SqliteEngine;
let hub: WriterHub;
let ledger: Ledger;
let settled = 0;
let others: Other[] = [];

beforeEach(async () => {
  engine = await sqliteEngine();
  hub = new WriterHub(engine.clock, QUIET);
  ({ ledger } = await openSqliteLedger({ ...engine.options, hub }));
  settled = 0;
  hub.onSettled(() => {
    settled += 1;
  });
  await openAccounts(ledger, 1_000n, 10_000n);
  others = [];
});

afterEach(async () => {
  await Promise.all(others.map((other) => other.ledger.close()));
  await ledger.close();
  await engine.dispose();
});

function join(name = 'w'): Other {
  let isGone = false;
  const permits: SendPermit[] = [];
  const port: RelayPort = new RelayPort((message: WriterMessage) => {
    if (!isGone) joined.take(message);
  });
  const joined = hub.join(name, {
    reply: (reply) => void (!isGone && port.reply(reply)),
    created: (permit) => permits.push(permit),
    ended: () => port.end(),
  });
  const { file, bookId, laneId } = engine.options;
  const shared = openSharedLedger(port, { at: { file }, bookId, laneId, epoch: ledger.epoch, clock: engine.clock });
  const kill = () => {
    isGone = true;
    port.end();
    joined.gone();
  };
  const other = { ledger: shared, joined, permits, kill };
  others.push(other);
  return other;
}

/** Until what was asked has passed the hub, which passes it on at the end of a turn, and before it can be answered. */
async function withWriter(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
  await new Promise(setImmediate);
}

/** Once nothing is held any more. */
async function ended(): Promise<Awaited<ReturnType<typeof balances>>> {
  await expect.poll(async () => (await balances(ledger, SOURCE)).held, { interval: 5 }).toBe(0n);
  return balances(ledger, SOURCE);
}

const outcomes = async () => {
  const rows = await ledger.outbox(0n, 1_000);
  return rows.filter(({ topic }) => topic === 'receipt.settled').map(({ body }) => (JSON.parse(body) as { outcome: string }).outcome);
};

describe('several processes at one writer', () => {
  it('share a reservation: no more is held within it than it has, whoever asks, and what is not spent goes back to it', async () => {
    const [a, b] = [join('a'), join('b')];
    const lines = [KEY, SOURCE].map((accountId) => ({ accountId, amount: 1_000n }));
    await ledger.reserve({ reservationId: 'r', tenantId: 'tenant-1', keyId: KEY, lines });
    const requests = Array.from({ length: 15 }, () => holdRequest(100n, { within: 'r' }));
    const results = await Promise.all(requests.map((request, i) => (i % 2 === 0 ? a : b).ledger.hold(request)));
    expect(results.filter(({ result }) => result === 'created')).toHaveLength(10);
    expect(await refused(b.ledger, holdRequest(1n))).toBe('CAP_BUSY');
    const mine = requests.find((_, i) => i % 2 === 0 && results[i]?.result === 'created');
    await a.ledger.settle(settleRequest(mine?.holdId ?? '', 40n));
    a.kill();
    b.kill();
    // The nine that were open are burned, and spent of it.
    await expect.poll(async () => (await ledger.reservation('r'))?.lines[1]).toMatchObject({ spent: 940n, held: 0n });
    expect(await balances(ledger, SOURCE)).toMatchObject({ held: 60n, spent: 940n });
    await ledger.endReservation('r');
    expect(await ledger.verify()).toEqual([]);
  });

  it('a reservation waits for settlements in no hurry that are in its way', async () => {
    const a = join('a');
    const request = holdRequest(1_000n);
    await created(a.ledger, request);
    const settling = a.ledger.settle(settleRequest(request.holdId, 100n), 'soon');
    const lines = [{ accountId: SOURCE, amount: 900n }];
    const asked = { reservationId: 'r', tenantId: 'tenant-1', keyId: KEY, lines };
    expect(await ledger.reserve(asked)).toMatchObject({ result: 'reserved' });
    await settling;
  });

  it('never hold more together than there is, whoever asks', async () => {
    const all = [join('a'), join('b'), join('c')];
    const asked = all.flatMap((other) => Array.from({ length: 50 }, () => other.ledger.hold(holdRequest(100n))));
    const results = (await Promise.all(asked)).map(({ result }) => result);
    expect(results.filter((result) => result === 'created')).toHaveLength(10);
    expect(await balances(ledger, SOURCE)).toMatchObject({ held: 1_000n });
    expect(all.flatMap(({ permits }) => permits)).toHaveLength(10);
  });

  it('settle what they hold, see it at once, and the one that signs hears of each receipt', async () => {
    const [a, b] = [join('a'), join('b')];
    const request = holdRequest(100n);
    await created(a.ledger, request);
    expect(await a.ledger.settle(settleRequest(request.holdId, 30n), 'soon')).toMatchObject({ result: 'settled', charged: 30n });
    expect(await balances(b.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 30n });
    expect(settled).toBe(1);
  });

  it('close one by one, each when what it asked is answered', async () => {
    const [a, b] = [join('a'), join('b')];
    const request = holdRequest(100n);
    const placed = a.ledger.hold(request);
    await a.ledger.close();
    expect((await placed).result).toBe('created');
    await expect(a.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    await created(b.ledger, holdRequest(100n));
  });

  it('are told when the writer is gone', async () => {
    const a = join('a');
    await ledger.close();
    await expect(a.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });

  it('leave to the writer’s process what only that may do', async () => {
    const a = join('a');
    await expect(a.ledger.verify()).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await expect(a.ledger.backup('x')).rejects.toMatchObject({ code: 'STATE_INVALID' });
    // It may write a record, and has no key to check one by.
    await a.ledger.writeRecords([{ kind: 'test', id: 'a', rev: 0n, state: '', body: '{}' }]);
    await expect(a.ledger.record('test', 'a')).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await expect(a.ledger.records('test', { limit: 1 })).rejects.toMatchObject({ code: 'STATE_INVALID' });
    expect(await ledger.record('test', 'a')).toMatchObject({ rev: 1n });
  });
});

describe('a process that ends with calls open', () => {
  it('has them burned, and no others', async () => {
    const [a, b] = [join('a'), join('b')];
    await created(a.ledger, holdRequest(100n));
    await created(a.ledger, holdRequest(200n));
    const kept = holdRequest(50n);
    await created(b.ledger, kept);
    a.kill();
    await expect.poll(async () => (await balances(ledger, SOURCE)).spent).toBe(300n);
    expect(await balances(ledger, SOURCE)).toMatchObject({ held: 50n });
    expect(await b.ledger.settle(settleRequest(kept.holdId, 5n))).toMatchObject({ result: 'settled' });
    expect(await outcomes()).toEqual(['burned', 'burned', 'metered']);
    expect(settled).toBe(3);
  });

  it('has what it settled before counted as it said, also where that was still waiting', async () => {
    const a = join('a');
    const requests = Array.from({ length: 5 }, () => holdRequest(100n));
    await Promise.all(requests.map((request) => created(a.ledger, request)));
    const settling = requests.slice(0, 3).map(({ holdId }) => a.ledger.settle(settleRequest(holdId, 7n)).catch(() => null));
    // Its words leave it at the end of this turn.
    for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
    a.kill();
    await Promise.all(settling);
    expect(await ended()).toMatchObject({ spent: 3n * 7n + 2n * 100n });
    expect((await outcomes()).sort()).toEqual(['burned', 'burned', 'metered', 'metered', 'metered']);
  });

  it('has a hold given back whose permit it never got', async () => {
    const a = join('a');
    const placing = a.ledger.hold(holdRequest(100n)).catch(() => null);
    await withWriter();
    a.kill();
    await placing;
    await expect.poll(outcomes).toEqual(['released']);
    expect(a.permits).toEqual([]);
    expect(await ended()).toMatchObject({ spent: 0n });
  });
});

describe('a source that one of them has seen overrun', () => {
  it('is given to nobody from then on, also not where the hold was with the writer already', async () => {
    const [a, b] = [join('a'), join('b')];
    const early = b.ledger.hold(holdRequest(100n));
    await withWriter();
    a.joined.suspend(SOURCE, true);
    const late = refused(b.ledger, holdRequest(100n));
    expect(await early).toMatchObject({ result: 'refused', refusal: { code: 'ACCOUNT_NOT_ACTIVE', state: 'frozen' } });
    expect(await late).toBe('ACCOUNT_NOT_ACTIVE');
    expect(b.permits).toEqual([]);
    expect(await ended()).toMatchObject({ spent: 0n });
    a.joined.suspend(SOURCE, false);
    await created(b.ledger, holdRequest(100n));
  });

  it('is frozen for the one that ended before it could say so', async () => {
    const [a, b] = [join('a'), join('b')];
    a.joined.suspend(SOURCE, true);
    a.kill();
    const refusing = b.ledger.hold(holdRequest(1n));
    await expect.poll(async () => (await balances(ledger, SOURCE)).state).toBe('frozen');
    expect((await refusing).result).toBe('refused');
    expect((await ledger.account(SOURCE))?.stateReason).toContain('ended before');
  });
});

describe('what waits', () => {
  /** A hub before a writer that only keeps what it is sent. */
  function before() {
    const sent: QueuedOp[] = [];
    const writer: RelayPort = new RelayPort((message) => void ('ops' in message && sent.push(...message.ops)));
    const alone = new WriterHub(engine.clock, QUIET);
    alone.over(writer);
    const answered: OpAnswer[] = [];
    const asker = {
      reply: (reply: WriterReply) => void (reply.kind === 'answers' && answered.push(...reply.answers)),
      created: () => {},
      ended: () => {},
    };
    const ask = (joined: Joined, op: Op, ids: readonly number[]) =>
      joined.take({ now: 1, grantNow: 1, ops: ids.map((id) => ({ id, op })) });
    return { sent, writer, answered, ask, joined: [alone.join('a', asker), alone.join('b', asker)] as const };
  }
  const settle: Op = { kind: 'settle', body: checkSettle(settleRequest('h', 1n)) };
  const hold = (): Op => ({ kind: 'hold', body: checkHold(holdRequest(1n)) });
  const range = (from: number, length: number) => Array.from({ length }, (_, n) => from + n);

  it('of one does not keep another’s from its turn, and no more than two batches are with the writer', async () => {
    const { sent, writer, ask, joined } = before();
    ask(joined[0], settle, range(0, 5_000));
    ask(joined[1], hold(), [9_999]);
    await new Promise(setImmediate);
    expect(sent).toHaveLength(2 * LIMITS.batchMax);
    expect(sent.filter(({ op }) => op.kind === 'hold')).toHaveLength(1);
    writer.reply({ kind: 'answers', answers: sent.slice(0, 1_000).map(({ id }) => ({ id, value: { result: 'unknown' } })) });
    await new Promise(setImmediate);
    expect(sent).toHaveLength(2 * LIMITS.batchMax + 1_000);
  });

  it('is bounded for all together: holds are refused before settlements are', async () => {
    const { answered, ask, joined } = before();
    ask(joined[0], settle, range(0, LIMITS.queueHoldsMax));
    ask(joined[1], hold(), [1]);
    expect(answered).toMatchObject([{ id: 1, fault: { code: 'LEDGER_UNAVAILABLE' } }]);
    ask(joined[1], settle, range(0, LIMITS.queueMax - LIMITS.queueHoldsMax));
    expect(answered).toHaveLength(1);
    ask(joined[1], settle, [2]);
    expect(answered).toHaveLength(2);
  });

  it('in no hurry goes first where a hold of another process would be refused for it', async () => {
    const [a, b] = [join('a'), join('b')];
    const request = holdRequest(900n);
    await created(a.ledger, request);
    const settling = a.ledger.settle(settleRequest(request.holdId, 1n), 'soon');
    await withWriter();
    expect((await b.ledger.hold(holdRequest(900n))).result).toBe('created');
    await settling;
  });

  it('to be burned is tried until the books can take it', async () => {
    const { sent, writer, ask, joined } = before();
    const request = checkHold(holdRequest(1n));
    ask(joined[0], { kind: 'hold', body: request }, [1]);
    await new Promise(setImmediate);
    const permit = { holdId: request.holdId, sourceId: SOURCE, nonce: 'n', epoch: 'e', mac: 'm' };
    const id = () => sent.at(-1)?.id ?? 0;
    writer.reply({ kind: 'answers', answers: [{ id: id(), value: { result: 'created', permit, createdAt: 1, balances: [] } }] });
    joined[0].gone();
    const burns = () => sent.filter(({ op }) => op.kind === 'settle' && op.body.outcome === 'burned' && op.body.holdId === request.holdId);
    await expect.poll(burns, { interval: 5 }).toHaveLength(1);
    writer.reply({ kind: 'answers', answers: [{ id: id(), fault: { code: 'LEDGER_UNAVAILABLE', message: 'full', facts: {} } }] });
    await expect.poll(burns, { interval: 20 }).toHaveLength(2);
  });
});

describe('an idempotency key', () => {
  const idempotency = { route: '/v1', key: 'k', bodyMac: 'm' };
  const keyed = () => holdRequest(10n, { idempotency });

  it('is in flight for the others as long as its call goes on, also between two attempts', async () => {
    const [a, b] = [join('a'), join('b')];
    const first = keyed();
    await created(a.ledger, first);
    expect(await b.ledger.hold(keyed())).toMatchObject({ result: 'existing', state: 'open' });
    await a.ledger.settle(settleRequest(first.holdId, 0n, { outcome: 'released' }));
    expect(await b.ledger.hold(keyed())).toMatchObject({ result: 'existing', state: 'open' });
    const again = { ...keyed(), callId: first.callId, attempt: 2 };
    await created(a.ledger, again);
    await a.ledger.settle(settleRequest(again.holdId, 5n));
    a.joined.over(first.callId);
    expect(await b.ledger.hold(keyed())).toMatchObject({ result: 'existing', state: 'settled' });
  });

  it('is over with the process that served it', async () => {
    const [a, b] = [join('a'), join('b')];
    await created(a.ledger, keyed());
    a.kill();
    await ended();
    expect(await b.ledger.hold(keyed())).toMatchObject({ result: 'existing', state: 'burned' });
  });
});

describe('whatever they do, in whatever order', () => {
  const act = fc.record({ who: fc.nat(2), what: fc.constantFrom('hold', 'hold', 'settle', 'kill', 'wait'), amount: fc.bigInt(1n, 60n) });

  /** @returns the holds that were asked, and those of them that somebody asked to settle. */
  async function play(sourceId: string, acts: readonly { who: number; what: string; amount: bigint }[], all: readonly Other[]) {
    const [asked, settling, running] = [[] as string[], new Set<string>(), [] as Promise<unknown>[]];
    const held = new Map<Other, string[]>(all.map((other) => [other, []]));
    const live = new Set(all);
    for (const { who, what, amount } of acts) {
      const other = all[who] as Other;
      const mine = held.get(other) as string[];
      if (what === 'wait') await new Promise(setImmediate);
      else if (!live.has(other)) continue;
      else if (what === 'kill') {
        live.delete(other);
        other.kill();
      } else if (what === 'hold') {
        const request = holdRequest(amount, { sourceId, lines: [{ accountId: sourceId, amount }] });
        asked.push(request.holdId);
        const placing = other.ledger.hold(request).catch(() => null);
        running.push(placing.then((placed) => placed?.result === 'created' && mine.push(request.holdId)));
      } else {
        const one = mine.pop();
        if (one === undefined) continue;
        settling.add(one);
        running.push(other.ledger.settle(settleRequest(one, 1n)).catch(() => null));
      }
    }
    for (const other of live) other.kill();
    await Promise.all(running);
    return { asked, settling };
  }

  it('a hold that was given out is settled or burned, any other costs nothing, and the cap stands', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
        run += 1;
        const sourceId = `source-run-${run}`;
        await ledger.openAccount(newAccount(sourceId, 400n));
        const all = [join(), join(), join()];
        const { asked, settling } = await play(sourceId, acts, all);
        const given = new Set(all.flatMap(({ permits }) => permits.map(({ holdId }) => holdId)));
        const wrong = async () => {
          const states = await Promise.all(asked.map(async (id) => [id, (await ledger.holdRow(id))?.state ?? 'none'] as const));
          return states.filter(([id, state]) => {
            const allowed = !given.has(id) ? ['none', 'released'] : settling.has(id) ? ['settled', 'burned'] : ['burned'];
            return !allowed.includes(state);
          });
        };
        // What was asked before this is committed with it, or was.
        for (let fences = 0; fences < 2; fences += 1) await ledger.setLimit(KEY, 10_000n, 'fence');
        await expect.poll(wrong, { interval: 2 }).toEqual([]);
        expect((await balances(ledger, sourceId)).spent).toBeLessThanOrEqual(400n);
      }),
      { numRuns: 60 },
    );
    expect(await ledger.verify()).toEqual([]);
  });
});
