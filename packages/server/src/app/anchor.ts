import type { Log } from '#ground/log';
import type { Ledger } from '#ledger';
import type { Vault } from '#vault';

/** Why a source is frozen when the books cannot be trusted to be the latest. */
export const RECONCILE = 'reconcile';

/**
 * Compares the books with what the vault remembers outside of them, before anything is served.
 * A database older than its anchor (a restored folder, a copied file) or an account that went back starts every
 * source, or that account, frozen: what was spent in between is not in these books.
 * @returns one sentence per finding; empty when all agree.
 */
export async function checkAnchor(ledger: Ledger, vault: Vault, log: Log): Promise<readonly string[]> {
  const findings: string[] = [];
  const anchor = vault.generation();
  const generation = await ledger.generation();
  const sources = await ledger.accounts('source');
  const expected = generation === anchor.current || generation === anchor.pending;
  if (!expected && sources.length > 0) {
    findings.push(
      `the books are of generation ${generation}, their anchor says ${anchor.current}: all sources are frozen until reconciled`,
    );
    for (const source of sources) await freeze(ledger, source.id, RECONCILE);
  }
  for (const finding of vault.checkHeads(
    sources.map(({ id, seq, spent, overrun, head }) => ({ accountId: id, seq, spent: spent + overrun, head })),
  )) {
    findings.push(finding.message);
    if (sources.some(({ id }) => id === finding.accountId)) await freeze(ledger, finding.accountId, RECONCILE);
  }
  for (const source of sources) {
    if (source.state === 'destroyed' || source.state === 'revoked') continue;
    if (!vault.has(source.id)) {
      findings.push(`source ${source.id} has no sealed secret`);
      await freeze(ledger, source.id, 'its secret is missing');
      continue;
    }
    const sealed = vault.limits(source.id);
    if (source.limit > sealed.limit || source.ceiling !== sealed.ceiling) {
      findings.push(`source ${source.id}: the books allow more than its seal does`);
      await freeze(ledger, source.id, 'its limit differs from its seal');
    }
  }
  const next = Math.max(generation, anchor.current, anchor.pending ?? 0) + 1;
  // The pending value makes a crash between the two stores recognisable as such.
  await vault.setGeneration({ current: generation, pending: next });
  await ledger.setGeneration(next);
  await vault.setGeneration({ current: next, pending: null });
  for (const finding of findings) log.error({ finding }, 'the books do not agree with their anchor');
  return findings;
}

async function freeze(ledger: Ledger, accountId: string, reason: string): Promise<void> {
  const account = await ledger.account(accountId);
  if (account?.state === 'active' || account?.state === 'paused') await ledger.setState(accountId, 'frozen', reason);
}
