import type { AuditEntry, Hex } from '@tallystick/core';
import type { Appended } from './audit-log.ts';
import { effectiveLimits } from './limits.ts';
import type { EffectiveLimits, LimitChange, SealedMeta } from './types.ts';

export type SecretState = 'sealed' | 'destroying' | 'destroyed';

export type SecretHistory = {
  readonly meta: SealedMeta;
  readonly state: SecretState;
  readonly changes: readonly LimitChange[];
  readonly limits: EffectiveLimits;
  /** Leaf hash (hex) of the entry of the last change, to which the next one is linked; empty before the first. */
  readonly changeHead: string;
};

/** What became of every secret, as the audit log tells it: the log is the one place in which limits and lives are written down. */
export class History {
  readonly #secrets = new Map<string, SecretHistory>();

  get(id: string): SecretHistory | undefined {
    return this.#secrets.get(id);
  }

  all(): readonly SecretHistory[] {
    return [...this.#secrets.values()];
  }

  /** Takes in one entry of the log, in order. @returns what is wrong with it, or null. */
  apply(entry: AuditEntry, leaf: Buffer): string | null {
    try {
      return this.#apply(entry, leaf);
    } catch {
      return `entry ${entry.seq} does not hold what its kind holds`;
    }
  }

  #apply(entry: AuditEntry, leaf: Buffer): string | null {
    const secret = this.#secrets.get(entry.subject);
    if (entry.kind === 'secret.sealed') return this.#sealed(entry);
    if (!KINDS.has(entry.kind)) return null;
    if (secret === undefined) return `entry ${entry.seq} is about a secret that was never sealed`;
    if (entry.kind === 'secret.destroying') this.#secrets.set(entry.subject, { ...secret, state: 'destroying' });
    if (entry.kind === 'secret.destroyed') this.#secrets.set(entry.subject, { ...secret, state: 'destroyed' });
    if (entry.kind === 'limit.changed') return this.#changed(entry, secret, leaf);
    return null;
  }

  #sealed(entry: AuditEntry): string | null {
    if (this.#secrets.has(entry.subject)) return `entry ${entry.seq} seals a secret a second time`;
    const meta = metaOf(entry);
    this.#secrets.set(entry.subject, { meta, state: 'sealed', changes: [], limits: effectiveLimits(meta, []), changeHead: '' });
    return null;
  }

  #changed(entry: AuditEntry, secret: SecretHistory, leaf: Buffer): string | null {
    const change = changeOf(entry);
    if (entry.data['prev'] !== secret.changeHead || change.seq <= secret.limits.seq)
      return `entry ${entry.seq} does not follow the change before it`;
    const changes = [...secret.changes, change];
    const limits = effectiveLimits(secret.meta, changes);
    this.#secrets.set(entry.subject, { ...secret, changes, limits, changeHead: leaf.toString('hex') });
    return null;
  }

  /** As `apply`, for an entry that this process has just appended. */
  note(kind: string, subject: string, data: AuditEntry['data'], appended: Appended): void {
    this.apply({ seq: appended.seq, at: 0, kind, subject, data }, appended.leaf);
  }
}

const KINDS: ReadonlySet<string> = new Set(['secret.destroying', 'secret.destroyed', 'limit.changed']);

export function sealedData(meta: SealedMeta): AuditEntry['data'] {
  return { provider: meta.provider, donor: meta.donor, ceiling: meta.ceiling.toString(), expiry: meta.expiry, epoch: meta.epoch };
}

function metaOf(entry: AuditEntry): SealedMeta {
  const { provider, donor, ceiling, expiry, epoch } = entry.data;
  return {
    id: entry.subject,
    provider: String(provider),
    donor: String(donor),
    ceiling: BigInt(String(ceiling)),
    expiry: Number(expiry),
    epoch: Number(epoch),
  };
}

export function changeData(change: LimitChange, prev: string): AuditEntry['data'] {
  return { seq: change.seq, limit: change.limit.toString(), expiry: change.expiry, signature: change.signature ?? '', prev };
}

function changeOf(entry: AuditEntry): LimitChange {
  const { seq, limit, expiry, signature } = entry.data;
  const change = { id: entry.subject, seq: Number(seq), limit: BigInt(String(limit)), expiry: Number(expiry) };
  return signature === '' ? change : { ...change, signature: String(signature) as Hex };
}
