import type { Log } from '#ground/log';
import type { Ledger } from '#ledger';
import type { Vault } from '#vault';
import { compareAnchor, freezeSources, headsOf, nextGeneration } from './anchor.ts';
import { type AnchorFinding, stillOpen } from './findings.ts';

export type CheckpointsDeps = { readonly ledger: Ledger; readonly vault: Vault; readonly isShared: boolean; readonly log: Log };

/**
 * Remembers the books' heads outside of them, one time after another. Books that others can reach may also have been put back to an earlier
 * state while this host had them open: then nothing is remembered before every source is frozen. Counting each time makes even
 * a copy of a few seconds ago show, whatever was spent since.
 */
export class Checkpoints {
  readonly #deps: CheckpointsDeps;
  #findings: readonly AnchorFinding[];
  #last: Promise<void> = Promise.resolve();

  /** @param findings of the start. */
  constructor(deps: CheckpointsDeps, findings: readonly AnchorFinding[]) {
    this.#deps = deps;
    this.#findings = findings;
  }

  /** What does not agree, and has not been seen to since. */
  get findings(): readonly AnchorFinding[] {
    return this.#findings;
  }

  take(): Promise<void> {
    const next = this.#last.then(() => this.#take());
    this.#last = next.catch(() => {});
    return next;
  }

  async #take(): Promise<void> {
    const { ledger, vault, isShared } = this.#deps;
    if (isShared) await this.#compare();
    await vault.checkpoint(await headsOf(ledger, isShared));
    if (isShared) await nextGeneration(ledger, vault);
    if (this.#findings.length > 0) this.#findings = stillOpen(this.#findings, await ledger.accounts(), vault);
  }

  async #compare(): Promise<void> {
    const { ledger, vault, log } = this.#deps;
    const found = await compareAnchor(ledger, vault, true);
    if (found.length === 0) return;
    for (const { message } of found) log.error({ finding: message }, 'the books do not agree with their anchor');
    this.#findings = [...this.#findings, ...found];
    await freezeSources(ledger);
  }
}
