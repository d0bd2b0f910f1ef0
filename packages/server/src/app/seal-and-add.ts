import type { NewAccount, SourceRow } from '#ledger';
import { SOURCE_ADDED, SOURCE_ADDING } from './anchor.ts';
import type { Daemon } from './daemon.ts';
import { sealedProvider } from './source-seal.ts';
import { learnTariff } from './tariffs.ts';

/** `accounts`: the source's own first. `secret`: zeroed by sealing it. */
export type NewSource = {
  readonly row: SourceRow;
  readonly accounts: readonly NewAccount[];
  readonly donor: string;
  readonly secret: Buffer;
};

/** Seals the key first, then opens its account: a crash in between leaves a sealed key that nothing can use, and the next start destroys it. */
export async function sealAndAdd(
  { vault, ledger, front, tariffs, checkpoint }: Pick<Daemon, 'vault' | 'ledger' | 'front' | 'tariffs' | 'checkpoint'>,
  { row, accounts, donor, secret }: NewSource,
): Promise<void> {
  const { id, name } = row;
  const own = accounts.find((account) => account.id === id);
  const expiry = own?.expiresAt ?? 0;
  await vault.audit(SOURCE_ADDING, id, { name });
  await vault.seal({ id, provider: sealedProvider(row), donor, ceiling: own?.ceiling ?? 0n, expiry, epoch: 1 }, secret);
  await ledger.addSource(row, accounts);
  await vault.audit(SOURCE_ADDED, id, { name });
  await front.sources.add(row);
  learnTariff(tariffs, row);
  await checkpoint();
}
