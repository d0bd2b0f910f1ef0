import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareHeads } from './heads.ts';
import { type Fixture, makeFixture, meta, secret } from './testing.ts';
import type { Vault } from './types.ts';

let fixture: Fixture;
let vault: Vault;

beforeEach(async () => {
  fixture = makeFixture();
  vault = await fixture.open();
});
afterEach(async () => {
  await vault.close();
  fixture.remove();
});

const head = (accountId: string, seq: bigint, spent: bigint, h = 'aa') => ({ accountId, seq, spent, head: h });
const path = (name: string) => join(fixture.options.slotDir, name);
async function reopen() {
  await vault.close();
  vault = await fixture.open();
}

describe('heads', () => {
  const before = [head('a', 5n, 100n)];
  it.each([
    ['gone', [], 'account a is gone'],
    ['went back', [head('a', 4n, 100n)], 'account a went back from posting 5 to 4'],
    ['other spent', [head('a', 5n, 99n)], 'account a has 99 spent where 100 was seen at the same posting'],
    ['other head', [head('a', 5n, 100n, 'bb')], 'account a has another posting 5 than the one that was seen'],
  ])('reports an account that is or has %s', (_, now, message) => {
    expect(compareHeads(before, now)).toEqual([{ accountId: 'a', message }]);
  });

  it('lets accounts go forward, stay, and be new', () => {
    expect(compareHeads(before, [head('a', 5n, 100n), head('b', 1n, 1n)])).toEqual([]);
    expect(compareHeads(before, [head('a', 6n, 90n, 'cc')])).toEqual([]);
  });

  it('are remembered across restarts, with amounts beyond 2^53', async () => {
    const large = head('a', 2n ** 60n, 2n ** 61n);
    expect(vault.checkHeads([large])).toEqual([]);
    await vault.checkpoint([large]);
    await reopen();
    expect(vault.checkHeads([large])).toEqual([]);
    expect(vault.checkHeads([])).toHaveLength(1);
  });

  it('shut the vault where they were edited, taken away, or put back to an older copy', async () => {
    await vault.checkpoint([head('a', 1n, 10n)]);
    const old = readFileSync(path('heads.json'));
    await vault.checkpoint([head('a', 2n, 20n)]);
    const now = readFileSync(path('heads.json'));
    const edits = [() => writeFileSync(path('heads.json'), old), () => unlinkSync(path('heads.json'))];
    edits.push(() => writeFileSync(path('heads.json'), now.toString().replace('"20"', '"10"')));
    for (const edit of edits) {
      edit();
      await reopen();
      expect(() => vault.checkHeads([])).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
      expect(vault.auditVerify().length).toBeGreaterThan(0);
    }
    writeFileSync(path('heads.json'), now);
    await reopen();
    expect(vault.checkHeads([head('a', 2n, 20n)])).toEqual([]);
  });
});

describe('the generation', () => {
  it('begins at 0 and is kept', async () => {
    expect(vault.generation()).toEqual({ current: 0, pending: null });
    await vault.setGeneration({ current: 3, pending: 4 });
    await reopen();
    expect(vault.generation()).toEqual({ current: 3, pending: 4 });
  });

  it('shuts the vault where the anchor was edited, at any byte', async () => {
    await vault.setGeneration({ current: 3, pending: 4 });
    await vault.seal(meta(), secret());
    await vault.close();
    const sound = readFileSync(path('anchor.json'));
    for (let at = 0; at < sound.length; at += 7) {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(path('anchor.json'), changed);
      vault = await fixture.open();
      expect(() => vault.generation(), `byte ${at}`).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
      await vault.close();
    }
    writeFileSync(path('anchor.json'), sound);
    vault = await fixture.open();
    expect(vault.generation()).toEqual({ current: 3, pending: 4 });
  });

  it('reads 0 in a folder that lost its anchor, until it is set again', async () => {
    await vault.setGeneration({ current: 3, pending: null });
    await vault.close();
    unlinkSync(path('anchor.json'));
    vault = await fixture.open();
    expect(vault.generation()).toEqual({ current: 0, pending: null });
    expect(vault.auditVerify()).toEqual(['there is no anchor: a restored folder, or an anchor that was removed']);
    await reopen();
    expect(vault.generation().current).toBe(0);
    await vault.setGeneration({ current: 9, pending: null });
    expect(vault.auditVerify()).toEqual([]);
  });
});

describe('the header', () => {
  it('is missed where there is anything that it belongs to', async () => {
    await vault.close();
    const header = readFileSync(join(fixture.options.dir, 'vault.json'));
    unlinkSync(join(fixture.options.dir, 'vault.json'));
    await expect(fixture.open()).rejects.toMatchObject({ code: 'TAMPERED' });
    writeFileSync(join(fixture.options.dir, 'vault.json'), header);
    vault = await fixture.open();
  });

  it('is refused changed at any byte, and with another master, mode or second root', async () => {
    await vault.close();
    const file = join(fixture.options.dir, 'vault.json');
    const sound = readFileSync(file);
    for (let at = 0; at < sound.length; at += 5) {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(file, changed);
      await expect(fixture.open(), `byte ${at}`).rejects.toMatchObject({ code: expect.stringMatching(/^(TAMPERED|MASTER_KEY_INVALID)$/) });
    }
    writeFileSync(file, sound);
    await expect(fixture.open({ master: Buffer.alloc(32, 8) })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await expect(fixture.open({ secondRoot: Buffer.alloc(32, 8) })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await expect(fixture.open({ master: Buffer.alloc(16) })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await expect(fixture.open({ shredMode: 'recoverable' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const { dir } = fixture.options;
    for (const slotDir of [dir, join(dir, 'slots'), join(dir, '..')]) {
      await expect(fixture.open({ slotDir })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    vault = await fixture.open();
  });
});
