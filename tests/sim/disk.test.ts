import { afterEach, describe, expect, it } from 'vitest';
import { openWriter, type SqlRow } from '../../packages/server/src/ground/database.ts';
import { Dice } from '../../sim/dice.ts';
import { type Crash, Disk } from '../../sim/disk.ts';

/** Writes numbers, the last ones without a sync, crashes, and reads what is left. */
function survivors(seed: number, crash: Crash, checkpointAt: number): { readonly numbers: readonly bigint[]; readonly isSound: boolean } {
  const disk = new Disk(new Dice(seed));
  disks.push(disk);
  const db = openWriter(disk.file);
  db.exec('PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (n INTEGER PRIMARY KEY, filler TEXT)');
  const add = db.prepare('INSERT INTO t VALUES (?, ?)');
  for (let n = 1; n <= 20; n += 1) {
    if (n === 11) db.exec('PRAGMA synchronous = NORMAL');
    add.run(n, 'x'.repeat(3_000));
    disk.committed(n <= 10);
    if (n !== checkpointAt) continue;
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    disk.committed(true);
  }
  disk.crash(crash);
  db.close();
  disk.forget();
  const after = openWriter(disk.file);
  const numbers = (after.prepare('SELECT n FROM t ORDER BY n').all() as SqlRow[]).map(({ n }) => n as bigint);
  const check = after.prepare('PRAGMA integrity_check').all() as SqlRow[];
  after.close();
  return { numbers, isSound: check.length === 1 && check[0]?.['integrity_check'] === 'ok' };
}

const disks: Disk[] = [];

describe('the simulated disk', () => {
  afterEach(() => {
    for (const disk of disks.splice(0)) disk.remove();
  });

  it('keeps all that was written where only the process dies', () => {
    for (let seed = 0; seed < 10; seed += 1) expect(survivors(seed, 'kill', seed).numbers).toHaveLength(20);
  });

  it('keeps what was synced, loses some of the rest, and never the order, where the power goes', () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const { numbers, isSound } = survivors(seed, 'power', seed % 3 === 0 ? 8 : 0);
      expect(isSound).toBe(true);
      expect(numbers).toEqual(numbers.map((_, i) => BigInt(i + 1)));
      expect(numbers.length).toBeGreaterThanOrEqual(10);
      lengths.add(numbers.length);
    }
    expect(lengths.size).toBeGreaterThan(3);
  });

  it('keeps what a checkpoint has synced', () => {
    for (let seed = 0; seed < 20; seed += 1) expect(survivors(seed, 'power', 15).numbers.length).toBeGreaterThanOrEqual(15);
  });
});
