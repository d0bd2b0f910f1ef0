import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyAuditBundle } from '@tallystick/core';
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

const failed = (input: unknown, expected = {}) =>
  verifyAuditBundle(input, expected)
    .checks.filter(({ ok }) => !ok)
    .map(({ name }) => name);

async function notes(subject: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await vault.audit('test.note', subject, { i });
}

describe('what is said about a subject', () => {
  it('is found by it, also after a restart, and verifies with nothing but itself', async () => {
    await notes('a', 3);
    await notes('b', 4);
    await notes('a', 2);
    const before = vault.auditAbout('a');
    await vault.close();
    vault = await fixture.open();
    await notes('b', 1);
    await notes('a', 1);
    const seqs = vault.auditAbout('a');
    expect(seqs).toEqual([...before, (before.at(-1) as number) + 2]);
    const bundle = await vault.auditBundle(seqs);
    expect(bundle.entries.map(({ line }) => JSON.parse(line).subject)).toEqual(Array(6).fill('a'));
    expect(failed(JSON.stringify(bundle), { signer: bundle.signer })).toEqual([]);
    expect(vault.auditAbout('nobody')).toEqual([]);
  });

  it('does not verify once a byte of it is another', async () => {
    await notes('a', 9);
    const bundle = await vault.auditBundle(vault.auditAbout('a'), 2);
    const [first] = bundle.entries as [(typeof bundle.entries)[number]];
    const other = 'cd'.repeat(32);
    expect(failed({ ...bundle, entries: [{ ...first, line: first.line.replace('"i":0', '"i":1') }] })).toEqual(['entry 1']);
    expect(failed({ ...bundle, entries: [{ ...first, index: 2 }] })).toEqual(['entry 2']);
    expect(failed({ ...bundle, entries: [{ ...first, path: first.path.slice(1) }] })).toEqual(['entry 1']);
    expect(failed({ ...bundle, checkpoint: { ...bundle.checkpoint, root: other }, entries: [] })).toEqual(['signature']);
    expect(failed({ ...bundle, checkpoint: { ...bundle.checkpoint, at: 1 } })).toEqual(['signature']);
    expect(failed({ ...bundle, vault_id: 'ab'.repeat(16) })).toEqual(['signature']);
    expect(failed({ ...bundle, signer: other })).toEqual(['signature']);
    expect(failed(bundle, { signer: other })).toEqual(['signer']);
    expect(failed({ ...bundle, extra: 1 })).toEqual(['format']);
    expect(failed('{')).toEqual(['format']);
  });

  it('is asked for within limits', async () => {
    await notes('a', 1);
    for (const seqs of [[2], [-1]]) await expect(vault.auditBundle(seqs)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const since of [3, -1, 0.5]) await expect(vault.auditBundle([], since)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(vault.auditBundle(Array(101).fill(0))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('who kept an earlier bundle', () => {
  it('sees that the log has only grown', async () => {
    await notes('a', 5);
    const earlier = await vault.auditBundle([]);
    await notes('b', 8);
    const later = await vault.auditBundle([], earlier.checkpoint.size);
    expect(failed(later, { earlier, signer: earlier.signer })).toEqual([]);
    expect(failed(earlier, { earlier: await vault.auditBundle([], 3) })).toEqual(['consistency']);
    expect(failed(later, { earlier: { ...earlier, checkpoint: { ...earlier.checkpoint, size: 5 } } })).toEqual([
      'earlier signature',
      'consistency',
    ]);
    expect(failed(await vault.auditBundle([]), { earlier })).toEqual(['consistency']);
    expect(failed(later, { earlier: 'not json' })).toEqual(['earlier']);
  });

  it('is not fooled by another log, signed as it may be', async () => {
    await notes('a', 5);
    const earlier = await vault.auditBundle([]);
    const other = makeFixture();
    const stranger = await other.open();
    for (let i = 0; i < 9; i++) await stranger.audit('test.note', 'a', { i });
    const later = await stranger.auditBundle([], earlier.checkpoint.size);
    await stranger.close();
    other.remove();
    expect(failed(later)).toEqual([]);
    expect(failed(later, { earlier })).toEqual(['same log', 'same signer', 'consistency']);
  });

  it('follows the signing key over changes of the master', async () => {
    await vault.seal(meta(), secret());
    const earlier = await vault.auditBundle([]);
    for (const byte of [8, 9]) await vault.rotateMaster(Buffer.alloc(32, byte));
    await notes('a', 2);
    const later = await vault.auditBundle(vault.auditAbout('a'), earlier.checkpoint.size);
    expect(later.signer).not.toBe(earlier.signer);
    expect(failed(later, { earlier, signer: earlier.signer })).toEqual([]);
    expect(failed({ ...later, handovers: later.handovers.slice(1) }, { earlier })).toEqual(['same signer']);
    const [first, second] = later.handovers as [(typeof later.handovers)[number], (typeof later.handovers)[number]];
    const forged = { ...second, entry: { ...second.entry, line: second.entry.line.replace(later.signer, 'ab'.repeat(32)) } };
    expect(failed({ ...later, handovers: [first, forged] }, { earlier })).toEqual(['same signer']);
    expect((await vault.auditBundle([], later.checkpoint.size)).handovers).toEqual([]);
  });
});

it('a log that does not agree is not signed', async () => {
  await notes('a', 2);
  await vault.close();
  appendFileSync(join(fixture.options.dir, 'audit.log'), 'what no vault wrote\n');
  vault = await fixture.open();
  await expect(vault.auditBundle([])).rejects.toMatchObject({ code: 'TAMPERED' });
});
