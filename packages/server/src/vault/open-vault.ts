import { randomBytes } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { openParts, type Parts, type VaultOptions } from './parts.ts';
import { SPENT_TICKETS_MAX } from './tickets.ts';
import type { Vault } from './types.ts';
import { diskError, SealedVault } from './vault.ts';

const CHECKPOINT_IDLE_MS = 1000;

export type OpenVaultOptions = Omit<VaultOptions, 'random' | 'checkpointIdleMs' | 'spentTicketsMax'> &
  Partial<Pick<VaultOptions, 'random' | 'checkpointIdleMs' | 'spentTicketsMax'>>;

/**
 * Opens the vault, or makes it at the first start; finishes a rotation, a shred or a seal that a crash cut short.
 * One process at a time: the caller holds the lock of the data folder.
 *
 * Where log, anchor and header do not agree the vault opens all the same, but shut: see `Vault`.
 * @throws MASTER_KEY_INVALID (not the key that sealed this), TAMPERED (the header), CONFIG_INVALID (folders, shred mode),
 * LEDGER_UNAVAILABLE (the folders cannot be used).
 */
export async function openVault(given: OpenVaultOptions): Promise<Vault> {
  const options = { random: randomBytes, checkpointIdleMs: CHECKPOINT_IDLE_MS, spentTicketsMax: SPENT_TICKETS_MAX, ...given };
  let vault: SealedVault | null = null;
  try {
    const parts = await openParts(options, () => vault?.signQuietly());
    vault = new SealedVault(parts);
    if (!vault.isSound) return vault;
    await beginLog(parts);
    await vault.finishInterrupted();
    return vault;
  } catch (error) {
    await vault?.close().catch(() => {});
    throw error instanceof TallyError ? error : diskError(error);
  }
}

/** The first entry names the key that signs the checkpoints. A torn end is noted: it was cut off, and was never acknowledged. */
async function beginLog({ log, anchor, keys, scan, options }: Parts): Promise<void> {
  if (log.head.size === 0) {
    if (anchor.body === null) await anchor.setGeneration({ current: 0, pending: null }, log.head);
    await log.append('vault.created', 'vault', { kek: keys.ring.kekId, signer: keys.signerPublic, mode: options.shredMode });
    await anchor.raiseAudit(log.head);
  }
  if (scan.tornBytes > 0) await log.append('audit.torn', 'vault', { bytes: scan.tornBytes });
}
