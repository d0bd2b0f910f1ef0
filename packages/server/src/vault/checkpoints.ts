import { type KeyObject, sign, verify } from 'node:crypto';
import { type AuditCheckpoint, canonicalJson, checkpointMessage } from '@tallystick/core';
import { type AppendFile, walkLines } from '#ground/append-file';
import { ed25519PublicKey } from './keys.ts';

/** A signed statement about the log; signed with Ed25519 by the key of `kek`. */
export type Checkpoint = AuditCheckpoint;

const LINE_BYTES_MAX = 1024;

export type Signer = { readonly key: KeyObject; readonly kekId: string };

export function signCheckpoint(
  signer: Signer,
  vaultId: string,
  head: { readonly size: number; readonly root: string },
  at: number,
): Checkpoint {
  const unsigned = { at, kek: signer.kekId, root: head.root, size: head.size };
  return { ...unsigned, sig: sign(null, checkpointMessage(vaultId, unsigned), signer.key).toString('hex') };
}

/** @param publicHex the key that the log itself names for the checkpoint's `kek`. */
export function verifyCheckpoint(checkpoint: Checkpoint, vaultId: string, publicHex: string): boolean {
  try {
    return verify(null, checkpointMessage(vaultId, checkpoint), ed25519PublicKey(publicHex), Buffer.from(checkpoint.sig, 'hex'));
  } catch {
    return false;
  }
}

export type ReadCheckpoints = { readonly checkpoints: readonly Checkpoint[]; readonly problems: readonly string[]; readonly whole: number };

/** Reads the file; an unfinished last line is no problem (it was never acknowledged), any other odd line is. */
export function readCheckpoints(path: string): ReadCheckpoints {
  const checkpoints: Checkpoint[] = [];
  const problems: string[] = [];
  const { whole } = walkLines(path, LINE_BYTES_MAX, (line) => {
    const checkpoint = decode(line);
    const before = checkpoints.at(-1);
    if (checkpoint === null) problems.push(`line ${checkpoints.length + problems.length} of the checkpoints is not a checkpoint`);
    else if (before !== undefined && checkpoint.size < before.size) problems.push('the checkpoints are out of order');
    else checkpoints.push(checkpoint);
  });
  return { checkpoints, problems, whole };
}

export async function appendCheckpoint(file: AppendFile, checkpoint: Checkpoint): Promise<void> {
  await file.append(Buffer.from(`${canonicalJson(checkpoint)}\n`));
}

function decode(line: Buffer): Checkpoint | null {
  try {
    const c = JSON.parse(line.toString('utf8')) as Checkpoint;
    const shaped = Number.isSafeInteger(c.at) && Number.isSafeInteger(c.size) && c.size >= 0;
    const texts = typeof c.kek === 'string' && /^[0-9a-f]{64}$/.test(c.root) && /^[0-9a-f]{128}$/.test(c.sig);
    return shaped && texts && Buffer.from(canonicalJson(c)).equals(line) ? c : null;
  } catch {
    return null;
  }
}
