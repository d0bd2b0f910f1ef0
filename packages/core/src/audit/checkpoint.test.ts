import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../crypto/hex.ts';
import { sha256 } from '../crypto/sha256.ts';
import { type AuditCheckpoint, checkpointMessage, isCheckpointSigned } from './checkpoint.ts';

/** The secret key of RFC 8032, section 7.1, test 1, and its public key. */
const SECRET = fromHex('0x9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const SIGNER = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const VAULT = 'ab'.repeat(16);
const UNSIGNED = { at: 1_767_225_600_000, kek: 'cd'.repeat(8), root: 'ef'.repeat(32), size: 7 };
const SIGNED: AuditCheckpoint = {
  ...UNSIGNED,
  sig: '28afb580a07ce836535a7542b64a307331e243b5a13c97de2b1278eea95a3302b60ef63491988d610f4102b6f62caf6f2631c04ef603d94f90bc3a98e162ea0a',
};

it('the signed bytes are frozen', () => {
  expect(toHex(sha256(checkpointMessage(VAULT, UNSIGNED)))).toBe('0x96cd39c41a077c4283a2b2c91004285ac1baf1f143cb2b09176e5e5165725bf0');
  expect(toHex(ed25519.sign(checkpointMessage(VAULT, UNSIGNED), SECRET))).toBe(`0x${SIGNED.sig}`);
  expect(isCheckpointSigned(SIGNED, VAULT, SIGNER)).toBe(true);
});

it('no other statement, log or key passes', () => {
  const others: Partial<AuditCheckpoint>[] = [
    { at: UNSIGNED.at + 1 },
    { size: 8 },
    { size: -1 },
    { size: 0.5 },
    { kek: 'cd'.repeat(7) },
    { root: 'ee'.repeat(32) },
    { root: '\ud800' },
    { sig: '' },
    { sig: SIGNED.sig.toUpperCase() },
  ];
  for (const other of others) expect(isCheckpointSigned({ ...SIGNED, ...other }, VAULT, SIGNER)).toBe(false);
  expect(isCheckpointSigned(SIGNED, 'aa'.repeat(16), SIGNER)).toBe(false);
  for (const signer of ['', '00', 'ab'.repeat(32), `0x${SIGNER}`]) expect(isCheckpointSigned(SIGNED, VAULT, signer)).toBe(false);
});

it('no two statements have the same bytes', () => {
  const statement = fc
    .record({ kek: fc.string(), root: fc.string(), size: fc.nat(), at: fc.nat() })
    .filter(({ kek, root }) => kek.isWellFormed() && root.isWellFormed());
  fc.assert(
    fc.property(statement, statement, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(toHex(checkpointMessage(VAULT, one)) === toHex(checkpointMessage(VAULT, other))).toBe(same);
    }),
  );
});
