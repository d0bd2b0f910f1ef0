import { artifacts } from '@tallystick/contracts';
import type { ChainBooks, StakeBook } from '@tallystick/core';
import { readView } from './call.ts';
import { type Contracts, plain } from './contracts.ts';
import type { Check } from './verify.ts';

const BATCH_STATE = { posted: 1n, final: 2n, faulty: 3n } as const;
const SLASH_STATE = { proposed: 1n, appealed: 2n, executed: 3n, dismissed: 4n } as const;
const SEQ_MAX = (1n << 64n) - 1n;

/** Lanes and batches, providers, stakes, oracles. */
export function* workChecks(contracts: Contracts, books: ChainBooks): Generator<Check> {
  yield* laneChecks(contracts, books);
  yield* providerChecks(contracts, books);
  yield* stakeChecks(contracts, 'StakeManager', books.stakes);
  yield* stakeChecks(contracts, 'PaymentEscrow', books.escrow);
  yield* purchaseChecks(contracts, books);
  yield* quorumChecks(contracts, books);
}

function* laneChecks(contracts: Contracts, { lanes, batches }: ChainBooks): Generator<Check> {
  const address = contracts.get('UsageReceipts')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.UsageReceipts.abi };
  for (const [id, { signers, ...lane }] of lanes) {
    yield { what: 'lane', key: id, expected: lane, read: (rpc, at) => readView(rpc, place, 'laneOf', [id], at) };
    const expected = signers.map(({ signer, from }, i) => ({ signer, from, to: (signers[i + 1]?.from ?? SEQ_MAX + 1n) - 1n }));
    yield { what: 'signers', key: id, expected, read: (rpc, at) => readView(rpc, place, 'signersOf', [id], at) };
  }
  for (const [id, { root, total, count, finalAt, state }] of batches) {
    const expected = { root, total, count, finalAt, state: BATCH_STATE[state] };
    yield { what: 'batch', key: id, expected, read: (rpc, at) => readView(rpc, place, 'postedOf', [id], at) };
  }
}

function* providerChecks(contracts: Contracts, { providers }: ChainBooks): Generator<Check> {
  const address = contracts.get('ProviderRegistry')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.ProviderRegistry.abi };
  for (const [id, { operator, level, payout, signer, tariffId, status }] of providers) {
    yield {
      what: 'provider',
      key: id,
      expected: { operator, level, payout, signer, tariffId, isRetired: status === 'retired' },
      // Whether it is suspended depends on the time, and is no part of the books.
      read: async (rpc, at) => {
        const { suspendedUntil: _time, status: now, ...rest } = await readView(rpc, place, 'providerOf', [id], at);
        return { ...rest, isRetired: now === 3 };
      },
    };
  }
}

function* stakeChecks(contracts: Contracts, name: 'StakeManager' | 'PaymentEscrow', book: StakeBook): Generator<Check> {
  const address = contracts.get(name)?.address;
  if (address === undefined) return;
  // Both have the views of `IStakes`.
  const place = { address, abi: artifacts.StakeManager.abi };
  yield { what: `${name} owed`, key: '', expected: book.owed, read: (rpc, at) => readView(rpc, place, 'owed', [], at) };
  for (const [id, stake] of book.stakes) {
    yield { what: `${name} stake`, key: id, expected: stake, read: (rpc, at) => readView(rpc, place, 'stakeOf', [id], at) };
  }
  for (const [id, { decideBy: _late, ...slash }] of book.slashes) {
    yield {
      what: `${name} slash`,
      key: id,
      expected: { ...slash, state: SLASH_STATE[slash.state] },
      // By when an appeal must be decided is told by an event only once there is one.
      read: async (rpc, at) => {
        const { decideBy: _by, ...rest } = await readView(rpc, place, 'slashOf', [id], at);
        return rest;
      },
    };
  }
}

function* purchaseChecks(contracts: Contracts, { purchases }: ChainBooks): Generator<Check> {
  const address = contracts.get('PaymentEscrow')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.PaymentEscrow.abi };
  for (const [id, purchase] of purchases) {
    yield { what: 'purchase', key: id, expected: purchase, read: (rpc, at) => readView(rpc, place, 'purchaseOf', [id], at) };
  }
}

function* quorumChecks(contracts: Contracts, { quorum }: ChainBooks): Generator<Check> {
  const address = contracts.get('QuorumVerifier')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.QuorumVerifier.abi };
  yield { what: 'epoch', key: 'current', expected: quorum.current, read: (rpc, at) => readView(rpc, place, 'currentEpoch', [], at) };
  for (const [epoch, { struck, ...row }] of quorum.epochs) {
    yield { what: 'struck', key: String(epoch), expected: struck, read: (rpc, at) => readView(rpc, place, 'struckOf', [epoch], at) };
    yield {
      what: 'epoch',
      key: String(epoch),
      expected: row,
      read: async (rpc, at) => {
        const { validFrom: _time, ...rest } = await readView(rpc, place, 'epochOf', [epoch], at);
        return plain(rest);
      },
    };
  }
}
