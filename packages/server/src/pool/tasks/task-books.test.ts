import { describe, expect, it } from 'vitest';
import { ContentSeal } from './seal.ts';
import { TaskBooks } from './task-books.ts';
import { MemoryRecords, testOrder } from './testing.ts';
import type { Task, Turn } from './types.ts';

const ID = '01890000-0000-7000-8000-000000000001';
const OTHER = '01890000-0000-7000-8000-000000000002';
const seal = () => new ContentSeal(Buffer.alloc(32, 1));

const taskOf = (id: string): Task => ({
  ...testOrder(),
  ...{ id, by: 'operator', host: 'here', state: 'queued', chosenModel: null, allotment: null, reason: null, finish: null },
  ...{ ranMs: 0, wakeAt: null, waits: 0, createdAt: 1, queuedAt: 1, endedAt: null },
});
const turnOf = (taskId: string, number: number): Turn => ({
  ...{ taskId, number, kind: 'answer', attempt: 1, state: 'open', keyId: 'A', model: 'm', output: 2n ** 62n, reservationId: null },
  ...{ tail: null, marked: false, receiptId: null, held: null, charged: null, stop: null, kept: 'marks', startedAt: 1, endedAt: null },
});

describe('tasks as records', () => {
  it('come back as they were, with their own turns and texts alone, in order', async () => {
    const books = new TaskBooks(new MemoryRecords(), seal());
    for (const id of [ID, OTHER]) await books.create(taskOf(id), { description: `words of ${id}`, system: null });
    for (const number of [1, 2, 11]) await books.begin(turnOf(ID, number), null);
    await books.begin(turnOf(OTHER, 1), {
      ...{ taskId: OTHER, turn: 1, attempt: 1, from: 'A', to: 'B', reason: 'limit' },
      left: 5n,
      at: 1,
    });
    for (let part = 0; part < 120; part += 1) await books.addText(ID, 2, part, `${part} `);
    expect(await books.task(ID)).toEqual(taskOf(ID));
    expect(await books.text(ID)).toEqual({ description: `words of ${ID}`, system: null });
    const turns = await books.turns(ID);
    expect(turns.map(({ turn }) => turn)).toEqual([turnOf(ID, 1), turnOf(ID, 2), turnOf(ID, 11)]);
    expect(turns[1]).toMatchObject({ parts: 120, text: Array.from({ length: 120 }, (_, i) => `${i} `).join('') });
    expect(await books.switches(ID)).toEqual([]);
    expect(await books.switches(OTHER)).toHaveLength(1);
  });

  it('are listed by who proposed them and by state, a page at a time', async () => {
    const books = new TaskBooks(new MemoryRecords(), seal());
    const ids = Array.from({ length: 450 }, (_, at) => `01890000-0000-7000-8000-${String(at).padStart(12, '0')}`);
    const made = ids.map(
      (id, at): Task => ({ ...taskOf(id), by: at % 2 === 0 ? 'operator' : 'account:a', state: at % 3 === 0 ? 'done' : 'queued' }),
    );
    for (const task of made) await books.create(task, { description: 'x', system: null });
    const idsOf = async (page: Parameters<TaskBooks['list']>[0]) => (await books.list(page)).map(({ id }) => id);
    expect(await idsOf({ limit: 1_000 })).toEqual(ids);
    expect(await idsOf({ limit: 3, after: ids[7] ?? '' })).toEqual(ids.slice(8, 11));
    const wanted = made.filter(({ by, state }, at) => at > 9 && by === 'account:a' && state === 'done').map(({ id }) => id);
    expect(wanted.length).toBeGreaterThan(50);
    expect(await idsOf({ limit: 50, by: 'account:a', state: 'done', after: ids[9] ?? '' })).toEqual(wanted.slice(0, 50));
  });

  it('have no word of anybody in the clear', async () => {
    const records = new MemoryRecords();
    const books = new TaskBooks(records, seal());
    await books.create(taskOf(ID), { description: 'a CANARY of a task', system: 'CANARY' });
    await books.begin({ ...turnOf(ID, 1), kept: 'CANARY' }, null);
    await books.addText(ID, 1, 0, 'CANARY');
    // Providers quote what they refuse.
    const reason = { code: 'UPSTREAM_REFUSED' as const, message: 'It says: CANARY', facts: {} };
    await books.update(ID, (task) => ({ ...task, state: 'failed', reason }));
    expect(await books.task(ID)).toEqual({ ...taskOf(ID), state: 'failed', reason });
    const kinds = ['pool.task', 'pool.ask', 'pool.turn', 'pool.text'];
    const bodies = (await Promise.all(kinds.map((kind) => records.records(kind, { limit: 10 })))).flat();
    expect(bodies).toHaveLength(4);
    for (const { body } of bodies) expect(body).not.toContain('CANARY');
  });

  it('are changed by one after another, however many change them at once', async () => {
    const books = new TaskBooks(new MemoryRecords(), seal());
    await books.create(taskOf(ID), { description: 'x', system: null });
    await Promise.all(Array.from({ length: 8 }, () => books.update(ID, (task) => ({ ...task, ranMs: task.ranMs + 1 }))));
    expect((await books.task(ID)).ranMs).toBe(8);
  });

  it('a text that was put under another record, or changed, does not open', () => {
    const sealed = seal().seal('pool.text', 'a/1', 'words');
    expect(seal().open('pool.text', 'a/1', sealed)).toBe('words');
    expect(() => seal().open('pool.text', 'a/2', sealed)).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
    expect(() => seal().open('pool.ask', 'a/1', sealed)).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
    const bytes = Buffer.from(sealed, 'base64');
    bytes[14] = (bytes[14] ?? 0) ^ 1;
    expect(() => seal().open('pool.text', 'a/1', bytes.toString('base64'))).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
  });
});
