import { type AuditEntry, type InclusionProof, TallyError } from '@tallystick/core';
import { AppendFile, readSlice, walkLines } from '#ground/append-file';
import type { Clock } from '#ground/clock';
import { type AuditData, checkEntry, decodeLine, LINE_BYTES_MAX, type LineCodec } from './audit-entry.ts';
import type { LogHead, Scan } from './audit-scan.ts';
import { appendCheckpoint, type Checkpoint, type Signer, signCheckpoint } from './checkpoints.ts';
import type { LogIndex } from './log-index.ts';
import { LogProofs } from './log-proofs.ts';
import { type Frontier, leafHash } from './merkle.ts';

const QUEUE_MAX = 65_536;
const BATCH_MAX = 512;
const READ_MAX = 1000;
/** Entries after which a checkpoint is due even inside a burst. */
const UNSIGNED_MAX = 4096;

type Waiting = {
  readonly kind: string;
  readonly subject: string;
  readonly data: AuditData;
  readonly done: (appended: Appended) => void;
  readonly failed: (error: TallyError) => void;
};
export type Appended = { readonly seq: number; readonly leaf: Buffer };

export type AuditLogOptions = {
  readonly logPath: string;
  readonly checkpointsPath: string;
  readonly vaultId: string;
  readonly clock: Clock;
  readonly codec: LineCodec;
  readonly signer: Signer;
  /** Called once after appends have ceased for `idleMs`: the moment for a checkpoint. */
  readonly onIdle: () => void;
  readonly idleMs: number;
};

