import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { fileStamp, readFileIfThere } from '#ground/files';
import { lockFile } from '#ground/sqlite';
import { acceptInvitation, loadMaster, openVault } from '#vault';
import type { Books } from './books.ts';
import { hostId } from './host-id.ts';

const INVITATION_BYTES_MAX = 65_536n;

/** @returns the invitation's text: for a file, which the new host's operator carries there. @throws STATE_INVALID */
export async function inviteHost({ vault, isShared }: Pick<Books, 'vault' | 'isShared'>): Promise<{ readonly invitation: string }> {
  if (!isShared) {
    throw new TallyError(
      'STATE_INVALID',
      'The books are in a file of this host, which no other host can share: move them to PostgreSQL first (docs/guides/postgresql.md).',
    );
  }
  const invitation = vault.invitation();
  await vault.audit('host.invited', 'host', {});
  return { invitation };
}

export type Joined = { readonly joined: true; readonly host_id: string };

/**
 * Makes this data folder, which must be empty, that of another host of the gateway that made the invitation.
 * @throws INVITATION_INVALID, MASTER_KEY_INVALID, CONFIG_INVALID, DATA_LOCKED
 */
export async function joinHost(config: Config, file: string, env: NodeJS.ProcessEnv, stdin: NodeJS.ReadableStream | null): Promise<Joined> {
  const { TALLY_DATA_DIR: dir, TALLY_SLOT_DIR: slotDir, TALLY_SHRED_MODE: shredMode } = config;
  const bytes = readInvitationFile(file);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = lockFile(join(dir, 'data.lock'));
  try {
    if (['vault', 'ledger.db', 'ledger.db-wal'].some((name) => existsSync(join(dir, name))))
      throw new TallyError('INVITATION_INVALID', 'The data folder is in use already: join with an empty one.');
    const given = stdin === null ? {} : { stdin };
    const { master } = await loadMaster({
      file: config.TALLY_MASTER_KEY_FILE,
      env,
      key: config.TALLY_MASTER_KEY,
      ...given,
      mayCreate: false,
    });
    const place = { dir: join(dir, 'vault'), slotDir, master, shredMode };
    await acceptInvitation(bytes, place);
    // From here on it is another host: without its database it does not start.
    const host_id = await hostId(slotDir);
    const vault = await openVault({ ...place, clock: systemClock });
    master.fill(0);
    await vault.audit('host.joined', 'host', { host_id });
    await vault.close();
    return { joined: true, host_id };
  } finally {
    lock.release();
  }
}

function readInvitationFile(file: string): Buffer {
  const stamp = fileStamp(file);
  const bytes = stamp === null || stamp.size > INVITATION_BYTES_MAX ? null : readFileIfThere(file);
  if (bytes === null) throw new TallyError('INVITATION_INVALID', 'There is no such file, or it is too large to be an invitation.');
  return bytes;
}
