import { TallyError } from '@tallystick/core';
import { findSource, refuseFinal, type SourceView, showSource } from './admin-sources.ts';
import type { Daemon } from './daemon.ts';
import { followSource, isHere } from './follow-source.ts';
import { sealedProvider } from './source-seal.ts';

/** Seals the key of a source that another host added, under the immutables that the books have, and serves it from here on. */
export async function attachSource(daemon: Daemon, id: string, apiKey: string): Promise<SourceView> {
  const { vault, ledger, front } = daemon;
  if (!daemon.isShared)
    throw new TallyError('STATE_INVALID', 'The books are of this host alone: a key is given with `source add`.', { id });
  const { row } = await findSource(daemon, id);
  if (row.pool) throw new TallyError('STATE_INVALID', 'The source was donated: its key is sealed where its donor gave it.', { id });
  if (isHere(vault, id)) throw new TallyError('STATE_INVALID', 'The key of this source was given to this host before.');
  const account = await ledger.auditedAccount(id);
  if (account === null) throw new TallyError('NOT_FOUND', 'There is no source with this id.');
  refuseFinal(account);
  const { ceiling, expiresAt } = account;
  const meta = { id, provider: sealedProvider(row), donor: 'operator', ceiling, expiry: expiresAt ?? 0, epoch: 1 };
  await vault.seal(meta, Buffer.from(apiKey, 'latin1'));
  await vault.audit('source.attached', id, { name: row.name, base_url: row.baseUrl.slice(0, 200) });
  // What was lowered before, or was changed while it was sealed, holds for this copy too.
  await followSource({ vault, ledger, sources: front.sources }, id);
  if (vault.has(id)) await front.sources.add(row);
  await daemon.checkpoint();
  return showSource(daemon, id);
}
