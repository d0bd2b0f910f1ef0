import { createHash } from 'node:crypto';
import type { SourceRow } from '#ledger';
import type { SealedMeta, Vault } from '#vault';

/**
 * The provider as it is bound into a source's seal: its name, and a hash of all that the books say of the source for good. Who can write
 * the books could else lead its key to another server, or declare its models smaller than they are.
 */
export function sealedProvider(row: SourceRow): string {
  const { id, provider, baseUrl, mode, settle, countConsent, models, tariff, pool, groups, minutesAccountId } = row;
  const known = [id, provider, baseUrl, mode, settle, countConsent, models, tariff];
  // Its gates hold the lockout. Sources of before there was a pool are sealed without them, and are none of its.
  const isPlain = !pool && groups.length === 0 && minutesAccountId === null;
  const fixed = JSON.stringify(isPlain ? ['tally-source/1', ...known] : ['tally-source/2', ...known, pool, groups, minutesAccountId]);
  return `${provider}.${createHash('sha256').update(fixed).digest('hex').slice(0, 32)}`;
}

/** Whether the books describe a source as it was sealed here. A seal that names the provider alone says no more than that. */
export function isAsSealed({ provider }: Pick<SealedMeta, 'provider'>, row: SourceRow): boolean {
  return provider === sealedProvider(row) || (provider === row.provider && !row.pool);
}

/** Of these sources, those that this host's vault describes otherwise. What it has no secret of is none. */
export function unlikeSealed(vault: Pick<Vault, 'list'>, rows: readonly SourceRow[]): ReadonlySet<string> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const unlike = vault.list().filter((meta) => {
    const row = byId.get(meta.id);
    return row !== undefined && !isAsSealed(meta, row);
  });
  return new Set(unlike.map(({ id }) => id));
}
