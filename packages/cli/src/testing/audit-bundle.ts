import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { AUDIT_BUNDLE_FORMAT, type AuditBundle, canonicalJson, checkpointMessage } from '@tallystick/core';

const VAULT_ID = 'ab'.repeat(16);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
export const LOG_SIGNER = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');

const line = (seq: number) =>
  canonicalJson({ at: 1_767_225_600_000 + seq, data: { reason: `r${seq}` }, kind: 'test.note', mac: '00', seq, subject: 's' });
const hash = (...parts: readonly (Buffer | string)[]) =>
  parts.reduce<ReturnType<typeof createHash>>((sum, part) => sum.update(part), createHash('sha256')).digest();
const leaf = (seq: number) => hash(Buffer.of(0), line(seq));
const node = (left: Buffer, right: Buffer) => hash(Buffer.of(1), left, right);

/** The log after its first entry, or after its second, with a proof of each entry and that the one has become the other. */
export function sampleAudit(size: 1 | 2): AuditBundle {
  const [first, second] = [leaf(0), leaf(1)];
  const root = (size === 1 ? first : node(first, second)).toString('hex');
  const unsigned = { at: 1_767_225_700_000, kek: 'cd'.repeat(8), root, size };
  const sig = sign(null, checkpointMessage(VAULT_ID, unsigned), privateKey).toString('hex');
  const path = (sibling: Buffer) => (size === 1 ? [] : [sibling.toString('hex')]);
  return {
    format: AUDIT_BUNDLE_FORMAT,
    vault_id: VAULT_ID,
    signer: LOG_SIGNER,
    checkpoint: { ...unsigned, sig },
    entries: [{ index: 0, line: line(0), path: path(second) }, ...(size === 1 ? [] : [{ index: 1, line: line(1), path: path(first) }])],
    since: size === 1 ? null : { size: 1, path: [second.toString('hex')] },
    handovers: [],
  };
}
