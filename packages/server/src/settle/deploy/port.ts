/** All that a deployment asks of a chain, so that a test can stand in for it. */
import { setTimeout as delay } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import {
  type Account,
  type Address,
  BaseError,
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  keccak256,
  type PublicClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type WalletClient,
  zeroAddress,
} from 'viem';
import { everAdmins } from './admins.ts';
import { FEE_MAX, type Fees, feesFor, twice } from './fees.ts';

/** `fee`: wei that were paid for it, with what a rollup takes for its data. */
export type Sent = { readonly gas: bigint; readonly fee: bigint; readonly block: bigint; readonly hash: Hex };

export type DeployPort = {
  readonly sender: Address;
  chainId(): Promise<number>;
  /** `0x` where there is none. */
  code(address: Address): Promise<Hex>;
  call(to: Address, data: Hex): Promise<Hex>;
  /** The number of the latest block. */
  head(): Promise<bigint>;
  /** Unix seconds. */
  time(): Promise<bigint>;
  /** Whoever was given the ADMIN role of this authority since the block `from`, whether it still has it or not. */
  everAdmins(authority: Address, from: bigint): Promise<readonly Address[]>;
  gasOf(to: Address, data: Hex): Promise<bigint>;
  /** Sends, in the place of what the sender has waiting there, waits until it is confirmed, and gives what it cost. @throws DEPLOY_FAILED where it reverts; DEPLOY_REFUSED where fees are too high. */
  send(to: Address, data: Hex, gas: bigint): Promise<Sent>;
};

const REQUEST_MS = 20_000;
const CONFIRMED_WITHIN_MS = 300_000;
const LOOKS_WITHOUT_RECEIPT_MAX = 20;
const IN_BETWEEN = 'Another transaction of the deployer came in between.';

/**
 * @param account null: only looks; an address: the node signs for it, as a development node does.
 * @param feeMax wei per gas that is never passed.
 */
export async function viemPort(
  rpc: string,
  account: Account | Address | null,
  confirmations: number,
  pollMs: number,
  feeMax: bigint = FEE_MAX,
): Promise<DeployPort> {
  const transport = http(rpc, { timeout: REQUEST_MS, retryCount: 2 });
  const reader = createPublicClient({ transport });
  const id = await tell(() => reader.getChainId());
  const chain = defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const sender = account === null ? null : typeof account === 'string' ? account : account.address;
  const writer = account === null ? null : createWalletClient({ account, chain, transport });
  return {
    sender: sender ?? zeroAddress,
    chainId: async () => id,
    code: (address) => tell(async () => (await reader.getCode({ address })) ?? '0x'),
    call: (to, data) => tell(async () => (await reader.call({ to, data })).data ?? '0x'),
    head: () => tell(() => reader.getBlockNumber({ cacheTime: 0 })),
    time: () => tell(async () => (await reader.getBlock({ blockTag: 'latest' })).timestamp),
    everAdmins: (authority, from) => tell(() => everAdmins(reader, authority, from)),
    gasOf: (to, data) => tell(() => reader.estimateGas({ ...(sender === null ? {} : { account: sender }), to, data })),
    send: (to, data, gas) => send({ reader, writer, chain, confirmations, pollMs, feeMax }, { to, data, gas }),
  };
}

type Sending = {
  readonly reader: PublicClient;
  readonly writer: WalletClient | null;
  readonly chain: Chain;
  readonly confirmations: number;
  readonly pollMs: number;
  readonly feeMax: bigint;
};
type Call = { readonly to: Address; readonly data: Hex; readonly gas: bigint };

async function send(sending: Sending, call: Call): Promise<Sent> {
  return tell(async () => {
    const receipt = await confirmed(sending, await submit(sending, call));
    const { gasUsed, effectiveGasPrice, blockNumber, transactionHash: hash } = receipt;
    if (receipt.status !== 'success') throw new TallyError('DEPLOY_FAILED', `The transaction ${hash} was reverted.`);
    return { gas: gasUsed, fee: gasUsed * effectiveGasPrice + dataFee(receipt), block: blockNumber, hash };
  });
}

type Submitted = { readonly hash: Hex; readonly from: Address; readonly nonce: number };

