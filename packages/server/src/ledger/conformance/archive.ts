import { appendFileSync, renameSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWriter } from '#ground/database';
import type { ReconcileRequest } from '../reconciliation.ts';
import { useBooks } from './books.ts';
import { balances, type CreateEngine, created, holdRequest, KEY, openAccounts, SOURCE, settleRequest } from './engine.ts';
import { Months } from './months.ts';

const HOUR = 3_600_000;
const ALL = { before: 999_912, keepMonths: 1 };
const january = (day: number) => Date.UTC(2027, 0, day);

export function archiveConformance(create: CreateEngine): void {
  const books = useBooks(create);

  function reconcile(from: number, to: number, providerTotal: bigint) {
    const own = { exportHash: 'e'.repeat(64), keyRef: '', consent: '', returnMax: 2n ** 62n, resume: false };
    const request: ReconcileRequest = { sourceId: SOURCE, from, to, providerTotal, lagMs: HOUR, edgeMs: 60_000, ...own };
    return books.ledger.reconcile(request);
  }

  /** January to March, with a reconciliation in February of what was burned in January. */
  async function threeMonths(): Promise<Months> {
    const months = new Months(books);
    await openAccounts(books.ledger, 1_000n);
    await months.play(1);
    months.go(2, 1);
    expect((await reconcile(january(16), january(30), 5n)).reconciliation.returned).toBeGreaterThan(0n);
    await months.play(2, 3);
    months.go(4);
    return months;
  }

  it('changes nothing that is asked of the books, before, between and after its steps', async () => {
    const months = await threeMonths();
    const { archives } = books.ledger;
    const before = await months.picture();
    expect(before.records.map((record) => record?.status)).toEqual(before.records.map(() => 'signed'));
    const trees = await Promise.all(before.records.map((record) => months.tree(record)));
    const same = async () => {
      const now = await months.picture();
      expect(now).toEqual(before);
      expect(await Promise.all(now.records.map((record) => months.tree(record)))).toEqual(trees);
      expect(await books.ledger.verify()).toEqual([]);
    };

    expect(await archives.next(ALL)).toEqual({ result: 'ready', month: 202_701 });
    const sealed = await archives.seal(ALL);
    expect(sealed).toMatchObject({ result: 'sealed', archive: { month: 202_701, state: 'sealed', receipts: 3 } });
    expect(await archives.seal(ALL)).toEqual(sealed);
    await expect(archives.finish(202_701)).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await same();
    await archives.remove(202_701);
    await archives.remove(202_701);
    expect(await archives.list()).toMatchObject([{ month: 202_701, state: 'removed' }]);
    await archives.finish(202_701);
    await months.archive(202_702);
    expect(await archives.seal(ALL)).toMatchObject({ result: 'refused', month: 202_703 });
    await expect.poll(async () => (await books.ledger.outbox(0n, 1))[0]?.at).toBeGreaterThan(Date.UTC(2027, 2, 1));

    await books.reopen();
    expect(books.findings).toEqual([]);
    await same();
    // What was archived is still known by its ids, and the chains go on from where they were.
    await months.play(4);
    months.go(6);
    await months.archive(202_703, 202_704);
    await months.sound();
    expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, state: 'active' });
  });

  it('a hold of an archived month is never placed again, and never settled again', async () => {
    const months = new Months(books);
    await openAccounts(books.ledger, 1_000n);
    const hold = holdRequest(9n);
    await created(books.ledger, hold);
    await books.ledger.settle(settleRequest(hold.holdId, 4n));
    await months.sign();
    months.go(3);
    await months.archive(202_701);
    expect(await books.ledger.hold(hold)).toMatchObject({ result: 'existing', state: 'settled', receiptId: hold.receiptId });
    expect(await books.ledger.settle(settleRequest(hold.holdId, 4n))).toMatchObject({ result: 'already', state: 'settled' });
    expect(await balances(books.ledger, SOURCE)).toMatchObject({ spent: 4n });
  });

  it('waits for what is not over', async () => {
    const months = new Months(books);
    const { archives } = books.ledger;
    await openAccounts(books.ledger, 1_000n);
    const refusal = async (why: RegExp, question = ALL) =>
      expect(await archives.seal(question)).toEqual({ result: 'refused', month: 202_701, why: expect.stringMatching(why) });
    await refusal(/stay in the books/);
    const open = holdRequest(9n);
    await created(books.ledger, open);
    await months.call();
    months.go(2);
    await refusal(/everything since 2027-01/);
    months.go(3);
    await refusal(/1 of its calls are still open/);
    await refusal(/everything since 2026-12/, { ...ALL, keepMonths: 3 });
    await books.ledger.settle(settleRequest(open.holdId, 4n));
    await refusal(/receipt 1 of lane 0xa+ is under no signed root/);
    const [lane] = await books.ledger.lanes();
    const two = { laneId: books.engine.laneId, seqFrom: 1n, seqTo: 2n, root: lane?.laneId as `0x${string}`, total: 0n };
    const signed = { ...two, signature: '0x11', signer: '0x22', signedAt: january(20) } as const;
    await expect(books.ledger.addReceiptGroup(signed)).rejects.toMatchObject({ code: 'STATE_INVALID' });
    expect(await archives.seal({ ...ALL, before: 202_701 })).toEqual({ result: 'nothing' });
  });

  it('keeps what a frozen source needs to be resumed', async () => {
    const months = new Months(books);
    await openAccounts(books.ledger, 1_000n);
    await months.call('metered', 50n);
    await months.sign();
    months.go(3);
    expect(await books.ledger.archives.seal(ALL)).toMatchObject({
      result: 'refused',
      why: expect.stringMatching(/source source-1 has been frozen/),
    });
    await books.ledger.setState(SOURCE, 'active', 'compared', 60n);
    await months.archive(202_701);
    await months.sound();
  });

  it('is compared with no provider any more', async () => {
    const months = await threeMonths();
    await months.archive(202_701);
    await expect(reconcile(january(30) + HOUR, Date.UTC(2027, 1, 25), 5n)).rejects.toMatchObject({
      code: 'STATE_INVALID',
      message: expect.stringMatching(/up to the end of 2027-01 is archived: an interval begins at 2027-02-01T00:01:00.000Z/),
    });
    expect((await reconcile(Date.UTC(2027, 1, 2), Date.UTC(2027, 1, 25), 3n)).reconciliation).toMatchObject({ ours: 13n, returned: 9n });
    await months.archive(202_702);
    await months.sound();
  });

  it('a file that is gone or changed is named, and nothing is removed for it', async () => {
    const months = await threeMonths();
    const { archives } = books.ledger;
    const outcome = await archives.seal(ALL);
    const sha256 = outcome.result === 'sealed' ? outcome.archive.fileHash : '';
    const file = archives.fileOf(202_701);
    renameSync(file, `${file}.away`);
    await expect(archives.remove(202_701)).rejects.toMatchObject({ code: 'ARCHIVE_MISSING', facts: { month: '2027-01', sha256 } });
    renameSync(`${file}.away`, file);
    await archives.remove(202_701);
    renameSync(file, `${file}.away`);
    await expect(books.ledger.receipt(months.receipts[0] as string)).rejects.toMatchObject({
      code: 'ARCHIVE_MISSING',
      facts: { month: '2027-01', sha256 },
    });
    expect(await archives.faults()).toEqual([expect.stringMatching(/2027-01 is not here/)]);
    expect(await books.ledger.receipt(months.receipts[3] as string)).toMatchObject({ status: 'signed' });
    renameSync(`${file}.away`, file);
    expect(await archives.faults()).toEqual([]);

    const db = openWriter(file);
    db.exec("UPDATE receipts SET charged = charged + 1 WHERE seq = 1; UPDATE postings SET amount = 0 WHERE kind = 'ambiguous'");
    db.close();
    const found = await archives.verify(file);
    for (const finding of [
      /posting \d of account source-1 was changed/,
      /is not the one that its source was charged by/,
      /name another file/,
    ])
      expect(found).toContainEqual(expect.stringMatching(finding));
    expect(await archives.faults()).toEqual([expect.stringMatching(/2027-01 was changed/)]);
    appendFileSync(`${file}.away`, 'not a database');
    expect(await archives.verify(`${file}.away`)).toEqual(['the file cannot be read as an archive']);
    await expect(archives.verify(`${file}.none`)).rejects.toMatchObject({ code: 'ARCHIVE_MISSING' });
  });

  it('whatever is edited of what stays is found', async () => {
    const months = await threeMonths();
    await months.archive(202_701, 202_702);
    const OF_KEY = `account_id = '${KEY}'`;
    const FIRST_HOLD = 'hold_no = (SELECT min(hold_no) FROM holds)';
    const edits: readonly (readonly [edit: string, undo: string, finding: RegExp])[] = [
      [
        'UPDATE archives SET file_hash = kept WHERE month = 202701',
        "UPDATE archives SET file_hash = '$hash' WHERE month = 202701",
        /the checkpoint of 2027-01 was changed/,
      ],
      [
        'UPDATE archive_lanes SET seq_from = seq_from + 1 WHERE month = 202702',
        'UPDATE archive_lanes SET seq_from = seq_from - 1 WHERE month = 202702',
        /2027-02 leaves out receipts/,
      ],
      [
        `UPDATE holds SET tenant_id = 'other' WHERE ${FIRST_HOLD}`,
        `UPDATE holds SET tenant_id = 'tenant-1' WHERE ${FIRST_HOLD}`,
        /the holds of archived receipts/,
      ],
      ['UPDATE reconciliations SET to_at = to_at - 1', 'UPDATE reconciliations SET to_at = to_at + 1', /the archived reconciliations/],
      [
        `UPDATE postings SET ref = 'x' || ref WHERE ${OF_KEY} AND month = 202702`,
        `UPDATE postings SET ref = substr(ref, 2) WHERE ${OF_KEY} AND month = 202702`,
        /the postings that stay of archived months/,
      ],
    ];
    const hash = (await books.ledger.archives.list())[0]?.fileHash as string;
    for (const [edit] of edits) await books.engine.tamper(edit);
    const found = await books.ledger.verify();
    for (const [, , finding] of edits) expect(found).toContainEqual(expect.stringMatching(finding));
    for (const [, undo] of edits) await books.engine.tamper(undo.replace('$hash', hash));
    expect(await books.ledger.verify()).toEqual([]);
    // The checkpoint itself, and rows that no archive has.
    await books.engine.tamper(`DELETE FROM postings WHERE ${OF_KEY} AND month = 202702`);
    expect(await books.ledger.verify()).toContainEqual(expect.stringMatching(/the postings that stay of archived months/));
    await books.engine.tamper('DELETE FROM receipts WHERE seq = 7');
    expect(await books.ledger.verify()).toContainEqual(expect.stringMatching(/is not contiguous/));
    await books.engine.tamper('DELETE FROM archives WHERE month = 202702');
    expect(await books.ledger.verify()).toContainEqual(expect.stringMatching(/has no receipt/));
    await expect(books.ledger.archives.seal(ALL)).rejects.toMatchObject({ code: 'TAMPERED' });
  });

  describe('any history', () => {
    const step = fc.constantFrom('metered', 'burned', 'released', 'month', 'month', 'seal', 'remove', 'reopen', 'limit');

    it('is the same history when months of it are archived, wherever it is stopped', async () => {
      const months = new Months(books);
      await openAccounts(books.ledger, 100_000n, 100_000n);
      let month = 1;
      const run = async (what: string) => {
        const { archives } = books.ledger;
        if (what === 'month') {
          await months.sign();
          month += 1;
          months.go(month);
        } else if (what === 'seal') await archives.seal(ALL);
        else if (what === 'remove') {
          const last = (await archives.list()).at(-1);
          if (last?.state === 'sealed') await archives.remove(last.month);
          else if (last?.state === 'removed') await archives.finish(last.month);
        } else if (what === 'reopen') await books.reopen();
        else if (what === 'limit') await books.ledger.setLimit(KEY, BigInt(90_000 + months.receipts.length), 'model');
        else await months.call(what as 'metered');
      };
      const history = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 60 }), async (steps) => {
        for (const what of steps) await run(what);
      });
      // The books are those of one test: a history that fails is told with its seed, not made shorter.
      await fc.assert(history, { numRuns: 1, endOnFailure: true });
      await months.sound();
      const records = await Promise.all(months.receipts.map((id) => books.ledger.receipt(id)));
      expect(records.map((record) => record?.receiptId)).toEqual(months.receipts);
      const { spent } = await balances(books.ledger, SOURCE);
      const charged = records.reduce(
        (sum, record) => sum + (record?.status === 'signed' || record?.status === 'unsigned' ? record.receipt.charged : 0n),
        0n,
      );
      expect(spent).toBe(charged);
    });
  });
}
