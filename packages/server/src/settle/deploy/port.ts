/** All that a deployment asks of a chain, so that a test can stand in for it. */
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
  type PublicClient,
  type WalletClient,
  zeroAddress,
} from 'viem';

export type Sent = { readonly gas: bigint; readonly block: bigint; readonly hash: Hex };

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
  gasOf(to: Address, data: Hex): Promise<bigint>;
  /** Sends, waits until it is confirmed, and gives what it cost. @throws DEPLOY_FAILED where it reverts. */
  send(to: Address, data: Hex, gas: bigint): Promise<Sent>;
};

const REQUEST_MS = 20_000;
const CONFIRMED_WITHIN_MS = 300_000;

/** @param account null: only looks; an address: the node signs for it, as a development node does. */
export async function viemPort(rpc: string, account: Account | Address | null, confirmations: number, pollMs: number): Promise<DeployPort> {
  const transport = http(rpc, { timeout: REQUEST_MS, retryCount: 2 });
  const reader = createPublicClient({ transport, pollingInterval: pollMs });
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
    gasOf: (to, data) => tell(() => reader.estimateGas({ ...(sender === null ? {} : { account: sender }), to, data })),
    send: (to, data, gas) => send({ reader, writer, chain, confirmations }, to, data, gas),
  };
}

type Sending = {
  readonly reader: PublicClient;
  readonly writer: WalletClient | null;
  readonly chain: Chain;
  readonly confirmations: number;
};

async function send({ reader, writer, chain, confirmations }: Sending, to: Address, data: Hex, gas: bigint): Promise<Sent> {
  const account = writer?.account;
  if (writer === null || account === undefined) throw new TallyError('DEPLOY_REFUSED', 'There is no key to send with.');
  return tell(async () => {
    const hash = await writer.sendTransaction({ account, chain, to, data, gas });
    const receipt = await reader.waitForTransactionReceipt({ hash, confirmations, timeout: CONFIRMED_WITHIN_MS });
    if (receipt.status !== 'success') throw new TallyError('DEPLOY_FAILED', `The transaction ${hash} was reverted.`);
    return { gas: receipt.gasUsed, block: receipt.blockNumber, hash };
  });
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
  NonceTooLowError: 'Another transaction of the deployer came in between.',
  WaitForTransactionReceiptTimeoutError: 'The transaction was sent and is not confirmed yet.',
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
