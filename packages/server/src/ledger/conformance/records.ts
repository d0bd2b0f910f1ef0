import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookRecord, RecordWrite } from '../record-types.ts';
import type { Ledger } from '../types.ts';
import { useBooks } from './books.ts';
import { type CreateEngine, created, holdRequest, openAccounts, SOURCE, settleRequest } from './engine.ts';

const KIND = 'pool.test';
const START = 1_800_000_000_000;

function write(id: string, rev: bigint, body: string | null = '{}', state = 'new', kind = KIND): RecordWrite {
  return { kind, id, rev, state, body };
}

export function recordConformance(create: CreateEngine): void {
  const books = useBooks(create);

  const idsOf = (records: readonly BookRecord[]) => records.map(({ id }) => id);
  const revOf = async (id: string) => (await books.ledger.record(KIND, id))?.rev ?? 0n;
  /** The books as another process has them, where they can be shared. */
  async function withAnother(run: (ledgers: readonly Ledger[]) => Promise<void>): Promise<void> {
    if (!books.engine.isShared) return run([books.ledger]);
    const { ledger } = await books.engine.open();
    await run([books.ledger, ledger]);
    await ledger.close();
  }

  describe('a write', () => {
    it('is by revision, and kept with its times', async () => {
      expect(await books.ledger.record(KIND, 'a')).toBeNull();
      expect(await books.ledger.writeRecords([write('a', 0n, '{"n":"1"}')])).toEqual({ result: 'written', at: START });
      books.engine.clock.setWall(START + 1_000);
      expect(await books.ledger.writeRecords([write('a', 1n, '"ä\u{1f600}\\u0000"', 'ready')])).toMatchObject({ at: START + 1_000 });
      const expected = { kind: KIND, id: 'a', rev: 2n, state: 'ready', body: '"ä\u{1f600}\\u0000"' };
      const record = { ...expected, createdAt: START, writtenAt: START + 1_000 };
      expect(await books.ledger.record(KIND, 'a')).toEqual(record);
      expect(await books.ledger.record('another', 'a')).toBeNull();
      await books.reopen();
      expect(await books.ledger.record(KIND, 'a')).toEqual(record);
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('of several is all or none, and a conflict tells the revision that is there', async () => {
      await books.ledger.writeRecords([write('a', 0n), write('b', 0n), write('a', 0n, '{}', '', 'other')]);
      await books.ledger.writeRecords([write('b', 1n)]);
      const conflict = { result: 'conflict', kind: KIND };
      const both = [write('c', 0n), write('a', 1n, '"later"'), write('b', 1n)];
      expect(await books.ledger.writeRecords(both)).toEqual({ ...conflict, id: 'b', rev: 2n });
      expect([await revOf('a'), await revOf('b'), await revOf('c')]).toEqual([1n, 2n, 0n]);
      expect(await books.ledger.writeRecords([write('a', 0n)])).toEqual({ ...conflict, id: 'a', rev: 1n });
      expect(await books.ledger.writeRecords([write('c', 4n)])).toEqual({ ...conflict, id: 'c', rev: 0n });
      expect(await books.ledger.writeRecords([write('c', 0n), write('a', 1n), write('b', 2n)])).toMatchObject({ result: 'written' });
      expect([await revOf('a'), await revOf('b'), await revOf('c')]).toEqual([2n, 3n, 1n]);
    });

    it('counts in the state that it is in', async () => {
      await books.ledger.writeRecords([write('a', 0n), write('b', 0n), write('c', 0n, '{}', 'done'), write('a', 0n, '{}', 'new', 'other')]);
      await books.ledger.writeRecords([write('b', 1n, '{}', 'done')]);
      expect([...(await books.ledger.recordStates(KIND))]).toEqual([
        ['done', 2],
        ['new', 1],
      ]);
      expect(await books.ledger.recordStates('none')).toEqual(new Map());
    });

    it('of no body removes the record', async () => {
      await books.ledger.writeRecords([write('a', 0n), write('b', 0n)]);
      expect(await books.ledger.writeRecords([write('a', 2n, null)])).toMatchObject({ result: 'conflict', rev: 1n });
      expect(await books.ledger.writeRecords([write('a', 1n, null), write('b', 1n)])).toMatchObject({ result: 'written' });
      expect(await books.ledger.record(KIND, 'a')).toBeNull();
      expect(idsOf(await books.ledger.records(KIND, { limit: 10 }))).toEqual(['b']);
      expect(await books.ledger.writeRecords([write('a', 1n, null)])).toMatchObject({ result: 'conflict', rev: 0n });
      expect(await books.ledger.writeRecords([write('a', 0n)])).toMatchObject({ result: 'written' });
      expect(await revOf('a')).toBe(1n);
    });

    it('among others in a batch sees what they did', async () => {
      const steps = [write('a', 0n), write('a', 1n, null), write('a', 0n, '"again"'), write('a', 1n, '"more"'), write('a', 1n)];
      const results = await Promise.all(steps.map((step) => books.ledger.writeRecords([step])));
      expect(results.map(({ result }) => result)).toEqual(['written', 'written', 'written', 'written', 'conflict']);
      expect(await books.ledger.record(KIND, 'a')).toMatchObject({ rev: 2n, body: '"more"' });
    });
  });

  describe('races', () => {
    it('of 16 writers on one record leave each revision once', async () => {
      await books.ledger.writeRecords([write('a', 0n, '0')]);
      await withAnother(async (ledgers) => {
        const increment = async (ledger: Ledger) => {
          for (;;) {
            const found = await ledger.record(KIND, 'a');
            if (found === null) throw new Error('the record is gone');
            const { result } = await ledger.writeRecords([write('a', found.rev, String(Number(found.body) + 1))]);
            if (result === 'written') return found.rev + 1n;
          }
        };
        const revs = await Promise.all(Array.from({ length: 16 }, (_, at) => increment(ledgers[at % ledgers.length] as Ledger)));
        expect(new Set(revs).size).toBe(16);
      });
      expect(await books.ledger.record(KIND, 'a')).toMatchObject({ rev: 17n, body: '16' });
    });

    it('to create the same records let one come first', async () => {
      await withAnother(async (ledgers) => {
        const both = (at: number) => [write('a', 0n, String(at)), write('b', 0n, String(at))];
        const results = await Promise.all(
          Array.from({ length: 16 }, (_, at) =>
            (ledgers[at % ledgers.length] as Ledger).writeRecords(at % 4 < 2 ? both(at) : both(at).reverse()),
          ),
        );
        expect(results.filter(({ result }) => result === 'written')).toHaveLength(1);
        const [a, b] = await books.ledger.records(KIND, { limit: 10 });
        expect(a?.body).toBe(b?.body);
      });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('a list', () => {
    it('is in the order of ids, by kind and state, page by page', async () => {
      const ids = ['a', 'b/1', 'b/2', 'c', 'A', '9', 'a-b', 'a.b', 'a_b', 'a:b'];
      await books.ledger.writeRecords(ids.map((id, at) => write(id, 0n, '{}', at % 2 === 0 ? 'even' : 'odd')));
      await books.ledger.writeRecords([write('a', 0n, '{}', 'even', 'other')]);
      const sorted = ids.toSorted((a, b) => (a < b ? -1 : 1));
      expect(idsOf(await books.ledger.records(KIND, { limit: 1_000 }))).toEqual(sorted);
      expect(idsOf(await books.ledger.records(KIND, { limit: 3, after: sorted[1] as string }))).toEqual(sorted.slice(2, 5));
      const even = sorted.filter((id) => ids.indexOf(id) % 2 === 0);
      expect(idsOf(await books.ledger.records(KIND, { state: 'even', limit: 1_000 }))).toEqual(even);
      expect(idsOf(await books.ledger.records(KIND, { state: 'even', after: even[0] as string, limit: 2 }))).toEqual(even.slice(1, 3));
      expect(await books.ledger.records(KIND, { state: 'none', limit: 1 })).toEqual([]);
      expect(await books.ledger.records('none', { limit: 1 })).toEqual([]);
    });

    it('agrees with a model, whatever is written', async () => {
      const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
      const step = fc.record({
        ids: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
        isStale: fc.boolean(),
        isRemoval: fc.boolean(),
        body: fc.string({ unit: 'grapheme', maxLength: 8 }),
      });
      const model = new Map<string, { rev: bigint; body: string }>();
      const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const { ids, isStale, isRemoval, body } of steps) {
          const revs = ids.map((id) => (model.get(id)?.rev ?? 0n) + (isStale ? 1n : 0n));
          const text = JSON.stringify(body);
          const writes = ids.map((id, at) => write(id, revs[at] as bigint, isRemoval && revs[at] !== 0n ? null : text));
          const { result } = await books.ledger.writeRecords(writes);
          expect(result).toBe(isStale ? 'conflict' : 'written');
          for (const { id, rev, body: written } of isStale ? [] : writes) {
            if (written === null) model.delete(id);
            else model.set(id, { rev: rev + 1n, body: written });
          }
        }
        const found = (await books.ledger.records(KIND, { limit: 1_000 })).map(({ id, rev, body }) => [id, { rev, body }]);
        expect(found).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
      });
      await fc.assert(property, { numRuns: 15 });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('limits', () => {
    it('the largest body of all 16 records', async () => {
      const body = 'x'.repeat(4_194_302);
      const writes = Array.from({ length: 16 }, (_, at) => write(`large-${at}`, 0n, `"${body}"`));
      expect(await books.ledger.writeRecords(writes)).toMatchObject({ result: 'written' });
      expect((await books.ledger.record(KIND, 'large-15'))?.body).toHaveLength(4_194_304);
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('refuses what is not a record', async () => {
      const refused: readonly (readonly [string, readonly RecordWrite[]])[] = [
        ['no write', []],
        ['17 writes', Array.from({ length: 17 }, (_, at) => write(`a${at}`, 0n))],
        ['a record twice', [write('a', 0n), write('a', 1n)]],
        ['a kind of other characters', [write('a', 0n, '{}', '', 'Pool')]],
        ['a long kind', [write('a', 0n, '{}', '', 'p'.repeat(33))]],
        ['a long id', [write('a'.repeat(129), 0n)]],
        ['an id with a space', [write('a b', 0n)]],
        ['a long state', [write('a', 0n, '{}', 's'.repeat(33))]],
        ['a large body', [write('a', 0n, 'ä'.repeat(2_097_153))]],
        ['half a character', [write('a', 0n, '\ud800')]],
        ['a NUL', [write('a', 0n, '\0')]],
        ['a negative revision', [write('a', -1n)]],
        ['the removal of nothing', [write('a', 0n, null)]],
      ];
      const invalid = { code: 'INPUT_INVALID' };
      for (const [what, writes] of refused) await expect(books.ledger.writeRecords(writes), what).rejects.toMatchObject(invalid);
      for (const limit of [0, 1_001, 1.5]) await expect(books.ledger.records(KIND, { limit })).rejects.toMatchObject(invalid);
      expect(await books.ledger.records(KIND, { limit: 1_000 })).toEqual([]);
    });
  });

  describe('changed behind the ledger', () => {
    it('an edited column', async () => {
      const edits = ['rev = 2', "state = 'other'", 'body = \'{"n":2}\'', 'created_at = 1', 'written_at = 1', 'mac = upper(mac)'];
      const moved = ["kind = 'other'", "record_id = 'moved'"];
      await books.ledger.writeRecords([...edits, ...moved].map((_, at) => write(`a${at}`, 0n)));
      await books.ledger.writeRecords([write('b', 0n)]);
      for (const [at, edit] of [...edits, ...moved].entries())
        await books.engine.tamper(`UPDATE records SET ${edit} WHERE record_id = 'a${at}'`);
      const names = [...edits.map((_, at) => [KIND, `a${at}`] as const), ['other', `a${edits.length}`], [KIND, 'moved']] as const;
      for (const [kind, id] of names) {
        const tampered = { code: 'TAMPERED', facts: { kind, id } };
        await expect(books.ledger.record(kind, id), id).rejects.toMatchObject(tampered);
        const writes = [write('new', 0n), write(id, 1n, '{}', '', kind)];
        await expect(books.ledger.writeRecords(writes), id).rejects.toMatchObject(tampered);
      }
      await expect(books.ledger.records(KIND, { limit: 10 })).rejects.toMatchObject({ code: 'TAMPERED' });
      expect([await revOf('new'), await revOf('b')]).toEqual([0n, 1n]);
      const findings = names.map(([kind, id]) => `record ${kind} ${id} was changed behind the ledger`);
      expect((await books.ledger.verify()).toSorted()).toEqual(findings.toSorted());
    });

    it('a made-up record', async () => {
      await books.ledger.writeRecords([write('a', 0n)]);
      const columns = 'book_id, kind, rev, state, body, created_at, written_at, mac';
      await books.engine.tamper(`INSERT INTO records (record_id, ${columns}) SELECT 'z', ${columns} FROM records`);
      await expect(books.ledger.record(KIND, 'z')).rejects.toMatchObject({ code: 'TAMPERED' });
      expect(await books.ledger.verify()).toHaveLength(1);
    });
  });

  describe('what was burned', () => {
    it('counts whole holds of unknown outcome, of calls and of dead processes, until it is given back', async () => {
      await openAccounts(books.ledger, 1_000n);
      expect([await books.ledger.burnedOf(SOURCE), await books.ledger.burnedOf('source-9')]).toEqual([0n, 0n]);
      const outcomes = ['burned', 'metered', 'bound', 'released', 'burned'] as const;
      for (const outcome of outcomes) {
        const request = holdRequest(20n);
        await created(books.ledger, request);
        await books.ledger.settle(settleRequest(request.holdId, 3n, { outcome }));
      }
      await created(books.ledger, holdRequest(5n));
      expect(await books.ledger.burnedOf(SOURCE)).toBe(40n);
      await books.reopen();
      expect(await books.ledger.burnedOf(SOURCE)).toBe(45n);
      const hour = 3_600_000;
      books.engine.clock.setWall(START + 3 * hour);
      const interval = { sourceId: SOURCE, from: START - hour, to: START + hour, lagMs: hour, edgeMs: 1, resume: false };
      // Metered: 3; charged in full without usage: 20; reported with the burned calls, but not with the dead process's: 6.
      const reconciled = await books.ledger.reconcile({
        ...{ ...interval, providerTotal: 30n, returnMax: 1_000n },
        ...{ exportHash: 'e'.repeat(64), keyRef: '', consent: '' },
      });
      expect(reconciled.reconciliation.returned).toBe(38n);
      expect(await books.ledger.burnedOf(SOURCE)).toBe(7n);
      expect(await books.ledger.verify()).toEqual([]);
    });
  });
}
