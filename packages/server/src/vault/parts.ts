import { join, resolve, sep } from 'node:path';
import { type Domain, TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import { ensurePrivateFolder, listFolder, readFileIfThere, sweepTemporaries } from '#ground/files';
import { Anchor } from './anchor.ts';
import { LineCodec } from './audit-entry.ts';
import { AuditLog } from './audit-log.ts';
import { type LogHead, type Scan, scanLog } from './audit-scan.ts';
import type { Signer } from './checkpoints.ts';
import { type Header, newHeader, peekHeader, readHeader, writeHeader } from './header.ts';
import { History } from './history.ts';
import { KeyRing } from './keys.ts';
import { LogIndex } from './log-index.ts';
import { Frontier } from './merkle.ts';
import { type Random, SealKeys } from './seal.ts';
import { SecretStore } from './store.ts';
import type { ShredMode } from './types.ts';

export type VaultOptions = {
  /** Folder of sealed records and audit log; may be backed up. */
  readonly dir: string;
  /** Folder of slots and anchor; neither in `dir` nor around it, best on another disk, and out of backups (but see `ShredMode`). */
  readonly slotDir: string;
  /** 32 bytes; copied into derived keys, not kept: the caller zeroes it. */
  readonly master: Buffer;
  /** A second root for the records' MAC (32 bytes), where the operator has one. The same at every start. */
  readonly secondRoot?: Buffer;
  readonly shredMode: ShredMode;
  readonly clock: Clock;
  readonly random: Random;
  /** EIP-712 domain of donors' signatures, where need be made from a key of the vault's; without it their limit changes are refused. */
  readonly domain?: Domain | ((derive: (purpose: string) => Buffer) => Domain);
  /** Quiet time of the audit log before it is signed. */
  readonly checkpointIdleMs: number;
  readonly spentTicketsMax: number;
};

export type Paths = ReturnType<typeof pathsOf>;

/**
 * On disk: `dir` has `vault.json` (header), `sealed/<id>.seal`, `audit.log` and `audit.checkpoints`;
 * `slotDir` has `slots/<id>.slot`, `anchor.json` and `heads.json`. Files ending in `.next` belong to a change of the master that is under way.
 */
export function pathsOf(options: Pick<VaultOptions, 'dir' | 'slotDir'>) {
  const [dir, slotDir] = [resolve(options.dir), resolve(options.slotDir)];
  return {
    dir,
    slotDir,
    header: join(dir, 'vault.json'),
    log: join(dir, 'audit.log'),
    checkpoints: join(dir, 'audit.checkpoints'),
    sealed: join(dir, 'sealed'),
    slots: join(slotDir, 'slots'),
  };
}

/** Makes the folders, and shreds what writes that a crash cut short left in them. @throws CONFIG_INVALID */
export async function prepareFolders(paths: Paths): Promise<void> {
  const { dir, slotDir } = paths;
  if (dir === slotDir || dir.startsWith(slotDir + sep) || slotDir.startsWith(dir + sep)) {
    throw new TallyError(
      'CONFIG_INVALID',
      'TALLY_SLOT_DIR must lie apart from the sealed records, or a backup of one takes the other along.',
      {
        setting: 'TALLY_SLOT_DIR',
      },
    );
  }
  for (const folder of [dir, paths.sealed, slotDir, paths.slots]) {
    await ensurePrivateFolder(folder);
    await sweepTemporaries(folder);
  }
}

/** Reads the header, or makes one where nothing was ever sealed. @throws MASTER_KEY_INVALID, TAMPERED, CONFIG_INVALID */
export async function openHeader(options: VaultOptions, paths: Paths): Promise<{ readonly header: Header; readonly master: KeyRing }> {
  const bytes = readFileIfThere(paths.header);
  if (bytes === null) return createHeader(options, paths);
  const master = new KeyRing(options.master, peekHeader(bytes).kekId);
  const header = readHeader(bytes, master);
  if (header.mode !== options.shredMode) {
    throw new TallyError('CONFIG_INVALID', `This vault was made as ${header.mode}, as its donors were told.`, {
      setting: 'TALLY_SHRED_MODE',
    });
  }
  const second = secondRing(options, master.kekId);
  if ((second?.checkValue() ?? '') !== header.secondCheck)
    throw new TallyError('MASTER_KEY_INVALID', 'The second root is not the one of this vault.');
  second?.destroy();
  return { header, master };
}

async function createHeader(options: VaultOptions, paths: Paths) {
  const used = [...listFolder(paths.sealed), ...listFolder(paths.slots)].length > 0 || readFileIfThere(paths.log) !== null;
  if (used || listFolder(paths.slotDir).includes('anchor.json')) {
    throw new TallyError('TAMPERED', 'The vault’s header is missing, but there are records or slots of a vault.');
  }
  const master = new KeyRing(options.master, options.random(8).toString('hex'));
  const second = secondRing(options, master.kekId);
  const room = options.random(32);
  const vaultId = options.random(16).toString('hex');
  const header = newHeader({ vaultId, mode: options.shredMode, base: emptyLog(), master, second, room, random: options.random });
  room.fill(0);
  second?.destroy();
  await writeHeader(paths.header, master, header);
  return { header, master };
}

/** How the log of every vault begins. */
export function emptyLog(): LogHead {
  return { size: 0, root: new Frontier().root() };
}

export function secondRing(options: Pick<VaultOptions, 'secondRoot'>, kekId: string): KeyRing | null {
  return options.secondRoot === undefined ? null : new KeyRing(options.secondRoot, kekId);
}

/** Everything that hangs on one master: made at start, and again at a rotation. */
export type MasterKeys = {
  readonly ring: KeyRing;
  readonly seal: SealKeys;
  readonly codec: LineCodec;
  readonly signer: Signer;
  readonly signerPublic: string;
  readonly anchor: Buffer;
};

export function masterKeys(ring: KeyRing, vaultId: string, secondRoot: Buffer | undefined): MasterKeys {
  const { key, publicHex } = ring.signer();
  return {
    ring,
    seal: new SealKeys(ring, secondRoot),
    codec: new LineCodec(ring.expand('tallystick/vault/audit-mac'), vaultId),
    signer: { key, kekId: ring.kekId },
    signerPublic: publicHex,
    anchor: ring.expand('tallystick/vault/anchor-mac'),
  };
}

export type Parts = {
  readonly options: VaultOptions;
  readonly paths: Paths;
  readonly keys: MasterKeys;
  readonly header: Header;
  readonly store: SecretStore;
  readonly anchor: Anchor;
  readonly history: History;
  readonly scan: Scan;
  readonly log: AuditLog;
  readonly problems: readonly string[];
};

/** Opens header, stores, anchor and log, and finds out whether they agree. @param onIdle see `AuditLogOptions`. */
export async function openParts(options: VaultOptions, onIdle: () => void): Promise<Parts> {
  const paths = pathsOf(options);
  await prepareFolders(paths);
  const { header, master } = await openHeader(options, paths);
  const keys = masterKeys(master, header.vaultId, options.secondRoot);
  const store = new SecretStore(paths.sealed, paths.slots, keys.seal);
  await store.settleNext(master.kekId);
  const anchor = await Anchor.open(paths.slotDir, header.vaultId, { kekId: master.kekId, key: keys.anchor });
  const { scan, history, index, problems } = scanHistory(paths, header, keys.codec, anchor.body?.audit ?? null);
  const log = await AuditLog.open(
    {
      logPath: paths.log,
      checkpointsPath: paths.checkpoints,
      vaultId: header.vaultId,
      clock: options.clock,
      codec: keys.codec,
      signer: keys.signer,
      onIdle,
      idleMs: options.checkpointIdleMs,
    },
    scan,
    index,
  );
  const lost = scan.frontier.size === 0 && store.ids().length > 0 ? ['the audit log is gone, but there are secrets'] : [];
  return { options, paths, keys, header, store, anchor, history, scan, log, problems: [...anchor.problems, ...problems, ...lost] };
}

/** Reads the log once for its soundness and for what it tells of every secret. */
export function scanHistory(paths: Paths, header: Pick<Header, 'vaultId' | 'base'>, codec: LineCodec, anchored: LogHead | null) {
  const history = new History();
  const index = new LogIndex();
  const odd: string[] = [];
  const scan = scanLog({
    logPath: paths.log,
    checkpointsPath: paths.checkpoints,
    vaultId: header.vaultId,
    codec,
    base: header.base,
    anchored,
    visit: (entry, leaf, offset) => {
      index.note(entry, offset);
      const problem = history.apply(entry, leaf);
      if (problem !== null) odd.push(problem);
    },
  });
  return { scan, history, index, problems: [...scan.problems, ...odd] };
}
