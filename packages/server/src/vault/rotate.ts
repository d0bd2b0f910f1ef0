import { type Header, newHeader, openRoom, writeHeader } from './header.ts';
import { KeyRing } from './keys.ts';
import { type MasterKeys, masterKeys, type Parts, secondRing } from './parts.ts';
import type { SealedMeta } from './types.ts';

type Rotating = Pick<Parts, 'options' | 'paths' | 'keys' | 'header' | 'store' | 'anchor' | 'log'>;

/**
 * Changes the master. Everything is first written anew *beside* what is in force (`*.next`); then the header is replaced, which
 * decides; then the new files take the old ones' places. A crash before the decision leaves the old master in force and the next start
 * shreds the new files; after it, the new master is in force and the next start moves them. No master is ever written to disk.
 *
 * The log's lines stay as they are: the new header vouches for all lines so far by their root, and the last entry under the old master names
 * the key that signs under the new one. From the first write on, an error leaves the log stopped: only a start can tell what was decided.
 */
export async function decideRotation(
  parts: Rotating,
  records: readonly SealedMeta[],
  next: Buffer,
): Promise<{ readonly keys: MasterKeys; readonly header: Header }> {
  const { options, paths, store, anchor, log, keys: old } = parts;
  const { vaultId, mode } = parts.header;
  const ring = new KeyRing(next, options.random(8).toString('hex'));
  const keys = masterKeys(ring, vaultId, options.secondRoot);
  // Nothing is written where a record would be left behind.
  for (const meta of records) store.load(meta);
  await log.append('master.rotating', 'vault', { kek: ring.kekId, signer: keys.signerPublic });
  await log.freeze();
  try {
    await log.checkpoint();
    const base = log.head;
    for (const meta of records) await store.prepareNext(meta, keys.seal, options.random);
    await anchor.prepareNext({ kekId: ring.kekId, key: keys.anchor }, base);
    const second = secondRing(options, ring.kekId);
    const room = openRoom(parts.header, old.ring);
    const header = newHeader({ vaultId, mode, base, master: ring, second, room, random: options.random });
    room.fill(0);
    second?.destroy();
    store.addKeys(keys.seal);
    await writeHeader(paths.header, ring, header);
    await store.settleNext(ring.kekId);
    await anchor.commitNext({ kekId: ring.kekId, key: keys.anchor }, base);
    store.dropKeys(old.ring.kekId);
    log.thaw({ codec: keys.codec, signer: keys.signer });
    old.codec.destroy();
    old.ring.destroy();
    return { keys, header };
  } catch (error) {
    log.stop();
    throw error;
  }
}
