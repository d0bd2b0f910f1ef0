import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyInclusion } from '@tallystick/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

const path = (name: string) => join(fixture.options.dir, name);
const text = (name = 'audit.log') => readFileSync(path(name), 'utf8');

describe('the audit log', () => {
  it('numbers entries, keeps them across restarts, and is canonical JSON', async () => {
    const numbers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => vault.audit('test.note', `s${i}`, { i, ok: true, text: 'ü"\\\n' })),
    );
    expect(numbers).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    await vault.close();
    vault = await fixture.open();
    const entries = vault.auditEntries(1, 1000);
    expect(entries).toHaveLength(300);
    expect(entries[7]).toEqual({
      seq: 8,
      at: fixture.clock.wallMs(),
      kind: 'test.note',
      subject: 's7',
      data: { i: 7, ok: true, text: 'ü"\\\n' },
    });
    expect(vault.auditVerify()).toEqual([]);
    expect(await vault.audit('test.note', 'next', {})).toBe(301);
  });

  it('refuses what it could not keep, and the kinds that are its own', async () => {
    const bad: [string, string, Record<string, never>][] = [
      ['Bad Kind', 's', {}],
      ['', 's', {}],
      ['limit.changed', 's', {}],
      ['secret.sealed', 's', {}],
      ['test.x', 'y'.repeat(9000), {}],
      ['test.x', 's', { v: 0.5 as never }],
      ['test.x', 's', { v: null as never }],
      ['test.x', 's', { v: { deep: 1 } as never }],
      ['test.x', '\ud800', {}],
    ];
    for (const [kind, subject, data] of bad)
      await expect(vault.audit(kind, subject, data)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(vault.auditEntries(0, 10)).toHaveLength(1);
  });

  it('proves an entry to whoever holds a root', async () => {
    for (let i = 0; i < 20; i++) await vault.audit('test.note', `s${i}`, {});
    const proof = vault.auditProof(11);
    expect(proof.line).toContain('"s10"');
    expect(verifyInclusion(Buffer.from(proof.line), proof)).toBe(true);
    expect(verifyInclusion(Buffer.from(proof.line.replace('s10', 's11')), proof)).toBe(false);
    await vault.close();
    const signed = JSON.parse(text('audit.checkpoints').trim().split('\n').at(-1) as string);
    expect(signed).toMatchObject({ size: 21, root: proof.root });
    vault = await fixture.open();
  });

  it('signs itself when it has gone quiet', async () => {
    await vault.close();
    const before = text('audit.checkpoints').split('\n').length;
    vault = await fixture.open({ checkpointIdleMs: 5 });
    await vault.audit('test.note', 'a', {});
    await expect.poll(() => text('audit.checkpoints').split('\n').length).toBe(before + 1);
    expect(vault.auditVerify()).toEqual([]);
  });

  it('cuts off a line that a crash cut short, and notes it', async () => {
    await vault.audit('test.note', 'acknowledged', {});
    await vault.close();
    appendFileSync(path('audit.log'), '{"at":1,"data":{"never":"acknow');
    appendFileSync(path('audit.checkpoints'), '{"at":1,"ke');
    vault = await fixture.open();
    expect(vault.auditVerify()).toEqual([]);
    expect(vault.auditEntries(1, 10)).toMatchObject([{ subject: 'acknowledged' }, { kind: 'audit.torn', data: { bytes: 31 } }]);
  });

  it('finds any changed byte of log and checkpoints, also above the last checkpoint', async () => {
    await vault.seal(meta(), secret());
    for (let i = 0; i < 3; i++) await vault.audit('test.note', `s${i}`, { i });
    await vault.close();
    const anchorless = { log: readFileSync(path('audit.log')), checkpoints: readFileSync(path('audit.checkpoints')) };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('log' as const, 'checkpoints' as const),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, place, flip) => {
          writeFileSync(path('audit.log'), anchorless.log);
          writeFileSync(path('audit.checkpoints'), anchorless.checkpoints);
          const changed = Buffer.from(anchorless[name]);
          const at = place % changed.length;
          changed[at] = (changed[at] as number) ^ flip;
          writeFileSync(path(`audit.${name}`), changed);
          const again = await fixture.open();
          const found = again.auditVerify();
          await again.close();
          // A checkpoint file's last line end is the one byte whose loss looks like a crash.
          expect(found.length > 0 || (name === 'checkpoints' && at === changed.length - 1)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
    writeFileSync(path('audit.log'), anchorless.log);
    writeFileSync(path('audit.checkpoints'), anchorless.checkpoints);
    vault = await fixture.open();
    expect(vault.auditVerify()).toEqual([]);
  });

  it('finds a foreign line above the last checkpoint, and lines taken from another vault', async () => {
    await vault.audit('test.note', 'a', {});
    await vault.close();
    const sound = text();
    const other = makeFixture();
    const stranger = await other.open();
    await stranger.audit('test.note', 'x', {});
    await stranger.audit('test.note', 'y', {});
    await stranger.close();
    const foreign = readFileSync(join(other.options.dir, 'audit.log'), 'utf8').split('\n')[2];
    other.remove();
    appendFileSync(path('audit.log'), `${foreign}\n`);
    vault = await fixture.open();
    expect(vault.auditVerify()).toEqual(['entry 2 was not written by this vault']);
    await vault.close();
    writeFileSync(path('audit.log'), sound);
    vault = await fixture.open();
    expect(vault.auditVerify()).toEqual([]);
  });

  it('does not sign a damaged log anew', async () => {
    await vault.audit('test.note', 'a', {});
    await vault.close();
    writeFileSync(path('audit.log'), text().replace('"subject":"a"', '"subject":"b"'));
    const before = text('audit.checkpoints');
    vault = await fixture.open({ checkpointIdleMs: 1 });
    await vault.audit('test.note', 'more', {});
    await vault.close();
    expect(text('audit.checkpoints')).toBe(before);
    vault = await fixture.open();
    expect(vault.auditVerify().length).toBeGreaterThan(0);
  });

  it('hashes lines as RFC 6962 says', async () => {
    const line = text().trimEnd();
    const leaf = createHash('sha256')
      .update(Buffer.from([0]))
      .update(line)
      .digest('hex');
    expect(vault.auditProof(0)).toEqual({ line, index: 0, size: 1, path: [], root: leaf });
  });
});
