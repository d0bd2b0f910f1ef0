import type { Account } from '#ledger';
import type { Vault } from '#vault';

/** What a start found wrong, and the accounts that are out of use for it. */
export type AnchorFinding = { readonly message: string; readonly accounts: readonly string[] };

/** A finding of the ledger's own, which is a sentence that names its account. */
export function ledgerFinding(message: string, accounts: readonly Account[]): AnchorFinding {
  return { message, accounts: accounts.filter(({ id }) => message.includes(id)).map(({ id }) => id) };
}

/** Findings with an account that is still frozen, or a secret that the books still do not know; all others have been seen to. */
export function stillOpen(findings: readonly AnchorFinding[], accounts: readonly Account[], vault: Vault): readonly AnchorFinding[] {
  const states = new Map(accounts.map(({ id, state }) => [id, state]));
  const unknown = new Set(vault.list().flatMap(({ id }) => (states.has(id) ? [] : [id])));
  return findings.filter((finding) => finding.accounts.some((id) => states.get(id) === 'frozen' || unknown.has(id)));
}
