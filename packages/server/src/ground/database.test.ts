import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { migrationsIn } from './database.ts';

function numbersOf(names: readonly string[]): readonly number[] {
  const folder = mkdtempSync(join(tmpdir(), 'tally-migrations-'));
  try {
    for (const name of names) writeFileSync(join(folder, name), '-- nothing');
    return migrationsIn(pathToFileURL(`${folder}/`)).map(({ number }) => number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('migrations', () => {
  it('are taken in the order of their numbers', () => {
    expect(numbersOf(['0002_b.sql', '0001_a.sql', '0003_c.sql'])).toEqual([1, 2, 3]);
  });

  it('are refused where a number is there twice, or missing', () => {
    expect(() => numbersOf(['0001_a.sql', '0002_b.sql', '0002_c.sql'])).toThrow('0002_c stands where number 3 should');
    expect(() => numbersOf(['0001_a.sql', '0003_b.sql'])).toThrow('0003_b stands where number 2 should');
  });
});
