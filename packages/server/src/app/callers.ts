import { Gateway, type GatewayDeps, type GatewayLimits, KeyLookup, Principals, Replays, Sources } from '#gateway';
import type { Config } from '#ground/config';
import { type KeyRow, POOL_GATE, type SourceRow, UNLOCKED_GATE } from '#ledger';
import type { Vault } from '#vault';

/** What the callers' side of the gateway keeps of the vault's keys. */
export type CallersKeys = { readonly keyHash: Buffer; readonly pseudonym: Buffer; readonly idempotency: Buffer };

export function callersKeys(vault: Vault): CallersKeys {
  return { keyHash: vault.derive('key-hash'), pseudonym: vault.derive('pseudonym'), idempotency: vault.derive('idempotency') };
}

export type CallersOptions = Pick<GatewayDeps, 'ledger' | 'vault' | 'clock' | 'log' | 'metrics' | 'onReceipt' | 'onKeyedCallOver'> & {
  readonly config: Config;
  readonly keys: CallersKeys;
  /** What may be called and by whom, as the books have it now. */
  readonly sources: readonly SourceRow[];
  readonly principals: readonly KeyRow[];
  /** Where the sandbox of this start listens; null where none runs. */
  readonly sandboxUrl: string | null;
  /** Other hosts may make keys: one that is not known here is looked up. */
  readonly isShared: boolean;
  readonly onSuspend?: (id: string, isSuspended: boolean) => void;
};

export type Callers = { readonly gateway: Gateway; readonly sources: Sources; readonly principals: Principals };

/** The callers' side: the gateway, and whom it knows. */
export function openCallers({
  config,
  keys,
  sources: rows,
  principals: keyRows,
  sandboxUrl,
  isShared,
  onSuspend,
  ...deps
}: CallersOptions): Callers {
  const upstream = {
    connectionsMax: config.TALLY_UPSTREAM_CONNECTIONS_MAX,
    headersMs: config.TALLY_UPSTREAM_HEADERS_MS,
    idleMs: config.TALLY_UPSTREAM_IDLE_MS,
  };
  const told = onSuspend === undefined ? {} : { onSuspend };
  const sources = new Sources(rows, { upstream, pseudonymKey: keys.pseudonym, sandboxUrl, gateOf: gateOf(config), ...told });
  const lookup = isShared ? new KeyLookup(deps.ledger, deps.clock) : null;
  const principals = new Principals(keys.keyHash, keys.pseudonym, keyRows, lookup === null ? null : (hash) => lookup.find(hash));
  const replays = new Replays({ ...deps, bytesMax: config.TALLY_REPLAY_BYTES_MAX, readerStallMs: config.TALLY_READER_STALL_MS });
  const gateway = new Gateway({
    ...deps,
    principals,
    sources,
    replays,
    limits: gatewayLimits(config),
    keys: { idempotency: keys.idempotency },
  });
  return { gateway, sources, principals };
}

/** An operator who overrides the lockout has the pool's calls go through a gate of its own. */
function gateOf({ TALLY_POOL_LOCKOUT_OFF: isOff }: Config): (gate: string) => string {
  return (gate) => (isOff && gate === POOL_GATE ? UNLOCKED_GATE : gate);
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
