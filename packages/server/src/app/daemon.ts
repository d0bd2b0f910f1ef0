import type { Hex, Tariff } from '@tallystick/core';
import { Gateway, type GatewayLimits, KeyLookup, Principals, Replays, Sources } from '#gateway';
import type { Config } from '#ground/config';
import { hashFast } from '#ground/keccak';
import type { Log } from '#ground/log';
import { type Metrics, openMetrics } from '#ground/metrics';
import type { SourceRow } from '#ledger';
import { ReceiptSigner, type ReceiptsDeps } from '#settle';
import { checkAnchor } from './anchor.ts';
import type { Books } from './books.ts';
import { checkpoints } from './checkpoints.ts';
import { startChores } from './chores.ts';
import { Followers } from './followers.ts';
import { knownTariffs, learnTariff } from './tariffs.ts';

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
  /** What was found wrong at start; readiness reports it. */
  readonly anchorFindings: readonly string[];
  checkpoint(): Promise<void>;
  /** Stops taking calls, lets running ones end, signs what is left, closes the books. */
  stop(): Promise<void>;
};

export async function wire(config: Config, books: Books, log: Log, adminToken: string, sandboxUrl: string | null): Promise<Daemon> {
  const { vault, ledger, clock, isShared } = books;
  // Before anything else is read: what others change from here on is followed.
  const followFrom = isShared ? await ledger.changesEnd() : 0n;
  const anchorFindings = [...books.findings, ...(await checkAnchor(books, log))];
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
  const lookup = new KeyLookup(ledger, clock);
  const lookUp = isShared ? (hash: string) => lookup.find(hash) : null;
  const principals = new Principals(vault.derive('key-hash'), pseudonymKey, await ledger.keys(), lookUp);
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
  const checkpoint = checkpoints({ ledger, vault, isShared, log, onFinding: (finding) => anchorFindings.push(finding) });
  await checkpoint();
  const onSource = (row: SourceRow) => learnTariff(tariffs, row);
  const followers = new Followers({ ledger, vault, sources, principals, onSource, log }, followFrom);
  if (isShared && anchorFindings.length === 0) await followers.catchUp();
  if (isShared) followers.start();
  const chore = async () => {
    await checkpoint();
    if (isShared) await signer.flushLeft();
  };
  const endChores = startChores(ledger, chore, log);
  signer.notify();
  const stop = async () => {
    endChores();
    await gateway.close(config.TALLY_SHUTDOWN_MS);
    await signer.close();
    await followers.stop();
    // Books that are away now are compared at the next start.
    await checkpoint().catch((cause: unknown) => log.error({ cause: String(cause) }, 'the heads could not be remembered'));
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
    anchorFindings,
    checkpoint,
    stop,
  };
}

/** Sources that may still be called some day: a destroyed one has no secret left. */
async function usableSources({ ledger, vault, isShared }: Books) {
  const accounts = new Map((await ledger.accounts('source')).map((account) => [account.id, account.state]));
  const usable = (await ledger.sources()).filter(({ id }) => accounts.get(id) !== 'destroyed' && accounts.get(id) !== 'revoked');
  return isShared ? usable.filter(({ id }) => vault.has(id)) : usable;
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
