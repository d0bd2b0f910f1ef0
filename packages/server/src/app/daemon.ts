import type { Hex, Tariff } from '@tallystick/core';
import type { Config } from '#ground/config';
import { hashFast } from '#ground/keccak';
import type { Log } from '#ground/log';
import { type Metrics, openMetrics } from '#ground/metrics';
import { ReceiptSigner, type ReceiptsDeps } from '#settle';
import { checkAnchor } from './anchor.ts';
import type { Books } from './books.ts';
import { callersKeys, openCallers } from './callers.ts';
import type { Chain } from './chain/chain.ts';
import { Checkpoints } from './checkpoints.ts';
import { startChores } from './chores.ts';
import { keepGrantTime } from './clock.ts';
import { type AnchorFinding, ledgerFinding } from './findings.ts';
import { Followers } from './followers.ts';
import { type Front, ownFront } from './front.ts';
import { openLockout } from './pool/lockout.ts';
import { openPool, type Pool } from './pool/pool.ts';
import { finishReconciliations } from './reconcile-steps.ts';
import { unlikeSealed } from './source-seal.ts';
import { knownTariffs, learnTariff } from './tariffs.ts';
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
  readonly pool: Pool;
  readonly chain: Chain;
  /** What was found wrong at start and has not been seen to since; readiness reports how much. */
  anchorFindings(): readonly string[];
  checkpoint(): Promise<void>;
  /** Stops taking calls, lets running ones end, signs what is left, closes the books. */
  stop(): Promise<void>;
};

export async function wire(
  config: Config,
  books: Books,
  log: Log,
  adminToken: string,
  sandboxUrl: string | null,
  chain: Chain,
): Promise<Daemon> {
  const { vault, ledger, clock, isShared, hub } = books;
  // Before anything else is read: what others change from here on is followed.
  const followFrom = isShared ? await ledger.changesEnd() : 0n;
  const found = await foundAtStart(books, log);
  if (found.length === 0) await finishReconciliations({ ...books, config }, log);
  const lockout = await openLockout(config, books, log);
  await hashFast();
  const metrics = openMetrics();
  const signer = new ReceiptSigner({ ...books, secretKey: vault.derive('receipt-signer'), log, metrics });
  let told = () => {};
  const onReceipt = () => {
    signer.notify();
    told();
  };
  const known = { sources: await usableSources(books), principals: await ledger.keys() };
  const parts = { config, keys: callersKeys(vault), ...known, sandboxUrl, isShared, clock, log, metrics };
  hub?.onSettled(onReceipt);
  const front =
    hub === undefined
      ? ownFront(config, openCallers({ ...parts, ledger, vault, onReceipt }), metrics)
      : workersFront({ ...parts, books, hub });
  const tariffs = knownTariffs(await ledger.sources());
  const receipts: ReceiptsDeps = { ledger, domain: books.domain, laneOf: books.laneOf, tariff: (id) => tariffs.get(id) ?? null };
  const checkpoints = new Checkpoints({ ledger, vault, isShared, log }, found);
  await checkpoints.take();
  const followers = new Followers({ ledger, vault, ...front, onSource: (row) => learnTariff(tariffs, row), log }, followFrom);
  if (isShared) await followers.start(found.length === 0);
  const endChores = startChores(ledger, () => chore(checkpoints, isShared ? signer : null), log);
  signer.notify();
  const checkpoint = () => checkpoints.take();
  const anchorFindings = () => checkpoints.findings.map(({ message }) => message);
  const shown = { config, log, front, tariffs, adminToken, checkpoint, anchorFindings, chain };
  const pool = openPool({ ...books, ...shown, hasSandbox: sandboxUrl !== null, lockout });
  told = () => pool.notify();
  const endGrantTime = keepGrantTime(books, log);
  const stop = async () => {
    endChores();
    await pool.stop();
    await front.close(config.TALLY_SHUTDOWN_MS);
    await signer.close();
    await followers.stop();
    // Books that are away now are compared at the next start.
    await checkpoints.take().catch((cause: unknown) => log.error({ cause: String(cause) }, 'the heads could not be remembered'));
    await endGrantTime();
    await books.close();
  };
  return { ...books, ...shown, metrics, signer, receipts, pool, stop };
}

async function foundAtStart(books: Books, log: Log): Promise<readonly AnchorFinding[]> {
  const accounts = books.findings.length === 0 ? [] : await books.ledger.accounts();
  return [...books.findings.map((message) => ledgerFinding(message, accounts)), ...(await checkAnchor(books, log))];
}

/** Sources that may still be called some day: a destroyed one has no secret left, and one that the books changed is not the one that was sealed. */
async function usableSources({ ledger, vault, isShared }: Books) {
  const accounts = new Map((await ledger.accounts('source')).map((account) => [account.id, account.state]));
  const rows = await ledger.sources();
  const unlike = unlikeSealed(vault, rows);
  const usable = rows.filter(({ id }) => accounts.get(id) !== 'destroyed' && accounts.get(id) !== 'revoked' && !unlike.has(id));
  return isShared ? usable.filter(({ id }) => vault.has(id)) : usable;
}

/** Beside the heads, in shared books: receipts that no call of this process has asked for are signed too. */
async function chore(checkpoints: Checkpoints, signer: ReceiptSigner | null): Promise<void> {
  await checkpoints.take();
  await signer?.flushLeft();
}
