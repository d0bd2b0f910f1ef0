import type { Log } from '#ground/log';
import type { Account, Ledger } from '#ledger';
import type { AccountHead, Vault } from '#vault';
import type { Books } from './books.ts';
import type { AnchorFinding } from './findings.ts';
import { unlikeSealed } from './source-seal.ts';

/** Why a source is frozen when the books cannot be trusted to be the latest. */
export const RECONCILE = 'reconcile';

/** The audit log's words around `source add`: only what stands between the two may be undone after a crash. */
export const SOURCE_ADDING = 'source.adding';
export const SOURCE_ADDED = 'source.added';

/** An account as the vault remembers it: what is billed beyond a hold counts as spent. */
function accountHeads(sources: readonly Account[]): readonly AccountHead[] {
  return sources.map(({ id, seq, spent, overrun, head }) => ({ accountId: id, seq, spent: spent + overrun, head }));
}

/**
 * Compares the books with what the vault remembers outside of them: a database older than its anchor (a restored folder, a copied file),
 * or an account that went back. Either says that calls may be missing in these books, and not only those of one account.
 * @returns one sentence per finding, each about all sources; empty when all agree.
 */
export async function compareAnchor(ledger: Ledger, vault: Vault, isShared: boolean): Promise<readonly AnchorFinding[]> {
  const { current, pending } = vault.generation();
  const generation = await ledger.generation();
  const sources = await ledger.accounts('source');
  const all = sources.map(({ id }) => id);
  const findings: AnchorFinding[] = [];
  const add = (what: string, accounts: readonly string[]) =>
    findings.push({ message: `${what}: all sources are frozen until reconciled`, accounts });
  // A count that was lost on its way into the books may be there all the same.
  if ((generation < current || generation > (pending ?? current)) && sources.length > 0)
    add(`the books are of generation ${generation}, their anchor says ${current}`, all);
  for (const { message, accountId } of vault.checkHeads(await headsOf(ledger, isShared))) add(message, [...all, accountId]);
  return findings;
}

/** Before anything is served: where the books are not known to be the latest, every source starts frozen. */
export async function checkAnchor(
  { ledger, vault, isShared }: Pick<Books, 'ledger' | 'vault' | 'isShared'>,
  log: Log,
): Promise<readonly AnchorFinding[]> {
  const sources = await ledger.accounts('source');
  const findings = [...(await compareAnchor(ledger, vault, isShared))];
  if (findings.length > 0) await freezeSources(ledger);
  // What a crash left half-done is finished only in books that are known to be the latest.
  else findings.push(...(await finishInterrupted(ledger, vault, sources, log)));
  // In shared books a source may have its secret on another host only.
  for (const source of sources) if (!isShared || vault.has(source.id)) findings.push(...(await checkSeal(ledger, vault, source)));
  for (const id of unlikeSealed(vault, await ledger.sources())) {
    await freeze(ledger, id, 'it is not as it was sealed');
    findings.push({ message: `source ${id}: the books describe it otherwise than its seal does`, accounts: [id] });
  }
  await nextGeneration(ledger, vault);
  for (const { message } of findings) log.error({ finding: message }, 'the books do not agree with their anchor');
  return findings;
}

/** Counts on, in the books and outside of them. The pending value makes a crash between the two recognisable as such. */
export async function nextGeneration(ledger: Ledger, vault: Vault): Promise<void> {
  const { current, pending } = vault.generation();
  const generation = await ledger.generation();
  const next = Math.max(generation, current, pending ?? 0) + 1;
  await vault.setGeneration({ current: generation, pending: next });
  await ledger.setGeneration(next);
  await vault.setGeneration({ current: next, pending: null });
}

/** What is remembered of the books: how far each source has come and, in shared ones, each lane, in which every call ends. */
export async function headsOf(ledger: Ledger, isShared: boolean): Promise<readonly AccountHead[]> {
  // Gates bear the pool's lockout: one that went back is found as a source is.
  const kinds = ['source', 'minutes', 'group'] as const;
  const heads = accountHeads((await Promise.all(kinds.map((kind) => ledger.accounts(kind)))).flat());
  if (!isShared) return heads;
  const lanes = (await ledger.lanes()).map(({ laneId, nextSeq }) => ({ accountId: `lane:${laneId}`, seq: nextSeq, spent: 0n, head: '' }));
  return [...heads, ...lanes];
}

export async function freezeSources(ledger: Ledger): Promise<void> {
  for (const { id } of await ledger.accounts('source')) await freeze(ledger, id, RECONCILE);
}

/** A crash inside `source destroy` or `source limit` is carried on; one inside `source add` is undone: nobody was told that it is there. */
async function finishInterrupted(ledger: Ledger, vault: Vault, sources: readonly Account[], log: Log): Promise<readonly AnchorFinding[]> {
  const findings: AnchorFinding[] = [];
  const byId = new Map(sources.map((source) => [source.id, source]));
  for (const { id } of vault.list()) {
    const source = byId.get(id);
    if (source === undefined) {
      // Books that do not know a source that was added are older than the vault: the secret belongs to the true ones, and is kept.
      if (!wasBeingAdded(vault, id)) {
        const message = `the vault holds a secret for source ${id}, which these books do not know: they are not the latest`;
        findings.push({ message, accounts: [id] });
        continue;
      }
      await vault.shred(id, 'its source was never added');
    } else if (source.state === 'destroyed' && source.stateReason !== 'tampered') await vault.shred(id, source.stateReason ?? 'destroyed');
    else if (source.limit > vault.limits(id).limit) await ledger.lowerLimit(id, vault.limits(id).limit, 'as sealed');
    else continue;
    log.warn({ source: id }, 'what a crash interrupted was finished');
  }
  return findings;
}

const AUDIT_PAGE = 1000;

/** Reads the whole audit log: only for a secret without a source, which a crash leaves once in a long while. */
function wasBeingAdded(vault: Vault, id: string): boolean {
  let adding = false;
  for (let from = 0; ; from += AUDIT_PAGE) {
    const entries = vault.auditEntries(from, AUDIT_PAGE);
    for (const { kind, subject } of entries) {
      if (subject !== id) continue;
      if (kind === SOURCE_ADDING) adding = true;
      if (kind === SOURCE_ADDED) return false;
    }
    if (entries.length < AUDIT_PAGE) return adding;
  }
}

async function checkSeal(ledger: Ledger, vault: Vault, source: Account): Promise<readonly AnchorFinding[]> {
  if (source.state === 'destroyed' || source.state === 'revoked') return [];
  if (!vault.has(source.id)) {
    await freeze(ledger, source.id, 'its secret is missing');
    return [{ message: `source ${source.id} has no sealed secret`, accounts: [source.id] }];
  }
  const account = await ledger.account(source.id);
  const sealed = vault.limits(source.id);
  if (account === null || (account.limit <= sealed.limit && account.ceiling === sealed.ceiling)) return [];
  await freeze(ledger, source.id, 'its limit differs from its seal');
  return [{ message: `source ${source.id}: the books allow more than its seal does`, accounts: [source.id] }];
}

async function freeze(ledger: Ledger, accountId: string, reason: string): Promise<void> {
  const account = await ledger.account(accountId);
  if (account?.state === 'active' || account?.state === 'paused') await ledger.setState(accountId, 'frozen', reason);
}
