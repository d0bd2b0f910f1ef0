import { type Hex, TallyError } from '@tallystick/core';
import type { Abi } from 'viem';
import { broadcastOf, feesNow } from './broadcast.ts';
import { type Fees, firstFees } from './fees.ts';
import type { Intent, IntentState, Owner } from './intents.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { asRevert } from './revert.ts';
import { checkChain, nonceAt } from './send-look.ts';
import { quantity, toBigint } from './wire-values.ts';

/** Base takes no transaction above this. */
export const GAS_MAX = 16_777_216n;

export type Prepared = { readonly nonce: bigint; readonly gas: bigint; readonly fees: Fees };

type Limits = { readonly abis: readonly Abi[]; readonly feeCap: bigint; readonly tipCap: bigint; readonly tipMin: bigint };

/**
 * All that can fail without a trace: gas, nonce and fee are found before anything is written down. All at one node.
 * @throws ChainRevert; TallyError CHAIN_GAS_TOO_MUCH, CHAIN_FUNDS_LOW, CHAIN_UNREACHABLE
 */
export async function prepare(
  rpc: Rpc,
  owner: Owner,
  { to, data, value }: Intent,
  nonces: Nonces,
  { abis, feeCap, tipCap, tipMin }: Limits,
): Promise<Prepared> {
  const { account, chainId } = owner;
  const isIdle = nonces.held.size === 0;
  await checkChain(rpc, chainId);
  const nonce = freeNonce(nonces, await nonceAt(rpc, account, 'latest'));
  const call = { from: account, to, data, value: quantity(value) };
  // What is on its way may be what this one stands on.
  const gas = await rpc('eth_estimateGas', [call, isIdle ? 'latest' : 'pending'])
    .then((answer) => toBigint(answer, 'gas'))
    .catch((error: unknown) => {
      if (error instanceof NodeError && broadcastOf(error) === 'poor') throw poor(account);
      throw asRevert(error, abis) ?? error;
    });
  if (gas > GAS_MAX) throw new TallyError('CHAIN_GAS_TOO_MUCH', undefined, { gas: Number(gas), max: Number(GAS_MAX) });
  const margin = gas + gas / 4n;
  const limit = margin < GAS_MAX ? margin : GAS_MAX;
  const { baseFee, tip } = await feesNow(rpc, tipMin);
  const fees = firstFees(baseFee, tip, { max: feeCap, tip: tipCap });
  const balance = toBigint(await rpc('eth_getBalance', [account, 'latest']), 'balance');
  // What is on its way may take more of it: that shows at the broadcast, and is told.
  if (balance < value + limit * fees.max) throw poor(account);
  return { nonce, gas: limit, fees };
}

/**
 * What a journal says of nonces. `afterDone`: all below are used. `next`: the first after what is done and what can get on. `held`: those of
 * open intents.
 */
export type Nonces = { readonly afterDone: bigint; readonly next: bigint; readonly held: ReadonlySet<bigint> };

/** @param isStranded whether an open intent waits behind a nonce that nothing holds: what comes next must fill it. */
export function noncesOf(states: Iterable<IntentState>, isStranded: (id: string) => boolean): Nonces {
  let afterDone = 0n;
  let next = 0n;
  const held = new Set<bigint>();
  for (const { intent, nonce, end } of states) {
    if (end === null) held.add(nonce);
    if (end === null ? isStranded(intent.id) : end.status === 'replaced') continue;
    if (end !== null && nonce >= afterDone) afterDone = nonce + 1n;
    if (nonce >= next) next = nonce + 1n;
  }
  return { afterDone, next, held };
}

/**
 * Rests on what the chain has counted and on what the journal has, never on what a node says is pending: a number that is made up, or whose transactions
 * are dropped, would stand before all later ones for good.
 */
function freeNonce({ afterDone, next, held }: Nonces, latest: bigint): bigint {
  // With nothing on its way, all that was ever done here must be counted there. A node that forgot it would give a used nonce.
  if (held.size === 0 && latest < afterDone) {
    throw new TallyError('CHAIN_UNREACHABLE', 'The node does not know transactions that were confirmed.');
  }
  let nonce = latest > next ? latest : next;
  while (held.has(nonce)) nonce += 1n;
  return nonce;
}

function poor(account: Hex): TallyError {
  return new TallyError('CHAIN_FUNDS_LOW', undefined, { account });
}
