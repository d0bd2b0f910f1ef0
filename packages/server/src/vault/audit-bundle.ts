import { AUDIT_BUNDLE_ENTRIES_MAX, AUDIT_BUNDLE_FORMAT, AUDIT_HANDOVERS_MAX, type AuditBundle, TallyError } from '@tallystick/core';
import { decodeLine } from './audit-entry.ts';
import type { AuditLog } from './audit-log.ts';
import { type Checkpoint, readCheckpoints } from './checkpoints.ts';
import type { MasterKeys, Parts } from './parts.ts';

type Bundling = Pick<Parts, 'log' | 'paths' | 'header'> & { readonly keys: Pick<MasterKeys, 'signerPublic'> };

/** Entries with what proves them, under a checkpoint of the log as it stands. @throws NOT_FOUND, INPUT_INVALID, and what the disk gives */
export async function makeAuditBundle(
  { log, paths, header, keys }: Bundling,
  seqs: readonly number[],
  since?: number,
): Promise<AuditBundle> {
  if (seqs.length > AUDIT_BUNDLE_ENTRIES_MAX)
    throw new TallyError('INPUT_INVALID', 'These are more entries than one bundle has.', { entries_max: AUDIT_BUNDLE_ENTRIES_MAX });
  const checkpoint = await log.checkpoint();
  const { size } = checkpoint;
  const earlier = since === undefined ? null : checkSize(since, size);
  return {
    format: AUDIT_BUNDLE_FORMAT,
    vault_id: header.vaultId,
    signer: keys.signerPublic,
    checkpoint: { ...checkpoint },
    entries: seqs.map((seq) => entryAt(log, seq, size)),
    since: earlier === null ? null : { size: earlier, path: earlier === 0 ? [] : log.proofs().consistency(earlier, size) },
    handovers: handovers(log, paths.checkpoints, earlier ?? size),
  };
}

function checkSize(since: number, size: number): number {
  if (Number.isSafeInteger(since) && since >= 0 && since <= size) return since;
  throw new TallyError('INPUT_INVALID', 'since: must be a number of entries that the log has had.', { field: 'since', size });
}

function entryAt(log: AuditLog, seq: number, size: number): AuditBundle['entries'][number] {
  const line = log.line(seq).toString('utf8');
  // An entry that was added since the log was signed: the next bundle has it.
  if (seq >= size) throw new TallyError('NOT_FOUND', 'There is no such audit entry.', { seq });
  return { index: seq, line, path: log.proofs().inclusion(seq, size) };
}

/** The changes of the signing key that a reader has not seen who knows the log up to `since`: each was signed by the key before it. */
function handovers(log: AuditLog, checkpointsPath: string, since: number): AuditBundle['handovers'] {
  const rotations = log.about('vault').filter((seq) => decodeLine(log.line(seq))?.entry.kind === 'master.rotating');
  if (rotations.length === 0) return [];
  const { checkpoints } = readCheckpoints(checkpointsPath);
  return rotations
    .flatMap((seq) => {
      const signed = checkpoints.find(({ size }: Checkpoint) => size > seq);
      return signed === undefined || signed.size < since ? [] : [{ checkpoint: { ...signed }, entry: entryAt(log, seq, signed.size) }];
    })
    .slice(-AUDIT_HANDOVERS_MAX);
}