/** Asked for again and again, not with each new block: a chain that mines on demand may have none for long. */
async function confirmed({ reader, confirmations, pollMs }: Sending, { hash, from, nonce }: Submitted): Promise<TransactionReceipt> {
  const late = AbortSignal.timeout(CONFIRMED_WITHIN_MS);
  let passed = 0;
  while (!late.aborted) {
    const receipt = await reader.getTransactionReceipt({ hash }).catch(nullIfNone);
    if (receipt !== null) {
      const head = await reader.getBlockNumber({ cacheTime: 0 });
      if (head - receipt.blockNumber + 1n >= BigInt(confirmations)) return receipt;
    } else if ((await reader.getTransactionCount({ address: from, blockTag: 'latest' })) > nonce) {
      // A node may know the nonce before the receipt.
      passed += 1;
      if (passed > LOOKS_WITHOUT_RECEIPT_MAX) throw new TallyError('DEPLOY_FAILED', IN_BETWEEN);
    }
    await delay(pollMs);
  }
  throw new TallyError('DEPLOY_FAILED', 'The transaction was sent and is not confirmed yet.');
}

function nullIfNone(cause: unknown): null {
  if (cause instanceof TransactionReceiptNotFoundError) return null;
  throw cause;
}

/** Rollups of the OP Stack name it in a field of their own. */
function dataFee(receipt: object): bigint {
  const fee = (receipt as { readonly l1Fee?: unknown }).l1Fee;
  return typeof fee === 'string' && /^0x[0-9a-f]{1,32}$/i.test(fee) ? BigInt(fee) : 0n;
}

/**
 * The nonce is the first that no block has used: what an earlier run sent and no block took is replaced, and never stands before this. There
 * it must offer more; a node that refuses at any price ends with the bounds of fees.
 */
async function submit(sending: Sending, call: Call): Promise<Submitted> {
  const { reader, writer, feeMax } = sending;
  const account = writer?.account;
  if (writer === null || account === undefined) throw new TallyError('DEPLOY_REFUSED', 'There is no key to send with.');
  const nonce = await reader.getTransactionCount({ address: account.address, blockTag: 'latest' });
  const { baseFeePerGas } = await reader.getBlock({ blockTag: 'latest' });
  // Not every node has the method.
  const asked = BigInt(await reader.request({ method: 'eth_maxPriorityFeePerGas' }).catch(() => '0x0'));
  let fees: Fees | null = feesFor(baseFeePerGas ?? 0n, asked, feeMax);
  for (; fees !== null; fees = twice(fees, feeMax)) {
    const hash = await offer(sending, writer, account, { ...call, nonce, fees });
    if (hash !== null) return { hash, from: account.address, nonce };
  }
  throw new TallyError(
    'DEPLOY_FAILED',
    `No price within the bounds of fees is enough for the transaction with nonce ${nonce}: another one waits there. Wait until it is mined, or raise --max-fee.`,
  );
}

type Offer = Call & { readonly nonce: number; readonly fees: Fees };

/** @returns null where what waits with this nonce offers as much. */
async function offer({ reader, chain }: Sending, writer: WalletClient, account: Account, { fees, ...call }: Offer): Promise<Hex | null> {
  const request = { ...call, account, chain, type: 'eip1559', maxFeePerGas: fees.max, maxPriorityFeePerGas: fees.tip } as const;
  try {
    return await writer.sendTransaction(request);
  } catch (cause) {
    if (account.type === 'json-rpc') throw cause;
    // The answer may have been lost, and the transaction not: whether these very bytes are there is what counts.
    const hash = keccak256(await writer.signTransaction(request));
    if ((await reader.getTransaction({ hash }).catch(() => null)) !== null) return hash;
    if (cause instanceof BaseError && /underpriced/i.test(cause.details)) return null;
    throw cause;
  }
}

/** What a node says may hold the URL it was asked at, and a URL may hold a key: only the kind of failure goes on. */
async function tell<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof TallyError) throw cause;
    throw new TallyError('DEPLOY_FAILED', failureOf(cause), {}, { cause });
  }
}

const KINDS: Readonly<Record<string, string>> = {
  HttpRequestError: 'The RPC endpoint does not answer, or refuses.',
  TimeoutError: 'The RPC endpoint did not answer in time.',
  InsufficientFundsError: 'The deployer has too little ether for gas.',
  ExecutionRevertedError: 'The chain refuses the transaction: it would be reverted.',
  NonceTooLowError: IN_BETWEEN,
  UnknownRpcError: 'The RPC endpoint answers with something that is no result.',
};

function failureOf(cause: unknown): string {
  if (!(cause instanceof BaseError)) return 'The chain could not be asked.';
  let found: string | undefined;
  cause.walk((error) => {
    found ??= KINDS[(error as Error).name];
    return false;
  });
  return found ?? `The chain refused (${cause.name}).`;
}
