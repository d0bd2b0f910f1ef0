import type { Hex, Tariff } from '@tallystick/core';
import { FREE_TARIFF, parseTariff, tariffId } from '@tallystick/core';
import { Gateway, type GatewayLimits, Principals, Replays, Sources } from '#gateway';
import type { Config } from '#ground/config';
import { hashFast } from '#ground/keccak';
import type { Log } from '#ground/log';
import { type Metrics, openMetrics } from '#ground/metrics';
import type { SourceRow } from '#ledger';
import { ReceiptSigner, type ReceiptsDeps } from '#settle';
import { accountHeads, checkAnchor } from './anchor.ts';
import type { Books } from './books.ts';
import { startChores } from './chores.ts';
import { type AnchorFinding, ledgerFinding, stillOpen } from './findings.ts';
import { finishReconciliations } from './reconcile-steps.ts';

/** The whole daemon but its sockets: who reads `wire` sees how the rooms are joined. */
export type Daemon = Books & {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly gateway: Gateway;
  readonly sources: Sources;
  readonly principals: Principals;
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
  const pseudonymKey = vault.derive('pseudonym');
  const upstream = {
    connectionsMax: config.TALLY_UPSTREAM_CONNECTIONS_MAX,
    headersMs: config.TALLY_UPSTREAM_HEADERS_MS,
    idleMs: config.TALLY_UPSTREAM_IDLE_MS,
  };
  const live = await usableSources(books);
  const sources = new Sources(live, { upstream, pseudonymKey, sandboxUrl });
  const principals = new Principals(vault.derive('key-hash'), pseudonymKey, await ledger.keys());
  const signer = new ReceiptSigner({ ...books, secretKey: vault.derive('receipt-signer'), log, metrics });
  const replays = new Replays({
    ledger,
    clock,
    log,
    metrics,
    bytesMax: config.TALLY_REPLAY_BYTES_MAX,
    readerStallMs: config.TALLY_READER_STALL_MS,
  });
  const gateway = new Gateway({
    ledger,
    vault,
    principals,
    sources,
    replays,
    clock,
    log,
    metrics,
    limits: gatewayLimits(config),
    keys: { idempotency: vault.derive('idempotency') },
    onReceipt: () => signer.notify(),
  });
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
    await gateway.close(config.TALLY_SHUTDOWN_MS);
    await signer.close();
    await checkpoint();
    await books.close();
  };
  return {
    ...books,
    config,
    log,
    metrics,
    gateway,
    sources,
    principals,
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

function gatewayLimits(config: Config): GatewayLimits {
  return {
    bodyBytesMax: config.TALLY_BODY_BYTES_MAX,
    bodiesBytesMax: config.TALLY_BODIES_BYTES_MAX,
    bodyTimeoutMs: config.TALLY_BODY_TIMEOUT_MS,
    answerBytesMax: config.TALLY_ANSWER_BYTES_MAX,
    callsMax: config.TALLY_CALLS_MAX,
    callDeadlineMs: config.TALLY_CALL_DEADLINE_MS,
    readerStallMs: config.TALLY_READER_STALL_MS,
    retriesMax: config.TALLY_RETRIES_MAX,
    retryWaitMaxMs: config.TALLY_RETRY_WAIT_MS_MAX,
    outputDefault: BigInt(config.TALLY_DEFAULT_OUTPUT_MAX),
  };
}
