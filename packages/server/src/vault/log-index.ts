import type { AuditEntry } from '@tallystick/core';

/** Where each entry of a log begins, and which are about what. */
export class LogIndex {
  readonly offsets: number[] = [];
  readonly #about = new Map<string, number[]>();

  note({ seq, subject }: Pick<AuditEntry, 'seq' | 'subject'>, offset: number): void {
    this.offsets[seq] = offset;
    const seqs = this.#about.get(subject);
    if (seqs === undefined) this.#about.set(subject, [seq]);
    else seqs.push(seq);
  }

  about(subject: string): readonly number[] {
    return this.#about.get(subject) ?? [];
  }
}
