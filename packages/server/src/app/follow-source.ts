import type { Ledger } from '#ledger';
import type { Vault } from '#vault';

export type FollowSourceDeps = {
  readonly ledger: Pick<Ledger, 'auditedAccount'>;
  readonly vault: Pick<Vault, 'list' | 'limits' | 'changeLimit' | 'shred'>;
  readonly sources: { remove(id: string): Promise<void> };
};

/**
 * Does to this host's copy of a secret what the books say of its source, whoever made them say so: destroys it, or lowers its sealed limit.
 * Neither can be taken back, so the books are not believed before the writer has held the account against its postings.
 */
export async function followSource({ ledger, vault, sources }: FollowSourceDeps, id: string): Promise<void> {
  if (!isHere(vault, id)) return;
  const account = await ledger.auditedAccount(id);
  if (account?.state === 'destroyed' && account.stateReason !== 'tampered') {
    await sources.remove(id);
    await vault.shred(id, account.stateReason ?? 'destroyed');
    return;
  }
  // What a donor gave is lowered by its donor alone; below that the books may allow less for a while, until a key has been tried.
  if (vault.list().some((meta) => meta.id === id && meta.donor !== 'operator')) return;
  const sealed = vault.limits(id);
  if (account === null || account.limit >= sealed.limit) return;
  await vault.changeLimit({ id, seq: sealed.seq + 1, limit: account.limit, expiry: 0 });
}

/** Whether this host has, or should have, the secret; in shared books others may have it alone. */
export function isHere(vault: Pick<Vault, 'list'>, id: string): boolean {
  return vault.list().some((meta) => meta.id === id);
}
