import { createHash, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import { writeDurable } from '#ground/files';
import { randomToken } from '#ground/ids';

/** `tally_admin_` and 32 random bytes: made at first start, kept in a file of mode 0600. */
export async function loadAdminToken(dataDir: string, configured: string): Promise<{ token: string; made: boolean }> {
  if (configured !== '') return { token: configured, made: false };
  const path = join(dataDir, 'admin-token');
  if (existsSync(path)) {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new TallyError('CONFIG_INVALID', 'The file `admin-token` can be read by others; set its mode to 0600.');
    return { token: readFileSync(path, 'utf8').trim(), made: false };
  }
  const token = `tally_admin_${randomToken(32)}`;
  await writeDurable(path, Buffer.from(`${token}\n`));
  return { token, made: true };
}

/** @returns whether the `authorization` header carries the token, in time that does not depend on where they differ. */
export function isAdmin(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
