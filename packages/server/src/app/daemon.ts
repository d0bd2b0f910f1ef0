import type { Hex, Tariff } from '@tallystick/core';
import { FREE_TARIFF, parseTariff, tariffId } from '@tallystick/core';
import type { Config } from '#ground/config';
import { hashFast } from '#ground/keccak';
import type { Log } from '#ground/log';
import { type Metrics, openMetrics } from '#ground/metrics';
import type { SourceRow } from '#ledger';
import { ReceiptSigner, type ReceiptsDeps } from '#settle';
import { accountHeads, checkAnchor } from './anchor.ts';
import type { Books } from './books.ts';
import { callersKeys, openCallers } from './callers.ts';
import { startChores } from './chores.ts';
import { type AnchorFinding, ledgerFinding, stillOpen } from './findings.ts';
import { type Front, ownFront } from './front.ts';
import { finishReconciliations } from './reconcile-steps.ts';
import { workersFront } from './workers/workers-front.ts';

/** The whole daemon but its sockets: who reads `wire` sees how the rooms are joined. */
export type Daemon = Books & {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly front: Front;
  readonly signer: ReceiptSigner;
  readonly receipts: ReceiptsDeps;
  /** Every tariff that a receipt of this gateway may name, by id. */
  readonly tariffs: Map<Hex, Tariff>;
  readonly adminToken: string;
  /** What was found wrong at start and has not been seen to since; readiness reports how much. */
  anchorFindings(): readonly string[];
  checkpoint(): Promise<void>;
  /** Stops taking calls, lets running ones end, signs what is left, closes the books. */
  stop(): Promise<void>;
};

export async function wire(config: Config, books: Books, log: Log, adminToken: string, sandboxUrl: string | null): Promise<Daemon> {
  const { vault, ledger, clock } = books;
  let findings = await foundAtStart(books, log);
  if (findings.length === 0) await finishReconciliations({ ...books, config }, log);
  await hashFast();
  const metrics = openMetrics();
  const signer = new ReceiptSigner({ ...books, secretKey: vault.derive('receipt-signer'), log, metrics });
  const onReceipt = () => signer.notify();
  const parts = {
    config,
    keys: callersKeys(vault),
    sources: await usableSources(books),
    principals: await ledger.keys(),
    sandboxUrl,
    clock,
    log,
    metrics,
  };
  const { hub } = books;
  hub?.onSettled(onReceipt);
  const front =
    hub === undefined
      ? ownFront(config, openCallers({ ...parts, ledger, vault, onReceipt }), metrics)
      : workersFront({ ...parts, books, hub });
  const tariffs = knownTariffs(await ledger.sources());
  const receipts: ReceiptsDeps = { ledger, domain: books.domain, laneOf: books.laneOf, tariff: (id) => tariffs.get(id) ?? null };
  const checkpoint = async () => {
    await vault.checkpoint(accountHeads(await ledger.accounts('source')));
    if (findings.length > 0) findings = stillOpen(findings, await ledger.accounts(), vault);
  };
  await checkpoint();
  const endChores = startChores(ledger, checkpoint, log);
  signer.notify();
  const stop = async () => {
    endChores();
    await front.close(config.TALLY_SHUTDOWN_MS);
    await signer.close();
    await checkpoint();
    await books.close();
  };
  return {
    ...books,
    config,
    log,
    metrics,
    front,
    signer,
    receipts,
    tariffs,
    adminToken,
    anchorFindings: () => findings.map(({ message }) => message),
    checkpoint,
    stop,
  };
}

async function foundAtStart(books: Books, log: Log): Promise<readonly AnchorFinding[]> {
  const accounts = books.findings.length === 0 ? [] : await books.ledger.accounts();
  return [...books.findings.map((message) => ledgerFinding(message, accounts)), ...(await checkAnchor(books, log))];
}

/** Sources that may still be called some day: a destroyed one has no secret left. */
async function usableSources({ ledger, vault, isShared }: Books) {
  const accounts = new Map((await ledger.accounts('source')).map((account) => [account.id, account.state]));
  const usable = (await ledger.sources()).filter(({ id }) => accounts.get(id) !== 'destroyed' && accounts.get(id) !== 'revoked');
  return isShared ? usable.filter(({ id }) => vault.has(id)) : usable;
}

/** Tariffs never change in place: a receipt's tariff is found by its hash for as long as its source is on the books. */
function knownTariffs(rows: readonly SourceRow[]): Map<Hex, Tariff> {
  const all = [FREE_TARIFF, ...rows.map(({ tariff }) => parseTariff(JSON.parse(tariff)))];
  return new Map(all.map((tariff) => [tariffId(tariff), tariff]));
}
