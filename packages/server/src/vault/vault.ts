import { type AuditBundle, type AuditEntry, type Domain, TallyError } from '@tallystick/core';
import type { GrantTime } from '#ground/grant-clock';
import { makeAuditBundle } from './audit-bundle.ts';
import { checkEntry } from './audit-entry.ts';
import { openRoom } from './header.ts';
import { compareHeads } from './heads.ts';
import { changeData, type History, type SecretHistory, sealedData } from './history.ts';
import { invitationOf } from './invitation.ts';
import { KeyRing } from './keys.ts';
import { checkChange, isSignedByOwner } from './limits.ts';
import { checkSealable } from './meta.ts';
import { type MasterKeys, type Parts, scanHistory } from './parts.ts';
import { decideRotation } from './rotate.ts';
import { openRecord, sealRecord } from './seal.ts';
import { Tickets } from './tickets.ts';
import type {
  AccountHead,
  AuditProof,
  EffectiveLimits,
  Generation,
  HeadFinding,
  LimitChange,
  SealedMeta,
  ShredMode,
  Ticket,
  Vault,
} from './types.ts';

/** Purpose of the key that the ledger signs its permits with: `vault.derive(PERMIT_KEY_PURPOSE)`. */
export const PERMIT_KEY_PURPOSE = 'tallystick/permit';
/** Kinds that only the vault writes: its own state is read from them. */
const OWN_KINDS = /^(secret|limit|master|vault|audit)\./;

