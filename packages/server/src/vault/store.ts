import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import { type FileStamp, fileStamp, listFolder, readFileIfThere, renameDurable, sameStamp, shredFile, writeDurable } from '#ground/files';
import { decodeRecord, encodeMeta, type SealedRecord } from './record.ts';
import { type Random, rewrapRecord, type SealKeys, verifyRecord } from './seal.ts';
import type { SealedMeta } from './types.ts';

const SLOT_BYTES = 32;
const SEAL = '.seal';
const SLOT = '.slot';
/** A record rewrapped under a master that is not yet in force. */
const NEXT = '.seal.next';

/** What opening needs, held in memory: ciphertext and slot, never a plaintext or an unwrapped key. */
export type Loaded = { readonly record: SealedRecord; readonly slot: Buffer; readonly keys: SealKeys };
type Cached = Loaded & { readonly sealStamp: FileStamp | null; readonly slotStamp: FileStamp | null };

/** The two folders of a secret: its sealed file, and its slot in the slot store. Ids are checked by the caller and are safe file names. */
export class SecretStore {
  readonly #sealed: string;
  readonly #slots: string;
  readonly #cache = new Map<string, Cached>();
  /** By kek id: one, or two while a rotation is under way. */
  readonly #keys = new Map<string, SealKeys>();

  constructor(sealed: string, slots: string, keys: SealKeys) {
    this.#sealed = sealed;
    this.#slots = slots;
    this.#keys.set(keys.kekId, keys);
  }

  addKeys(keys: SealKeys): void {
    this.#keys.set(keys.kekId, keys);
  }

  dropKeys(kekId: string): void {
    this.#keys.get(kekId)?.destroy();
    this.#keys.delete(kekId);
  }

  /** Not a secret of this vault until the audit log says so: what a crash leaves of it before is shredded at the next start. */
  async write(id: string, bytes: Buffer, slot: Buffer): Promise<void> {
    await writeDurable(this.#slotPath(id), slot);
    await writeDurable(this.#sealPath(id), bytes);
  }

  /**
   * The record and slot, from memory while both files are unchanged on disk: a file that an operator removes is gone at once.
   * @param meta what the audit log says was sealed: the record must say the same.
   * @throws SECRET_UNAVAILABLE where one of the files is missing; TAMPERED where the record does not match its MAC.
   */
  load(meta: SealedMeta): Loaded {
    const { id } = meta;
    const [sealStamp, slotStamp] = [fileStamp(this.#sealPath(id)), fileStamp(this.#slotPath(id))];
    const cached = this.#cache.get(id);
    if (cached !== undefined && sameStamp(cached.sealStamp, sealStamp) && sameStamp(cached.slotStamp, slotStamp)) return cached;
    this.forget(id);
    const bytes = readFileIfThere(this.#sealPath(id));
    const slot = readFileIfThere(this.#slotPath(id));
    if (bytes === null || slot === null) throw new TallyError('SECRET_UNAVAILABLE', undefined, { source_id: id, reason: 'missing' });
    const keys = this.#keys.get(decodeRecord(bytes).kekId);
    if (keys === undefined || slot.length !== SLOT_BYTES) throw new TallyError('TAMPERED');
    const record = verifyRecord(keys, bytes);
    if (!record.aad.equals(encodeMeta(meta))) throw new TallyError('TAMPERED');
    const loaded = { record, slot, keys, sealStamp, slotStamp };
    this.#cache.set(id, loaded);
    return loaded;
  }

  /** True where both files are there. */
  has(id: string): boolean {
    return fileStamp(this.#sealPath(id)) !== null && fileStamp(this.#slotPath(id)) !== null;
  }

  forget(id: string): void {
    this.#cache.get(id)?.slot.fill(0);
    this.#cache.delete(id);
  }

  /** The slot first: with it the secret is gone, whatever becomes of the sealed file. Idempotent. */
  async shred(id: string): Promise<void> {
    this.forget(id);
    await shredFile(this.#slotPath(id));
    await shredFile(this.#sealPath(id));
    await shredFile(this.#nextPath(id));
  }

  /** Ids that have a sealed file or a slot. */
  ids(): string[] {
    const ids = (folder: string, end: string) =>
      listFolder(folder)
        .filter((name) => name.endsWith(end))
        .map((name) => name.slice(0, -end.length));
    return [...new Set([...ids(this.#sealed, SEAL), ...ids(this.#slots, SLOT)])];
  }

  /** Writes the record, rewrapped, beside the one in force. */
  async prepareNext(meta: SealedMeta, to: SealKeys, random: Random): Promise<void> {
    const { record, slot, keys } = this.load(meta);
    await writeDurable(this.#nextPath(meta.id), rewrapRecord(keys, to, slot, record, random));
  }

  /** Puts the prepared records of `kekId` in force, and shreds those of a rotation that was never decided. */
  async settleNext(kekId: string): Promise<void> {
    for (const name of listFolder(this.#sealed).filter((file) => file.endsWith(NEXT))) {
      const id = name.slice(0, -NEXT.length);
      const bytes = readFileIfThere(this.#nextPath(id));
      if (bytes !== null && kekIdOf(bytes) === kekId) await renameDurable(this.#nextPath(id), this.#sealPath(id));
      else await shredFile(this.#nextPath(id));
    }
  }

  close(): void {
    for (const id of [...this.#cache.keys()]) this.forget(id);
    for (const kekId of [...this.#keys.keys()]) this.dropKeys(kekId);
  }

  #sealPath(id: string): string {
    return join(this.#sealed, id + SEAL);
  }

  #nextPath(id: string): string {
    return join(this.#sealed, id + NEXT);
  }

  #slotPath(id: string): string {
    return join(this.#slots, id + SLOT);
  }
}

function kekIdOf(bytes: Buffer): string | null {
  try {
    return decodeRecord(bytes).kekId;
  } catch {
    return null;
  }
}
