import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDurable,
  ensurePrivateFolder,
  fileStamp,
  readFileIfThere,
  sameStamp,
  shredFile,
  sweepTemporaries,
  writeDurable,
} from './files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tally-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('durable files', () => {
  it('are replaced whole, mode 0600, and leave nothing behind', async () => {
    const path = join(folder, 'a');
    await writeDurable(path, 'one');
    await writeDurable(path, Buffer.from('two'));
    expect(readFileIfThere(path)?.toString()).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readFileIfThere(join(folder, 'none'))).toBeNull();
  });

  it('are created once', async () => {
    const path = join(folder, 'a');
    await createDurable(path, 'one');
    await expect(createDurable(path, 'two')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('narrow a folder to its owner', async () => {
    const path = join(folder, 'x/y');
    await ensurePrivateFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('are overwritten before they are unlinked', async () => {
    const path = join(folder, 'a');
    await writeDurable(path, 'x'.repeat(200_000));
    // A second name for the same file shows what is left in its blocks.
    const { linkSync } = await import('node:fs');
    linkSync(path, join(folder, 'b'));
    await shredFile(path);
    await shredFile(path);
    expect(readdirSync(folder)).toEqual(['b']);
    expect(readFileSync(join(folder, 'b')).equals(Buffer.alloc(200_000))).toBe(true);
  });

  it('sweep what a cut-short write left, and nothing else', async () => {
    writeFileSync(join(folder, '.tmp-0123456789abcdef-a'), 'half');
    writeFileSync(join(folder, '.tmp-mine'), 'kept');
    await sweepTemporaries(folder);
    expect(readdirSync(folder)).toEqual(['.tmp-mine']);
  });

  it('have another stamp after a change that hides its time', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'one');
    const before = fileStamp(path);
    const { mtime, atime } = statSync(path);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, 'two');
    utimesSync(path, atime, mtime);
    expect(sameStamp(before, fileStamp(path))).toBe(false);
    expect(sameStamp(before, before)).toBe(true);
    expect(fileStamp(join(folder, 'none'))).toBeNull();
  });
});
