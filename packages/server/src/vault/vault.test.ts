import { cpSync, existsSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOfSecretKey, limitChangeDigest, signDigest, TallyError } from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CANARY, EPOCH, type Fixture, makeFixture, meta, secret } from './testing.ts';
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

function reading(id = 'src-1'): string {
  return vault.open(fixture.ticket(vault, id), (s) => s.toString('utf8'));
}

function failure(run: () => unknown): TallyError {
  try {
    run();
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

async function reopen(more = {}): Promise<void> {
  await vault.close();
  vault = await fixture.open(more);
}

describe('seal and open', () => {
  it('gives the secret back, across restarts, and zeroes every buffer', async () => {
    const given = secret();
    await vault.seal(meta(), given);
    expect(given.every((byte) => byte === 0)).toBe(true);
    await reopen();
    let kept: Buffer = Buffer.alloc(0);
    const text = vault.open(fixture.ticket(vault, 'src-1'), (s) => {
      kept = s;
      return s.toString('utf8');
    });
    expect(text).toBe(CANARY);
    expect(kept.every((byte) => byte === 0)).toBe(true);
    expect(vault.list()).toEqual([meta()]);
  });

  it('zeroes the secret where `use` throws or is asynchronous', async () => {
    await vault.seal(meta(), secret());
    const seen: Buffer[] = [];
    const leak = (s: Buffer) => {
      seen.push(s);
      throw new Error('no');
    };
    expect(() => vault.open(fixture.ticket(vault, 'src-1'), leak)).toThrow('no');
    expect(failure(() => vault.open(fixture.ticket(vault, 'src-1'), async (s) => seen.push(s))).code).toBe('INTERNAL');
    expect(seen.flatMap((s) => [...s]).every((byte) => byte === 0)).toBe(true);
  });

  it('keeps files 0600 and folders 0700', async () => {
    await vault.seal(meta(), secret());
    const { dir, slotDir } = fixture.options;
    const files = [join(dir, 'vault.json'), join(dir, 'audit.log'), join(dir, 'sealed/src-1.seal'), join(slotDir, 'slots/src-1.slot')];
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const folder of [dir, slotDir, join(dir, 'sealed'), join(slotDir, 'slots')]) expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('uses an id once, ever', async () => {
    await vault.seal(meta(), secret());
    await expect(vault.seal(meta(), secret())).rejects.toMatchObject({ code: 'STATE_INVALID' });
    await vault.shred('src-1', 'test');
    await expect(vault.seal(meta(), secret())).rejects.toMatchObject({ code: 'STATE_INVALID' });
  });

  it.each([
    { id: '../x' },
    { id: '' },
    { donor: 'someone' },
    { donor: 'account:x' },
    { donor: 'account:01890000-0000-7000-8000-00000000000A' },
    { ceiling: 0n },
    { expiry: -1 },
    { epoch: 0.5 },
    { provider: 'A B' },
  ])('refuses %o, and zeroes the secret all the same', async (more) => {
    const given = secret();
    await expect(vault.seal(meta(more), given)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(given.every((byte) => byte === 0)).toBe(true);
  });

  it('notices a file that is changed or removed while it runs', async () => {
    await vault.seal(meta(), secret());
    expect(reading()).toBe(CANARY);
    const path = join(fixture.options.dir, 'sealed/src-1.seal');
    const sound = readFileSync(path);
    const changed = Buffer.from(sound);
    changed[60] = (changed[60] as number) ^ 1;
    writeFileSync(path, changed);
    expect(failure(reading).code).toBe('TAMPERED');
    writeFileSync(path, sound);
    expect(reading()).toBe(CANARY);
    unlinkSync(join(fixture.options.slotDir, 'slots/src-1.slot'));
    expect(failure(reading)).toMatchObject({ code: 'SECRET_UNAVAILABLE', facts: { reason: 'missing' } });
    expect([vault.has('src-1'), vault.list().length]).toEqual([false, 1]);
    await expect(vault.rotateMaster(Buffer.alloc(32, 8))).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
    await vault.shred('src-1', 'its slot is lost');
    expect(await vault.rotateMaster(Buffer.alloc(32, 8))).toBe(0);
  });

  it('does not take one record or slot for another', async () => {
    await vault.seal(meta(), secret('first'));
    await vault.seal(meta({ id: 'src-2', ceiling: 5n }), secret('second'));
    const { dir, slotDir } = fixture.options;
    writeFileSync(join(dir, 'sealed/src-2.seal'), readFileSync(join(dir, 'sealed/src-1.seal')));
    writeFileSync(join(slotDir, 'slots/src-2.slot'), readFileSync(join(slotDir, 'slots/src-1.slot')));
    expect(failure(() => reading('src-2')).code).toBe('TAMPERED');
    expect(vault.auditVerify()).toEqual(['the record of src-2 does not match its seal']);
  });
});

describe('tickets', () => {
  beforeEach(() => vault.seal(meta(), secret()));

  it('opens once per hold', () => {
    const ticket = fixture.ticket(vault, 'src-1');
    expect(vault.open(ticket, () => 1)).toBe(1);
    expect(failure(() => vault.open(ticket, () => 1)).facts).toEqual({ reason: 'permit_spent' });
  });

  it('refuses a changed field, another epoch, and any ticket before the epoch is known', async () => {
    const ticket = fixture.ticket(vault, 'src-1');
    const changed = [
      { mac: '00'.repeat(32) },
      { mac: '' },
      { nonce: 'x' },
      { sourceId: 'src-2' },
      { holdId: ticket.holdId.replace('-7', '-8') },
    ];
    for (const more of changed) expect(failure(() => vault.open({ ...ticket, ...more }, () => 1)).facts).toEqual({ reason: 'permit_mac' });
    const other = fixture.ticket(vault, 'src-1', { epoch: 'epoch-0' });
    expect(failure(() => vault.open(other, () => 1)).facts).toEqual({ reason: 'permit_epoch' });
    expect(failure(() => vault.acceptEpoch('epoch-2')).code).toBe('STATE_INVALID');
    expect(() => vault.acceptEpoch(EPOCH)).not.toThrow();
  });

  it('spends the ticket even where opening fails', () => {
    const ticket = fixture.ticket(vault, 'src-9');
    expect(failure(() => vault.open(ticket, () => 1)).facts).toMatchObject({ reason: 'unknown' });
    expect(failure(() => vault.open(ticket, () => 1)).facts).toEqual({ reason: 'permit_spent' });
  });
});

describe('limits', () => {
  const donorKey = Buffer.alloc(32, 3);
  const donor = addressOfSecretKey(donorKey);
  const signed = (change: { id: string; seq: number; limit: bigint; expiry: number }, key = donorKey) => ({
    ...change,
    signature: signDigest(limitChangeDigest(change, fixture.options.domain), key),
  });

  it('lowers by the minimum over all changes, and keeps them across restarts', async () => {
    await vault.seal(meta({ expiry: 0 }), secret());
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 800n, expiry: 0 });
    const soon = fixture.clock.wallMs() + 60_000;
    expect(await vault.changeLimit({ id: 'src-1', seq: 5, limit: 800n, expiry: soon })).toEqual({
      ceiling: 1000n,
      limit: 800n,
      expiry: soon,
      changes: 2,
      seq: 5,
    });
    await reopen();
    expect(vault.limits('src-1')).toMatchObject({ limit: 800n, expiry: soon, seq: 5 });
    expect(reading()).toBe(CANARY);
    fixture.clock.advance(60_000);
    expect(failure(reading).facts).toMatchObject({ reason: 'expired' });
  });

  it('raises nothing, takes no number twice', async () => {
    await vault.seal(meta({ expiry: 2_000_000_000_000 }), secret());
    await vault.changeLimit({ id: 'src-1', seq: 2, limit: 500n, expiry: 0 });
    const bad = [
      { seq: 3, limit: 501n, expiry: 0 },
      { seq: 2, limit: 400n, expiry: 0 },
      { seq: 1, limit: 400n, expiry: 0 },
      { seq: 3, limit: 400n, expiry: 2_000_000_000_001 },
      { seq: 3, limit: -1n, expiry: 0 },
      { seq: 3.5, limit: 1n, expiry: 0 },
    ];
    for (const change of bad) await expect(vault.changeLimit({ id: 'src-1', ...change })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    await expect(vault.changeLimit({ id: 'src-9', seq: 1, limit: 1n, expiry: 0 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(vault.limits('src-1')).toMatchObject({ limit: 500n, changes: 1 });
  });

  it('needs the donor’s signature where there is a donor', async () => {
    await vault.seal(meta({ donor }), secret());
    const change = { id: 'src-1', seq: 1, limit: 10n, expiry: 0 };
    const bad = [change, signed(change, Buffer.alloc(32, 4)), { ...signed(change), limit: 9n }, { ...change, signature: '0x12' as const }];
    for (const wrong of bad) await expect(vault.changeLimit(wrong)).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    expect(await vault.changeLimit(signed(change))).toMatchObject({ limit: 10n });
    expect(vault.auditVerify()).toEqual([]);
  });

  it('needs no signature of an account, whose word rests on this gateway', async () => {
    await vault.seal(meta({ donor: 'account:01890000-0000-7000-8000-00000000000a' }), secret());
    expect(await vault.changeLimit({ id: 'src-1', seq: 1, limit: 700n, expiry: 0 })).toMatchObject({ limit: 700n });
    await expect(vault.changeLimit({ id: 'src-1', seq: 2, limit: 701n, expiry: 0 })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    expect(vault.auditVerify()).toEqual([]);
  });

  it('are known to the anchor as soon as they are acknowledged, before any checkpoint', async () => {
    await vault.seal(meta(), secret());
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 10n, expiry: 0 });
    // What a kill at this moment leaves, with the last line taken off.
    const left = join(fixture.root, 'left');
    for (const folder of ['vault', 'slots']) cpSync(join(fixture.root, folder), join(left, folder), { recursive: true });
    const log = readFileSync(join(left, 'vault/audit.log'), 'utf8');
    writeFileSync(join(left, 'vault/audit.log'), `${log.split('\n').slice(0, -2).join('\n')}\n`);
    const again = await fixture.open({ dir: join(left, 'vault'), slotDir: join(left, 'slots') });
    expect(failure(() => again.limits('src-1')).message).toContain('the log has 2 lines, the anchor saw 3');
    await again.close();
  });

  it('does not open at limit 0', async () => {
    await vault.seal(meta(), secret());
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 0n, expiry: 0 });
    expect(failure(reading).facts).toMatchObject({ reason: 'limit_zero' });
  });

  it('shuts where a change was edited, removed or cut off', async () => {
    await vault.seal(meta(), secret());
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 10n, expiry: 0 });
    await vault.close();
    const { dir } = fixture.options;
    const log = readFileSync(join(dir, 'audit.log'), 'utf8');
    const lines = log.split('\n').slice(0, -1);
    const attacks = [
      log.replace('"limit":"10"', '"limit":"99"'),
      `${lines.filter((line) => !line.includes('limit.changed')).join('\n')}\n`,
      `${lines.toReversed().join('\n')}\n`,
      `${lines.slice(0, 2).join('\n')}\n`,
      log.slice(0, -20),
      '',
    ];
    // The signed checkpoints are taken away too: the anchor alone must notice.
    for (const attacked of attacks) {
      writeFileSync(join(dir, 'audit.log'), attacked);
      writeFileSync(join(dir, 'audit.checkpoints'), '');
      vault = await fixture.open();
      expect(failure(reading).code).toBe('TAMPERED');
      expect(failure(() => vault.limits('src-1')).code).toBe('TAMPERED');
      expect(vault.auditVerify().length).toBeGreaterThan(0);
      await vault.close();
    }
    writeFileSync(join(dir, 'audit.log'), log);
    vault = await fixture.open();
    expect(vault.limits('src-1').limit).toBe(10n);
  });
});

describe('shred', () => {
  it('destroys both files, once, and says so', async () => {
    await vault.seal(meta(), secret());
    await vault.shred('src-1', 'donor asked');
    await vault.shred('src-1', 'again');
    expect(readdirSync(join(fixture.options.dir, 'sealed'))).toEqual([]);
    expect(readdirSync(join(fixture.options.slotDir, 'slots'))).toEqual([]);
    expect(failure(reading)).toMatchObject({ code: 'SECRET_UNAVAILABLE', facts: { reason: 'destroyed' } });
    expect(vault.has('src-1')).toBe(false);
    expect(vault.auditEntries(0, 10).map(({ kind }) => kind)).toEqual([
      'vault.created',
      'secret.sealed',
      'secret.destroying',
      'secret.destroyed',
    ]);
    expect(vault.auditEntries(3, 1)[0]?.data).toEqual({ mode: 'shreddable' });
    await reopen();
    expect(failure(reading).code).toBe('SECRET_UNAVAILABLE');
    expect(vault.auditVerify()).toEqual([]);
    await expect(vault.shred('src-9', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('does not open from the moment it is asked for', async () => {
    await vault.seal(meta(), secret());
    const done = vault.shred('src-1', 'now');
    await Promise.resolve();
    expect(failure(reading).facts).toMatchObject({ reason: 'destroyed' });
    await done;
  });

  it('shreds again what a backup brings back', async () => {
    await vault.seal(meta(), secret());
    const path = join(fixture.options.dir, 'sealed/src-1.seal');
    const copy = readFileSync(path);
    await vault.shred('src-1', 'test');
    await vault.close();
    writeFileSync(path, copy);
    vault = await fixture.open();
    expect(existsSync(path)).toBe(false);
    expect(vault.auditEntries(0, 10).at(-1)).toMatchObject({ kind: 'secret.leftover', data: { destroyed_before: true } });
  });
});

describe('keys for other rooms', () => {
  it('differ by purpose and stay the same across restarts', async () => {
    const first = vault.derive('tallystick/a').toString('hex');
    expect(first).not.toBe(vault.derive('tallystick/b').toString('hex'));
    await reopen();
    expect(vault.derive('tallystick/a').toString('hex')).toBe(first);
  });
});

describe('what leaks', () => {
  it('has the secret in no file and no error', async () => {
    await vault.seal(meta(), secret());
    reading();
    await vault.changeLimit({ id: 'src-1', seq: 1, limit: 10n, expiry: 0 });
    const errors = [
      failure(() => vault.open({ ...fixture.ticket(vault, 'src-1'), mac: 'x' }, () => 1)),
      failure(() => vault.limits('nope')),
    ];
    await vault.close();
    const { root } = fixture;
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const bytes = readFileSync(join(file.parentPath, file.name));
      expect(bytes.includes(CANARY) || bytes.includes(Buffer.from(CANARY).toString('hex'))).toBe(false);
    }
    for (const error of errors) expect(`${error.message}${JSON.stringify(error.facts)}`).not.toMatch(/canary|\/|node:/);
  });
});
