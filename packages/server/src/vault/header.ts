import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { TallyError } from '@tallystick/core';
import { writeDurable } from '#ground/files';
import type { LogHead } from './audit-scan.ts';
import { packFields } from './encoding.ts';
import type { KeyRing } from './keys.ts';
import { decodeMaced, encodeMaced, parseMaced } from './maced-json.ts';
import type { Random } from './seal.ts';
import type { ShredMode } from './types.ts';

/**
 * The vault's own record, `vault.json`. Replacing it is the one moment in which a new master comes into force.
 * `room`: 32 random bytes wrapped under the master, from which the keys of other rooms are derived: they outlive a rotation.
 */
export type Header = {
  readonly vaultId: string;
  readonly kekId: string;
  readonly mode: ShredMode;
  readonly check: string;
  readonly secondCheck: string;
  readonly room: string;
  readonly base: LogHead;
};

const DOMAIN = 'tallystick/vault-header/v1';
const FORMAT = 'tallystick-vault/1';
const NONCE_BYTES = 24;

export type NewHeader = Pick<Header, 'vaultId' | 'mode' | 'base'> & {
  readonly master: KeyRing;
  readonly second: KeyRing | null;
  /** 32 bytes; the caller zeroes them. */
  readonly room: Buffer;
  readonly random: Random;
};

export function newHeader({ vaultId, mode, base, master, second, room: roomRoot, random }: NewHeader): Header {
  const key = master.expand('tallystick/vault/room');
  const nonce = random(NONCE_BYTES);
  const wrapped = xchacha20poly1305(key, nonce, packFields(DOMAIN, [vaultId])).encrypt(roomRoot);
  key.fill(0);
  const room = Buffer.concat([nonce, wrapped]).toString('hex');
  return { vaultId, kekId: master.kekId, mode, check: master.checkValue(), secondCheck: second?.checkValue() ?? '', room, base };
}

export function encodeHeader(master: KeyRing, header: Header): string {
  const key = master.expand('tallystick/vault/header-mac');
  const text = encodeMaced(key, DOMAIN, { format: FORMAT, ...header, base: { ...header.base } });
  key.fill(0);
  return text;
}

export async function writeHeader(path: string, master: KeyRing, header: Header): Promise<void> {
  await writeDurable(path, encodeHeader(master, header));
}

/** The kek id and key check of a header whose MAC has not been looked at. @throws TAMPERED */
export function peekHeader(bytes: Buffer): { readonly kekId: string; readonly check: string } {
  const { kekId, check } = parseMaced(bytes).body;
  if (typeof kekId !== 'string' || typeof check !== 'string' || !/^[0-9a-f]{16}$/.test(kekId)) throw new TallyError('TAMPERED');
  return { kekId, check };
}

/** @throws MASTER_KEY_INVALID where `master` is not the one in force; TAMPERED where the header was edited. */
export function readHeader(bytes: Buffer, master: KeyRing): Header {
  if (peekHeader(bytes).check !== master.checkValue()) {
    throw new TallyError(
      'MASTER_KEY_INVALID',
      'This is not the master key that the vault was sealed with (or the vault’s header was changed).',
    );
  }
  const key = master.expand('tallystick/vault/header-mac');
  try {
    const body = decodeMaced(key, DOMAIN, bytes);
    if (body['format'] !== FORMAT) throw new TallyError('TAMPERED', 'The vault is of a format that this version does not know.');
    // The MAC holds, so the body is what `writeHeader` wrote.
    return body as unknown as Header;
  } catch (error) {
    throw error instanceof TallyError && error.code === 'TAMPERED' ? new TallyError('TAMPERED', 'The vault’s header was changed.') : error;
  } finally {
    key.fill(0);
  }
}

/** The root of other rooms' keys; the caller zeroes it. @throws TAMPERED */
export function openRoom(header: Header, master: KeyRing): Buffer {
  const key = master.expand('tallystick/vault/room');
  const bytes = Buffer.from(header.room, 'hex');
  try {
    const aad = packFields(DOMAIN, [header.vaultId]);
    const root = xchacha20poly1305(key, bytes.subarray(0, NONCE_BYTES), aad).decrypt(bytes.subarray(NONCE_BYTES));
    return Buffer.from(root.buffer, root.byteOffset, root.byteLength);
  } catch {
    throw new TallyError('TAMPERED', 'The vault’s header was changed.');
  } finally {
    key.fill(0);
  }
}
