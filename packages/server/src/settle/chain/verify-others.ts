import { artifacts } from '@tallystick/contracts';
import type { ChainBooks, Hex } from '@tallystick/core';
import { readView } from './call.ts';
import type { Contracts } from './contracts.ts';
import type { Check } from './verify.ts';

/** Parameters, mints, orders, migration, capabilities and addresses. */
export function* otherChecks(contracts: Contracts, books: ChainBooks): Generator<Check> {
  yield* paramChecks(contracts, books);
  yield* mintChecks(contracts, books);
  yield* orderChecks(contracts, books);
  yield* migrationChecks(contracts, books);
  yield* capabilityChecks(contracts, books);
  yield* placeChecks(contracts, books);
}

function* paramChecks(contracts: Contracts, { params }: ChainBooks): Generator<Check> {
  const address = contracts.get('ParamGovernor')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.ParamGovernor.abi };
  yield { what: 'parameters', key: '', expected: [...params.values.keys()], read: (rpc, at) => readView(rpc, place, 'keys', [], at) };
  for (const [key, value] of params.values) {
    yield { what: 'parameter', key, expected: value, read: (rpc, at) => readView(rpc, place, 'get', [key], at) };
    const { value: wanted, readyAt } = params.proposed.get(key) ?? { value: 0n, readyAt: 0n };
    yield { what: 'proposal', key, expected: [wanted, readyAt], read: (rpc, at) => readView(rpc, place, 'proposed', [key], at) };
  }
}

function* mintChecks(contracts: Contracts, { mints }: ChainBooks): Generator<Check> {
  const [minter, token] = [contracts.get('AITokenMinter')?.address, contracts.get('AIToken')?.address];
  if (minter === undefined || token === undefined) return;
  const place = { address: minter, abi: artifacts.AITokenMinter.abi };
  const coin = { address: token, abi: artifacts.AIToken.abi };
  yield { what: 'AI tokens', key: '', expected: mints.supply, read: (rpc, at) => readView(rpc, coin, 'totalSupply', [], at) };
  for (const [holder, balance] of mints.balances) {
    yield { what: 'AI tokens', key: holder, expected: balance, read: (rpc, at) => readView(rpc, coin, 'balanceOf', [holder], at) };
  }
  for (const [id, mode] of mints.modes) {
    yield { what: 'mode', key: id, expected: mode, read: (rpc, at) => readView(rpc, place, 'modeOf', [id], at) };
  }
  for (const [key, minted] of mints.minted) {
    const [providerId, epoch] = key.split(':') as [Hex, string];
    yield { what: 'minted', key, expected: minted, read: (rpc, at) => readView(rpc, place, 'minted', [providerId, BigInt(epoch)], at) };
  }
  for (const hash of mints.used) {
    yield { what: 'receipt used', key: hash, expected: true, read: (rpc, at) => readView(rpc, place, 'isUsed', [hash], at) };
  }
}

function* orderChecks(contracts: Contracts, { orders }: ChainBooks): Generator<Check> {
  const address = contracts.get('OrderSettlement')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.OrderSettlement.abi };
  yield { what: 'order fee', key: '', expected: orders.feeBps, read: (rpc, at) => readView(rpc, place, 'feeBps', [], at) };
  for (const [hash, sold] of orders.sold) {
    yield { what: 'sold', key: hash, expected: sold, read: (rpc, at) => readView(rpc, place, 'soldOf', [hash], at) };
  }
  for (const hash of orders.cancelled) {
    yield { what: 'cancelled', key: hash, expected: true, read: (rpc, at) => readView(rpc, place, 'isCancelled', [hash], at) };
  }
  for (const [maker, floor] of orders.below) {
    yield { what: 'nonce floor', key: maker, expected: floor, read: (rpc, at) => readView(rpc, place, 'nonceFloorOf', [maker], at) };
  }
  for (const [token, admitted] of orders.tokens) {
    yield { what: 'token admitted', key: token, expected: admitted, read: (rpc, at) => readView(rpc, place, 'isAdmitted', [token], at) };
  }
}

function* migrationChecks(contracts: Contracts, { leaving, arriving }: ChainBooks): Generator<Check> {
  const from = contracts.get('MigrationManifest')?.address;
  if (from !== undefined) {
    const place = { address: from, abi: artifacts.MigrationManifest.abi };
    yield { what: 'leaving', key: 'total', expected: leaving.total, read: (rpc, at) => readView(rpc, place, 'total', [], at) };
    for (const [index, entry] of leaving.entries) {
      yield { what: 'entry', key: String(index), expected: entry, read: (rpc, at) => readView(rpc, place, 'entryOf', [index], at) };
    }
  }
  const to = contracts.get('MigrationClaims')?.address;
  if (to === undefined) return;
  const place = { address: to, abi: artifacts.MigrationClaims.abi };
  yield { what: 'arriving', key: 'total', expected: arriving.total, read: (rpc, at) => readView(rpc, place, 'total', [], at) };
  yield { what: 'bridged', key: '', expected: arriving.bridged, read: (rpc, at) => readView(rpc, place, 'bridged', [], at) };
  yield { what: 'claimed', key: '', expected: arriving.claimed, read: (rpc, at) => readView(rpc, place, 'claimed', [], at) };
  for (const index of arriving.claims) {
    yield { what: 'entry claimed', key: String(index), expected: true, read: (rpc, at) => readView(rpc, place, 'isClaimed', [index], at) };
  }
}

function* capabilityChecks(contracts: Contracts, { capabilities }: ChainBooks): Generator<Check> {
  const address = contracts.get('CapabilityAuthority')?.address;
  if (address === undefined) return;
  const place = { address, abi: artifacts.CapabilityAuthority.abi };
  for (const [issuer, { tenantId, epoch, active }] of capabilities.issuers) {
    const expected = [tenantId, epoch, active];
    yield { what: 'issuer', key: issuer, expected, read: (rpc, at) => readView(rpc, place, 'issuerOf', [issuer], at) };
  }
  for (const key of capabilities.revoked) {
    const [issuer, id] = key.split(':') as [Hex, Hex];
    yield { what: 'revoked', key, expected: true, read: (rpc, at) => readView(rpc, place, 'isRevoked', [issuer, id], at) };
  }
}

function* placeChecks(contracts: Contracts, { places }: ChainBooks): Generator<Check> {
  const address = contracts.get('ChainRegistry')?.address;
  if (address === undefined) return;
  const registry = { address, abi: artifacts.ChainRegistry.abi };
  for (const [key, { place }] of places) {
    const [name, version] = key.split(':') as [Hex, string];
    const args = [name, Number(version)] as const;
    yield { what: 'place', key, expected: place, read: (rpc, at) => readView(rpc, registry, 'versionOf', args, at) };
  }
}
