import { artifacts } from '@tallystick/contracts';
import type { ChainBooks, Hex } from '@tallystick/core';
import { readView } from './call.ts';
import type { Contracts } from './contracts.ts';
import type { Check } from './verify.ts';

const CHANNEL_STATUS = { open: 1n, withdrawing: 2n, closed: 3n } as const;

/** Credits, the vault, the channels and the treasury. */
export function* moneyChecks(contracts: Contracts, books: ChainBooks): Generator<Check> {
  yield* creditChecks(contracts, books);
  yield* vaultChecks(contracts, books);
  yield* channelChecks(contracts, books);
  yield* treasuryChecks(contracts, books);
}

function* creditChecks(contracts: Contracts, { credits }: ChainBooks): Generator<Check> {
  const address = contracts.get('CreditToken')?.address;
  if (address === undefined) return;
  const token = { address, abi: artifacts.CreditToken.abi };
  yield { what: 'supply', key: '', expected: credits.supply, read: (rpc, at) => readView(rpc, token, 'totalSupply', [], at) };
  for (const [venue, state] of credits.venues) {
    yield { what: 'venue', key: venue, expected: state, read: (rpc, at) => readView(rpc, token, 'venueOf', [venue], at) };
  }
  for (const [holder, balance] of credits.balances) {
    yield { what: 'credits', key: holder, expected: balance, read: (rpc, at) => readView(rpc, token, 'balanceOf', [holder], at) };
  }
}

function* vaultChecks(contracts: Contracts, { vault }: ChainBooks): Generator<Check> {
  const address = contracts.get('CreditVault')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.CreditVault.abi };
  yield { what: 'held', key: '', expected: vault.held, read: (rpc, at) => readView(rpc, place, 'totalHeld', [], at) };
  yield { what: 'owed', key: 'all', expected: vault.owedTotal, read: (rpc, at) => readView(rpc, place, 'totalOwed', [], at) };
  for (const [id, account] of vault.accounts) {
    yield { what: 'account', key: id, expected: account, read: (rpc, at) => readView(rpc, place, 'accountOf', [id], at) };
  }
  for (const [id, owed] of vault.owed) {
    yield { what: 'owed', key: id, expected: owed, read: (rpc, at) => readView(rpc, place, 'owedTo', [id], at) };
  }
}

function* channelChecks(contracts: Contracts, { channels }: ChainBooks): Generator<Check> {
  const address = contracts.get('SessionChannels')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.SessionChannels.abi };
  for (const [id, { status, withdrawableAt, everDeposited }] of channels) {
    const expected = { status: CHANNEL_STATUS[status], withdrawableAt, everDeposited };
    yield { what: 'channel', key: id, expected, read: (rpc, at) => readView(rpc, place, 'channelOf', [id], at) };
  }
}

function* treasuryChecks(contracts: Contracts, { treasury, context }: ChainBooks): Generator<Check> {
  const address = contracts.get('SettlementTreasury')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.SettlementTreasury.abi };
  const { oracles, reserve, protocol } = context;
  yield { what: 'key', key: 'oracles', expected: oracles, read: (rpc, at) => readView(rpc, place, 'ORACLES', [], at) };
  yield { what: 'key', key: 'reserve', expected: reserve, read: (rpc, at) => readView(rpc, place, 'RESERVE', [], at) };
  yield { what: 'key', key: 'protocol', expected: protocol, read: (rpc, at) => readView(rpc, place, 'PROTOCOL', [], at) };
  const { splitVersion } = treasury;
  yield { what: 'split', key: 'version', expected: splitVersion, read: (rpc, at) => readView(rpc, place, 'splitVersion', [], at) };
  for (const [version, split] of treasury.splits) {
    const number = Number(version);
    yield { what: 'split', key: String(version), expected: split, read: (rpc, at) => readView(rpc, place, 'splitAt', [number], at) };
  }
  for (const [key, { fees, volume }] of treasury.fees) {
    const [providerId, epoch] = key.split(':') as [Hex, string];
    const args = [providerId, BigInt(epoch)] as const;
    yield { what: 'fees', key, expected: fees, read: (rpc, at) => readView(rpc, place, 'feesOf', args, at) };
    yield { what: 'volume', key, expected: volume, read: (rpc, at) => readView(rpc, place, 'volumeOf', args, at) };
  }
  for (const [key, payout] of treasury.beneficiaries) {
    yield { what: 'beneficiary', key, expected: payout, read: (rpc, at) => readView(rpc, place, 'payoutOf', [key], at) };
  }
}