/** The vault over local files. Changes go one after the other; `open` never waits for them. */
export class SealedVault implements Vault {
  readonly mode: ShredMode;
  readonly #parts: Parts;
  readonly #history: History;
  readonly #rooms: KeyRing;
  readonly #tickets: Tickets;
  readonly #domain: Domain | undefined;
  readonly #problems: string[];
  readonly #shredding = new Set<string>();
  #keys: MasterKeys;
  #header: Parts['header'];
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#history = parts.history;
    this.#keys = parts.keys;
    this.#header = parts.header;
    this.#problems = [...parts.problems];
    this.mode = parts.header.mode;
    const room = openRoom(parts.header, parts.keys.ring);
    this.#rooms = new KeyRing(room, parts.header.vaultId);
    room.fill(0);
    this.#tickets = new Tickets(this.derive(PERMIT_KEY_PURPOSE), parts.options.spentTicketsMax);
    const { domain } = parts.options;
    this.#domain = typeof domain === 'function' ? domain((purpose) => this.derive(purpose)) : domain;
    this.#problems.push(...this.#unsigned(parts.history));
  }

  /** Nothing was found wrong at opening. */
  get isSound(): boolean {
    return this.#problems.length === 0;
  }

  derive(purpose: string): Buffer {
    return this.#rooms.expand(purpose);
  }

  acceptEpoch(epoch: string): void {
    this.#tickets.acceptEpoch(epoch);
  }

  async seal(meta: SealedMeta, secret: Buffer): Promise<void> {
    try {
      checkSealable(meta, secret);
      await this.#serial(async () => {
        this.#assertSound();
        if (this.#history.get(meta.id) !== undefined) throw new TallyError('STATE_INVALID', 'This id has been used for a secret before.');
        await this.#sealNew(meta, secret);
      });
    } finally {
      secret.fill(0);
    }
  }

  async #sealNew(meta: SealedMeta, secret: Buffer): Promise<void> {
    const { store, options } = this.#parts;
    const slot = options.random(32);
    try {
      await store.write(meta.id, sealRecord(this.#keys.seal, slot, meta, secret, options.random), slot);
      await this.#record('secret.sealed', meta.id, sealedData(meta));
    } catch (error) {
      // Not acknowledged, so it must not stay; the next start would see to it too.
      await (this.#history.get(meta.id) === undefined ? store.shred(meta.id) : this.#destroy(meta.id, 'its seal failed')).catch(() => {});
      throw error;
    } finally {
      slot.fill(0);
    }
  }

  open<T>(ticket: Ticket, use: (secret: Buffer) => T): T {
    this.#assertSound();
    this.#tickets.spend(ticket);
    const secret = this.#plaintext(ticket.sourceId);
    try {
      const result = use(secret);
      if (result instanceof Promise) throw new TallyError('INTERNAL', 'A secret is used synchronously.');
      return result;
    } finally {
      secret.fill(0);
    }
  }

  #plaintext(id: string): Buffer {
    const known = this.#history.get(id);
    if (known === undefined) throw unavailable(id, 'unknown');
    if (known.state !== 'sealed' || this.#shredding.has(id)) throw unavailable(id, 'destroyed');
    const { expiry, limit } = known.limits;
    if (expiry !== 0 && this.#parts.options.clock.wallMs() >= expiry) throw unavailable(id, 'expired');
    if (limit === 0n) throw unavailable(id, 'limit_zero');
    try {
      const { keys, slot, record } = this.#parts.store.load(known.meta);
      return openRecord(keys, slot, record);
    } catch (error) {
      if (error instanceof TallyError && error.code === 'TAMPERED') throw new TallyError('TAMPERED', undefined, { source_id: id });
      throw error instanceof TallyError ? error : unavailable(id, 'missing');
    }
  }

  limits(id: string): EffectiveLimits {
    this.#assertSound();
    return this.#known(id).limits;
  }

  changeLimit(change: LimitChange): Promise<EffectiveLimits> {
    return this.#serial(async () => {
      this.#assertSound();
      const known = this.#known(change.id);
      if (known.state !== 'sealed') throw new TallyError('STATE_INVALID', 'The secret was destroyed.');
      checkChange(known.meta, known.limits, change, this.#domain);
      await this.#record('limit.changed', change.id, changeData(change, known.changeHead));
      return this.#known(change.id).limits;
    });
  }

  shred(id: string, reason: string): Promise<void> {
    return this.#serial(async () => {
      this.#known(id);
      checkEntry('secret.destroying', id, { reason });
      this.#shredding.add(id);
      await this.#destroy(id, reason);
    });
  }

  async #destroy(id: string, reason: string): Promise<void> {
    const { state } = this.#known(id);
    if (state === 'sealed') await this.#record('secret.destroying', id, { reason });
    await this.#parts.store.shred(id);
    if (state !== 'destroyed') await this.#record('secret.destroyed', id, { mode: this.mode });
  }

  /** Shreds what a crash left: half-shredded secrets, destroyed ones that a backup brought back, and seals that were never acknowledged. */
  async finishInterrupted(): Promise<void> {
    for (const id of this.#parts.store.ids()) {
      const state = this.#history.get(id)?.state;
      if (state === 'sealed' || state === 'destroying') continue;
      await this.#parts.log.append('secret.leftover', id, { destroyed_before: state === 'destroyed' });
      await this.#serial(() => this.#parts.store.shred(id));
    }
    for (const { meta, state } of this.#history.all()) if (state === 'destroying') await this.shred(meta.id, 'finished at start');
  }

  has(id: string): boolean {
    return this.#isLive(id) && this.#parts.store.has(id);
  }

  #isLive(id: string): boolean {
    return this.#history.get(id)?.state === 'sealed' && !this.#shredding.has(id);
  }

  list(): readonly SealedMeta[] {
    return this.#live();
  }

  rotateMaster(next: Buffer): Promise<number> {
    return this.#serial(async () => {
      this.#assertSound();
      const records = this.#live();
      try {
        const decided = await decideRotation({ ...this.#parts, keys: this.#keys, header: this.#header }, records, next);
        [this.#keys, this.#header] = [decided.keys, decided.header];
      } catch (error) {
        // Which master is in force is known only to the next start, which reads the header.
        if (this.#parts.log.isStopped) this.#problems.push('a change of the master key was cut short: start again');
        throw error;
      }
      await this.#record('master.rotated', 'vault', { kek: this.#keys.ring.kekId, records: records.length });
      return records.length;
    });
  }

  invitation(): string {
    this.#assertSound();
    return invitationOf(this.#header, this.#keys.ring, this.#parts.options);
  }

  async audit(kind: string, subject: string, data: AuditEntry['data']): Promise<number> {
    if (OWN_KINDS.test(kind)) throw new TallyError('INPUT_INVALID', 'This kind of audit entry is written by the vault only.');
    return (await this.#parts.log.append(kind, subject, data)).seq;
  }

  auditEntries(from: number, limit: number): readonly AuditEntry[] {
    return reading(() => this.#parts.log.entries(from, limit));
  }

  auditProof(seq: number): AuditProof {
    const { log } = this.#parts;
    return reading(() => ({ line: log.line(seq).toString('utf8'), ...log.proof(seq) }));
  }

  auditAbout(subject: string): readonly number[] {
    return this.#parts.log.about(subject);
  }

  auditBundle(seqs: readonly number[], since?: number): Promise<AuditBundle> {
    return this.#serial(() => {
      // A log that does not agree is not signed: see `#sign`.
      this.#assertSound();
      return makeAuditBundle({ ...this.#parts, header: this.#header, keys: this.#keys }, seqs, since);
    });
  }

  auditVerify(): readonly string[] {
    return reading(() => this.#verify());
  }

  #verify(): string[] {
    const { paths, anchor, store } = this.#parts;
    const { history, problems } = scanHistory(paths, this.#header, this.#keys.codec, anchor.body?.audit ?? null);
    const found = new Set([...this.#problems, ...problems]);
    if (anchor.body === null) found.add('there is no anchor: a restored folder, or an anchor that was removed');
    for (const problem of this.#unsigned(history)) found.add(problem);
    for (const { meta, state } of history.all()) {
      if (state !== 'sealed') continue;
      store.forget(meta.id);
      try {
        store.load(meta);
      } catch (error) {
        const missing = error instanceof TallyError && error.code === 'SECRET_UNAVAILABLE';
        found.add(`the record of ${meta.id} ${missing ? 'is missing' : 'does not match its seal'}`);
      }
    }
    return [...found];
  }

  /** What a donor's wallet did not sign is not that donor's: whoever has the log's key could have written it all the same. */
  #unsigned(history: History): readonly string[] {
    const isUnsigned = ({ meta, changes }: SecretHistory) => changes.some((change) => !isSignedByOwner(meta, change, this.#domain));
    return history
      .all()
      .filter(isUnsigned)
      .map(({ meta }) => `a limit change of ${meta.id} lacks its donor’s signature`);
  }

  checkHeads(heads: readonly AccountHead[]): readonly HeadFinding[] {
    this.#assertSound();
    return compareHeads(this.#parts.anchor.heads, heads);
  }

  checkpoint(heads: readonly AccountHead[]): Promise<void> {
    return this.#serial(async () => {
      this.#assertSound();
      await this.#parts.anchor.setHeads(heads, this.#parts.log.head);
    });
  }

  generation(): Generation {
    this.#assertSound();
    return this.#parts.anchor.body?.generation ?? { current: 0, pending: null };
  }

  setGeneration(value: Generation): Promise<void> {
    return this.#serial(async () => {
      this.#assertSound();
      await this.#parts.anchor.setGeneration(value, this.#parts.log.head);
    });
  }

  grantTime(): GrantTime | null {
    return this.#parts.anchor.body?.grant ?? null;
  }

  rememberGrantTime(value: GrantTime): Promise<void> {
    return this.#serial(async () => {
      this.#assertSound();
      await this.#parts.anchor.setGrant(value);
    });
  }

  /** Signs the log as it stands. A disk that takes nothing now is tried again at the next quiet moment. */
  signQuietly(): void {
    this.#serial(() => this.#sign()).catch(() => {});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#serial(async () => {
        await this.#parts.log.drain();
        await this.#sign();
      });
    } finally {
      this.#closed = true;
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    await this.#parts.log.close();
    this.#parts.store.close();
    this.#parts.anchor.close();
    this.#tickets.close();
    this.#keys.codec.destroy();
    this.#keys.ring.destroy();
    this.#rooms.destroy();
  }

  async #sign(): Promise<void> {
    // A log that does not agree with its anchor is not signed anew: that would make the damage look sound.
    if (this.#problems.length > 0 || this.#closed) return;
    await this.#parts.log.checkpoint();
    await this.#parts.anchor.raiseAudit(this.#parts.log.head);
  }

  /** Appends one of the vault's own entries, takes it into the history, and lets the anchor know how far the log goes. */
  async #record(kind: string, subject: string, data: AuditEntry['data']): Promise<void> {
    const { log, anchor } = this.#parts;
    this.#history.note(kind, subject, data, await log.append(kind, subject, data));
    if (this.#problems.length === 0) await anchor.raiseAudit(log.head);
  }

  #live(): SealedMeta[] {
    return this.#history.all().flatMap(({ meta }) => (this.#isLive(meta.id) ? [meta] : []));
  }

  #known(id: string) {
    const known = this.#history.get(id);
    if (known === undefined) throw new TallyError('NOT_FOUND', 'There is no such secret in the vault.');
    return known;
  }

  #assertSound(): void {
    if (this.#closed) throw new TallyError('SHUTTING_DOWN', 'The vault is closed.');
    if (this.#problems.length > 0)
      throw new TallyError('TAMPERED', `The vault is shut: ${this.#problems[0]}.`, { problems: this.#problems.length });
  }

  #serial<T>(change: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(async () => {
      if (this.#closed) throw new TallyError('SHUTTING_DOWN', 'The vault is closed.');
      return change();
    });
    this.#tail = run.catch(() => {});
    return run.catch((error) => {
      throw error instanceof TallyError ? error : diskError(error);
    });
  }
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TallyError ? error : diskError(error);
  }
}

function unavailable(id: string, reason: string): TallyError {
  return new TallyError('SECRET_UNAVAILABLE', undefined, { source_id: id, reason });
}

/** The system's error names a path: only its code is passed on. */
export function diskError(error: unknown): TallyError {
  const errno = (error as NodeJS.ErrnoException).code;
  return new TallyError('LEDGER_UNAVAILABLE', 'The vault’s folders cannot be read or written.', {
    errno: typeof errno === 'string' ? errno : 'unknown',
  });
}
