import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, utf8 } from '../crypto/bytes.ts';
import { fromHex } from '../crypto/hex.ts';
import { TallyError } from '../errors.ts';

/** A signed statement: at `at` (Unix ms) the log had `size` entries and the root `root`. Hashes, ids and the signature are hex without 0x. */
export type AuditCheckpoint = {
  readonly at: number;
  /** Names the master key in force: each has a signing key of its own. */
  readonly kek: string;
  readonly root: string;
  readonly sig: string;
  readonly size: number;
};

const DOMAIN = 'tallystick/audit-checkpoint/v1';

/** The bytes that a checkpoint's signature is over: each field with its length before it; integers are 8 bytes, big-endian. */
export function checkpointMessage(vaultId: string, { kek, size, root, at }: Omit<AuditCheckpoint, 'sig'>): Uint8Array {
  return concat(
    ...[utf8(DOMAIN), utf8(vaultId), utf8(kek), integer(size), utf8(root), integer(at)].flatMap((bytes) => [length(bytes), bytes]),
  );
}

/** Whether it is signed by the Ed25519 key `signer` (hex). Whatever is malformed is not. */
export function isCheckpointSigned(checkpoint: AuditCheckpoint, vaultId: string, signer: string): boolean {
  try {
    const [signature, key] = [fromHex(`0x${checkpoint.sig}`, 64), fromHex(`0x${signer}`, 32)];
    // As RFC 8032 has it, so that every implementation gives the same verdict.
    return ed25519.verify(signature, checkpointMessage(vaultId, checkpoint), key, { zip215: false });
  } catch {
    return false;
  }
}

function length(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, bytes.length);
  return out;
}

function integer(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TallyError('INPUT_INVALID', 'A checkpoint’s numbers are whole and not negative.');
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}
