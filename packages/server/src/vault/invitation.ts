import { TallyError } from '@tallystick/core';
import { createDurable, fileStamp, listFolder } from '#ground/files';
import { encodeHeader, type Header, newHeader, openRoom, peekHeader, readHeader } from './header.ts';
import { KeyRing } from './keys.ts';
import { emptyLog, pathsOf, prepareFolders, secondRing, type VaultOptions } from './parts.ts';

/**
 * The header of another vault under the same room root: the keys derived in it are the same, its records and its log are its own.
 * Useless without the master key, which is not in it.
 */
export function invitationOf({ vaultId, mode, ...header }: Header, master: KeyRing, options: VaultOptions): string {
  const room = openRoom({ vaultId, mode, ...header }, master);
  const second = secondRing(options, master.kekId);
  const invited = newHeader({ vaultId, mode, base: emptyLog(), master, second, room, random: options.random });
  room.fill(0);
  second?.destroy();
  return encodeHeader(master, invited);
}

export type JoinOptions = Pick<VaultOptions, 'dir' | 'slotDir' | 'master' | 'shredMode'>;

/**
 * Puts an invitation in place where no vault has ever been; `openVault` then makes the rest.
 * @throws MASTER_KEY_INVALID (another master than the inviting vault's), INVITATION_INVALID, CONFIG_INVALID (folders, shred mode)
 */
export async function acceptInvitation(bytes: Buffer, options: JoinOptions): Promise<void> {
  const header = readInvitation(bytes, options.master);
  if (header.mode !== options.shredMode) {
    throw new TallyError('CONFIG_INVALID', `The gateway’s vaults are made as ${header.mode}, as its donors were told.`, {
      setting: 'TALLY_SHRED_MODE',
    });
  }
  const paths = pathsOf(options);
  await prepareFolders(paths);
  const records = [paths.sealed, paths.slots].flatMap(listFolder);
  const used = records.length > 0 || fileStamp(paths.log) !== null || listFolder(paths.slotDir).includes('anchor.json');
  if (used) throw new TallyError('INVITATION_INVALID', 'There are secrets, slots, a log or an anchor of another vault on this host.');
  await createDurable(paths.header, bytes).catch(() => {
    throw new TallyError('INVITATION_INVALID', 'There is a vault on this host already, or its folder cannot be written.');
  });
}

function readInvitation(bytes: Buffer, secret: Buffer): Header {
  const master = new KeyRing(secret, kekIdOf(bytes));
  try {
    const header = readHeader(bytes, master);
    // The header of a vault whose master was changed vouches for a log that is not here.
    if (header.base.size !== 0) throw new TallyError('TAMPERED');
    return header;
  } catch (error) {
    if (!(error instanceof TallyError) || error.code !== 'TAMPERED') throw error;
    throw new TallyError('INVITATION_INVALID', 'The file is no invitation, or it was changed.');
  } finally {
    master.destroy();
  }
}

function kekIdOf(bytes: Buffer): string {
  try {
    return peekHeader(bytes).kekId;
  } catch {
    throw new TallyError('INVITATION_INVALID', 'The file is no invitation.');
  }
}
