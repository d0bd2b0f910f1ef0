import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, readSlice, walkLines } from './append-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tally-append-'));
  path = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an append-only file', () => {
  it('grows, knows its size, and cuts off a torn end', async () => {
    const file = await AppendFile.open(path);
    await file.append(Buffer.from('one\n'));
    await file.append(Buffer.from('two\nthr'));
    expect(file.size).toBe(11);
    await file.close();
    const again = await AppendFile.open(path, 8);
    await again.append(Buffer.from('three\n'));
    await again.close();
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
    expect(readSlice(path, 4, 3).toString()).toBe('two');
    expect(readSlice(path, 10, 100).toString()).toBe('ree\n');
  });

  it('is walked line by line, whatever the lines', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 50 }).map((s) => s.replaceAll('\n', ''))),
        fc.stringMatching(/^[a-z]{0,9}$/),
        (lines, torn) => {
          const text = lines.map((line) => `${line}\n`).join('');
          writeFileSync(path, text + torn);
          const seen: [string, number][] = [];
          expect(walkLines(path, 1000, (line, offset) => seen.push([line.toString(), offset]))).toEqual({
            whole: Buffer.byteLength(text),
            torn: torn.length,
          });
          expect(seen.map(([line]) => line)).toEqual(lines);
          for (const [line, offset] of seen) expect(readSlice(path, offset, Buffer.byteLength(line)).toString()).toBe(line);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is walked beyond one chunk, in bounded memory', () => {
    const line = `${'x'.repeat(999)}\n`;
    writeFileSync(path, line.repeat(3000));
    let count = 0;
    expect(walkLines(path, 1000, () => count++)).toEqual({ whole: 3_000_000, torn: 0 });
    expect(count).toBe(3000);
    writeFileSync(path, 'y'.repeat(3_000_000));
    expect(walkLines(path, 1000, () => count++)).toEqual({ whole: 0, torn: 3_000_000 });
    expect(walkLines(join(folder, 'none'), 10, () => count++)).toEqual({ whole: 0, torn: 0 });
  });
});
