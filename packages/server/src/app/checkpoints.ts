import type { Log } from '#ground/log';
import type { Ledger } from '#ledger';
import type { Vault } from '#vault';
import { freezeSources, headsOf, nextGeneration, olderBooks } from './anchor.ts';

export type CheckpointDeps = {
  readonly ledger: Ledger;
  readonly vault: Vault;
  readonly isShared: boolean;
  readonly log: Log;
  /** Told of what does not agree; readiness reports it. */
  readonly onFinding: (finding: string) => void;
};

/**
 * Remembers the books' heads outside of them, one time after another. Books that others can reach may also have been put back to an earlier
 * state while this host had them open: then nothing is remembered before every source is frozen. Counting each time makes even
 * a copy of a few seconds ago show, whatever was spent since.
 */
export function checkpoints(deps: CheckpointDeps): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    const next = last.then(() => remember(deps));
    last = next.catch(() => {});
    return next;
  };
}

async function remember({ ledger, vault, isShared, log, onFinding }: CheckpointDeps): Promise<void> {
  const heads = await headsOf(ledger, isShared);
  if (!isShared) return vault.checkpoint(heads);
  const findings = [...(await olderBooks(ledger, vault)), ...vault.checkHeads(heads).map(({ message }) => message)];
  for (const finding of findings) {
    log.error({ finding }, 'the books do not agree with what was remembered of them');
    onFinding(finding);
  }
  if (findings.length > 0) await freezeSources(ledger);
  await vault.checkpoint(findings.length > 0 ? await headsOf(ledger, isShared) : heads);
  await nextGeneration(ledger, vault);
}
