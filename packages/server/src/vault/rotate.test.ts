import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANARY, type Fixture, makeFixture, meta, secret } from './testing.ts';
import type { Vault } from './types.ts';

const NEXT = Buffer.alloc(32, 8);
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

const reading = (id: string) => vault.open(fixture.ticket(vault, id), (s) => s.toString('utf8'));

describe('rotating the master', () => {
  it('keeps secrets, limits, heads, log and the keys of other rooms; the old master opens nothing', async () => {
    await vault.seal(meta(), secret());
    await vault.seal(meta({ id: 'src-2' }), secret('second'));
    await vault.seal(meta({ id: 'gone' }), secret('third'));
    await vault.shred('gone', 'test');
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 10n, expiry: 0 });
    await vault.checkpoint([{ accountId: 'a', seq: 1n, spent: 2n, head: 'aa' }]);
    await vault.setGeneration({ current: 4, pending: null });
    const room = vault.derive('x').toString('hex');
    expect(await vault.rotateMaster(NEXT)).toBe(2);
    const check = () => {
      expect([reading('src-1'), reading('src-2')]).toEqual([CANARY, 'second']);
      expect(vault.limits('src-1').limit).toBe(10n);
      expect(vault.generation().current).toBe(4);
      expect(vault.checkHeads([])).toHaveLength(1);
      expect(vault.derive('x').toString('hex')).toBe(room);
      expect(vault.auditVerify()).toEqual([]);
    };
    check();
    await vault.close();
    await expect(fixture.open()).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    vault = await fixture.open({ master: NEXT });
    check();
    // And once more, so that two former masters lie behind the log.
    await vault.rotateMaster(Buffer.alloc(32, 9));
    await vault.changeLimit({ id: 'src-1', seq: 2, limit: 9n, expiry: 0 });
    await vault.close();
    vault = await fixture.open({ master: Buffer.alloc(32, 9) });
    expect(vault.limits('src-1').limit).toBe(9n);
    expect(vault.auditVerify()).toEqual([]);
    expect(readdirSync(join(fixture.options.dir, 'sealed')).filter((name) => name.includes('next'))).toEqual([]);
  });

  it('finds an edit of the lines that former masters wrote', async () => {
    await vault.seal(meta(), secret());
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 10n, expiry: 0 });
    await vault.rotateMaster(NEXT);
    await vault.close();
    const log = join(fixture.options.dir, 'audit.log');
    const sound = readFileSync(log, 'utf8');
    writeFileSync(log, sound.replace('"limit":"10"', '"limit":"99"'));
    writeFileSync(join(fixture.options.dir, 'audit.checkpoints'), '');
    vault = await fixture.open({ master: NEXT });
    expect(() => vault.limits('src-1')).toThrow(expect.objectContaining({ code: 'TAMPERED' }));
  });

  it('opens secrets while it is under way, and audit entries wait for it', async () => {
    for (let i = 0; i < 10; i++) await vault.seal(meta({ id: `s${i}` }), secret(`v${i}`));
    let done = false;
    const rotation = vault.rotateMaster(NEXT).finally(() => {
      done = true;
    });
    const entries: Promise<number>[] = [];
    let opened = 0;
    while (!done) {
      expect(reading(`s${opened % 10}`)).toBe(`v${opened % 10}`);
      opened++;
      entries.push(vault.audit('test.note', 'x', {}));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await rotation).toBe(10);
    expect(new Set(await Promise.all(entries)).size).toBe(entries.length);
    expect(opened).toBeGreaterThan(5);
    expect(vault.auditVerify()).toEqual([]);
  });

  it('begins nothing where a record would be left behind', async () => {
    await vault.seal(meta(), secret());
    writeFileSync(join(fixture.options.dir, 'sealed/src-1.seal'), 'rubbish');
    await expect(vault.rotateMaster(NEXT)).rejects.toMatchObject({ code: 'TAMPERED' });
    await expect(vault.rotateMaster(Buffer.alloc(5))).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await vault.audit('test.note', 'still writing', {});
  });
});
