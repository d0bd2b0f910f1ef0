import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEntry } from '@tallystick/core';
import { type ManualClock, manualClock } from '#ground/clock';
import { type Ledger, openSqliteLedger } from '#ledger';

/** Helpers of this room's tests. */
export type Audited = Pick<AuditEntry, 'kind' | 'subject' | 'data'>;

/** Real books in a fresh folder under a clock that stands still, and an audit log that only remembers. */
export type Stage = {
  readonly ledger: Ledger;
  readonly clock: ManualClock;
  readonly audited: Audited[];
  readonly vault: ReturnType<typeof auditOf>;
  close(): Promise<void>;
};

export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tally-governance-'));
  const clock = manualClock();
  const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
  const place = { file: join(folder, 'ledger.db'), bookId: 'book-1', laneId: `0x${'a'.repeat(64)}` } as const;
  const { ledger } = await openSqliteLedger({ ...place, ...keys, clock });
  const audited: Audited[] = [];
  const close = async () => {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ledger, clock, audited, vault: auditOf(audited), close };
}

function auditOf(audited: Audited[]) {
  const entry = (seq: number): readonly AuditEntry[] => (audited[seq] === undefined ? [] : [{ ...audited[seq], seq, at: 0 }]);
  return {
    derive: (purpose: string) => Buffer.alloc(32, purpose.length),
    audit: async (kind: string, subject: string, data: AuditEntry['data']) => audited.push({ kind, subject, data }) - 1,
    auditAbout: (subject: string) => audited.flatMap((each, seq) => (each.subject === subject ? [seq] : [])),
    auditEntries: (from: number, _limit: number) => entry(from),
  };
}

/** What a crash does to whatever runs: from the `survives`-th call on, none of these does anything any more. */
export class Crash extends Error {}

export function crashing<T extends object>(target: T, names: readonly (keyof T)[], fuse: { survives: number }): T {
  return new Proxy(target, {
    get: (inner, name, proxy) => {
      const value: unknown = Reflect.get(inner, name, proxy);
      if (typeof value !== 'function') return value;
      const work = value.bind(inner) as (...args: unknown[]) => unknown;
      if (!names.includes(name as keyof T)) return work;
      return async (...args: unknown[]) => {
        if (fuse.survives <= 0) throw new Crash();
        fuse.survives -= 1;
        return work(...args);
      };
    },
  });
}