/**
 * The append-only log. An entry is acknowledged only after its whole batch is on disk, so a line that a crash cut short was never
 * acknowledged, and the next start cuts it off. (A line cut off on purpose is found where a checkpoint or the anchor saw it; the lines
 * after the last of both can be cut off unseen by whoever can write both folders.)
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #log: AppendFile;
  readonly #checkpoints: AppendFile;
  readonly #frontier: Frontier;
  readonly #index: LogIndex;
  #codec: LineCodec;
  #signer: Signer;
  readonly #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #frozen = false;
  #closed = false;
  #signed: Checkpoint | null;
  #proofs: LogProofs | null = null;
  #idle: NodeJS.Timeout | null = null;

  private constructor(options: AuditLogOptions, scan: Scan, index: LogIndex, log: AppendFile, checkpoints: AppendFile) {
    this.#options = options;
    this.#codec = options.codec;
    this.#signer = options.signer;
    this.#frontier = scan.frontier;
    this.#signed = scan.lastCheckpoint;
    this.#index = index;
    this.#log = log;
    this.#checkpoints = checkpoints;
  }

  /** @param index of the lines, as the scan visited them. */
  static async open(options: AuditLogOptions, scan: Scan, index: LogIndex): Promise<AuditLog> {
    const log = await AppendFile.open(options.logPath, scan.bytes);
    const checkpoints = await AppendFile.open(options.checkpointsPath, scan.checkpointBytes);
    return new AuditLog(options, scan, index, log, checkpoints);
  }

  get head(): LogHead {
    return { size: this.#frontier.size, root: this.#frontier.root() };
  }

  /** Durable when it resolves. Appends that wait together share one fsync. @throws INPUT_INVALID, OVERLOADED, LEDGER_UNAVAILABLE */
  append(kind: string, subject: string, data: AuditData): Promise<Appended> {
    checkEntry(kind, subject, data);
    if (this.#closed) throw new TallyError('SHUTTING_DOWN', 'The vault is closed.');
    if (this.#queue.length >= QUEUE_MAX) throw new TallyError('OVERLOADED', 'Too many audit entries wait for the disk.');
    return new Promise((done, failed) => {
      this.#queue.push({ kind, subject, data: { ...data }, done, failed });
      this.#start();
    });
  }

  /** Stops writing after the batch in flight; entries wait. For the moment in which the master changes. */
  async freeze(): Promise<void> {
    this.#frozen = true;
    await this.#running;
  }

  thaw(next?: { readonly codec: LineCodec; readonly signer: Signer }): void {
    if (next !== undefined) [this.#codec, this.#signer] = [next.codec, next.signer];
    this.#frozen = false;
    this.#start();
  }

  /** Signs the log as it stands, if the key in force has not yet. @returns the checkpoint. */
  async checkpoint(): Promise<Checkpoint> {
    const head = this.head;
    if (this.#signed?.size === head.size && this.#signed.kek === this.#signer.kekId) return this.#signed;
    const checkpoint = signCheckpoint(this.#signer, this.#options.vaultId, head, this.#options.clock.wallMs());
    await appendCheckpoint(this.#checkpoints, checkpoint);
    this.#signed = checkpoint;
    return checkpoint;
  }

  /** At most 1,000 at a time. */
  entries(from: number, limit: number): AuditEntry[] {
    const end = Math.min(this.#index.offsets.length, from + Math.min(limit, READ_MAX));
    const entries: AuditEntry[] = [];
    for (let seq = Math.max(0, from); seq < end; seq++) {
      const decoded = decodeLine(this.line(seq));
      if (decoded === null) throw new TallyError('TAMPERED', `Entry ${seq} of the audit log cannot be read.`, { seq });
      entries.push(decoded.entry);
    }
    return entries;
  }

  /** The exact bytes of one line, without its line end. */
  line(seq: number): Buffer {
    const offset = this.#index.offsets[seq];
    if (offset === undefined) throw new TallyError('NOT_FOUND', 'There is no such audit entry.', { seq });
    const bytes = readSlice(this.#options.logPath, offset, LINE_BYTES_MAX);
    const end = bytes.indexOf(10);
    return bytes.subarray(0, end < 0 ? bytes.length : end);
  }

  /** The numbers of all entries about a subject, oldest first. */
  about(subject: string): readonly number[] {
    return this.#index.about(subject);
  }

  /** That line `seq` stands in the log as it is now. */
  proof(seq: number): InclusionProof {
    const { size, root } = this.head;
    if (!(seq >= 0 && seq < size)) throw new TallyError('NOT_FOUND', 'There is no such audit entry.', { seq });
    return { index: seq, size, path: this.proofs().inclusion(seq, size), root };
  }

  /** The tree of all entries so far; the first call reads the whole log. */
  proofs(): LogProofs {
    if (this.#proofs !== null) return this.#proofs;
    const proofs = new LogProofs();
    walkLines(this.#options.logPath, LINE_BYTES_MAX, (line) => {
      // Lines beyond the head are being written now; they are added when they are durable.
      if (proofs.size < this.#frontier.size) proofs.add(line);
    });
    this.#proofs = proofs;
    return proofs;
  }

  get isStopped(): boolean {
    return this.#closed;
  }

  /** Takes nothing more, and refuses what waits. */
  stop(): void {
    this.#closed = true;
    for (const entry of this.#queue.splice(0)) entry.failed(new TallyError('LEDGER_UNAVAILABLE', 'The audit log was stopped.'));
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async close(): Promise<void> {
    this.stop();
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#running;
    await this.#log.close();
    await this.#checkpoints.close();
  }

  #start(): void {
    if (this.#running !== null || this.#frozen || this.#queue.length === 0) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    // One turn later, so that entries of the same turn share the first fsync too.
    await Promise.resolve();
    while (this.#queue.length > 0 && !this.#frozen) await this.#write(this.#queue.splice(0, BATCH_MAX));
    if (this.#idle !== null) clearTimeout(this.#idle);
    const wait = this.#frontier.size - (this.#signed?.size ?? 0) >= UNSIGNED_MAX ? 0 : this.#options.idleMs;
    if (!this.#closed) this.#idle = setTimeout(this.#options.onIdle, wait).unref();
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const at = this.#options.clock.wallMs();
    const lines = batch.map(({ kind, subject, data }, i) => this.#codec.encode({ seq: this.#frontier.size + i, at, kind, subject, data }));
    let offset = this.#log.size;
    try {
      await this.#log.append(Buffer.concat(lines.flatMap((line) => [line, LINE_END])));
    } catch {
      for (const entry of batch) entry.failed(new TallyError('LEDGER_UNAVAILABLE', 'The audit log cannot be written.'));
      return;
    }
    for (const [i, line] of lines.entries()) {
      const { subject, done } = batch[i] as Waiting;
      const appended = { seq: this.#frontier.size, leaf: leafHash(line) };
      this.#frontier.add(appended.leaf);
      this.#proofs?.add(line);
      this.#index.note({ seq: appended.seq, subject }, offset);
      offset += line.length + 1;
      done(appended);
    }
  }
}

const LINE_END = Buffer.from('\n');
