/** The act of moving: credits leave one chain by their owners' own act and arrive on another, after a rollback that was rehearsed on both. */
import { accessManager, artifacts } from '@tallystick/contracts';
import {
  creditsText,
  encodeManifest,
  type Manifest,
  type ManifestEntry,
  makeManifest,
  manifestTree,
  parseManifest,
  proveEntry,
} from '@tallystick/core';
import { type Abi, type Address, encodeDeployData, type Hex, toFunctionSelector, zeroAddress } from 'viem';
import type { OracleSet } from './oracles.ts';
import { bytes32, type Stage, type Who } from './stage.ts';
import { expect, say, table } from './tell.ts';

const VENUE_OPEN = 1;
const GOVERNOR_ROLE = 1n;
const OWNERS = ['tenant', 'oracle1', 'provider'] as const satisfies readonly Who[];

/** A contract of the migration, with an access manager of its own: nobody can change the roles of the first one any more. */
async function deploy(stage: Stage, name: 'MigrationManifest' | 'MigrationClaims', argsOf: (authority: Address) => readonly unknown[]) {
  const governor = stage.account('governor').address;
  const authority = await stage.create('governor', accessManager, [governor]);
  stage.know('AccessManager', authority);
  const { abi, bytecode } = artifacts[name];
  const initCode = encodeDeployData({ abi: abi as Abi, bytecode, args: argsOf(authority) });
  await stage.send('governor', 'ChainRegistry', 'deploy', [bytes32(name), 1, initCode]);
  const place = await stage.read<Address>('ChainRegistry', 'addressOf', [bytes32(name)]);
  stage.know(name, place);
  const restricted = ['freeze', 'rollback', 'seal', 'reclaim'];
  const selectors = (abi as Abi).flatMap((item) =>
    item.type === 'function' && restricted.includes(item.name) && item.stateMutability === 'nonpayable' ? [toFunctionSelector(item)] : [],
  );
  await stage.send('governor', 'AccessManager', 'setTargetFunctionRole', [place, selectors, GOVERNOR_ROLE]);
  await stage.send('governor', 'AccessManager', 'grantRole', [GOVERNOR_ROLE, governor, 0]);
  await stage.send('governor', 'AccessManager', 'renounceRole', [0n, governor]);
  await stage.send('governor', 'CreditToken', 'setVenue', [place, VENUE_OPEN]);
  return place;
}

/** Manifest on the old chain, claims on the new one; each knows the other by an address that follows from the registry. */
export async function prepare(from: Stage, to: Stage): Promise<void> {
  const claims = await deploy(to, 'MigrationClaims', (authority) => [
    authority,
    to.address('ParamGovernor'),
    to.address('CreditToken'),
    to.address('QuorumVerifier'),
  ]);
  await deploy(from, 'MigrationManifest', (authority) => [
    authority,
    from.address('ParamGovernor'),
    from.address('CreditToken'),
    BigInt(to.chainId),
    claims,
    from.account('watcher').address,
  ]);
  say(`from chain ${from.chainId} to chain ${to.chainId}; the bridge is played by an account`);
}

/** Every owner puts in what it has, by itself. */
export async function enter(from: Stage): Promise<void> {
  for (const who of OWNERS) {
    const { address } = from.account(who);
    const amount = await from.read<bigint>('CreditToken', 'balanceOf', [address]);
    if (amount === 0n) continue;
    await from.send(who, 'CreditToken', 'approve', [from.address('MigrationManifest'), amount]);
    await from.send(who, 'MigrationManifest', 'enter', [address, amount]);
  }
}

/** The published file, made from what stands on the chain, written and read again, once the contract has tallied the same entries itself. */
async function publish(from: Stage, to: Stage): Promise<Manifest> {
  const count = await from.read<bigint>('MigrationManifest', 'entryCount');
  const entries: ManifestEntry[] = [];
  for (let index = 0n; index < count; index++) {
    const { owner, recipient, amount } = await from.read<{ owner: Hex; recipient: Hex; amount: bigint }>('MigrationManifest', 'entryOf', [
      index,
    ]);
    entries.push({ owner: owner.toLowerCase() as Hex, recipient: recipient.toLowerCase() as Hex, amount });
  }
  const at = (stage: Stage, name: 'MigrationManifest' | 'MigrationClaims') => ({
    chainId: BigInt(stage.chainId),
    verifyingContract: stage.address(name).toLowerCase() as Hex,
  });
  const made = makeManifest({ source: at(from, 'MigrationManifest'), destination: at(to, 'MigrationClaims'), entries });
  const manifest = parseManifest(JSON.parse(JSON.stringify(encodeManifest(made))));
  expect('the root of the published file', manifest.root, await from.read<Hex>('MigrationManifest', 'root'));
  return manifest;
}

/** What the governor of the new chain names of the manifest. */
const named = ({ manifestId, root, total, entries }: Manifest) => [manifestId, root, total, BigInt(entries.length)];

/** Freezes what is in it: nobody names a root, anybody has the contract make it, in parts. */
async function freeze(from: Stage, to: Stage): Promise<Manifest> {
  await from.send('governor', 'MigrationManifest', 'freeze', []);
  await from.send('watcher', 'MigrationManifest', 'tally', [1n]);
  await from.send('watcher', 'MigrationManifest', 'tally', [1_000n]);
  return publish(from, to);
}

export async function rehearse(from: Stage, to: Stage): Promise<void> {
  const manifest = await freeze(from, to);
  expect('taking back while it is frozen is', await from.refused('tenant', 'MigrationManifest', 'withdraw', []), 'WrongPhase');
  await to.send('governor', 'MigrationClaims', 'freeze', named(manifest));
  await to.send('governor', 'MigrationClaims', 'rollback', []);
  await from.send('governor', 'MigrationManifest', 'rollback', []);
  const before = await from.read<bigint>('CreditToken', 'balanceOf', [from.account('tenant').address]);
  await from.send('tenant', 'MigrationManifest', 'withdraw', []);
  const after = await from.read<bigint>('CreditToken', 'balanceOf', [from.account('tenant').address]);
  expect('rolled back: the tenant has all of it again', after - before, manifest.entries[0]?.amount ?? 0n);
  await enter(from);
}

export async function move(from: Stage, to: Stage, oracles: OracleSet): Promise<void> {
  expect('freezing again at once is', await from.refused('governor', 'MigrationManifest', 'freeze', []), 'TooEarly');
  await from.travel(86_401);
  const manifest = await freeze(from, to);
  expect('sealing without time to look is', await from.refused('governor', 'MigrationManifest', 'seal', []), 'TooEarly');
  await from.travel(86_401);
  await from.send('governor', 'MigrationManifest', 'seal', []);
  expect('rolling back after the seal is', await from.refused('governor', 'MigrationManifest', 'rollback', []), 'WrongPhase');
  const bridge = from.account('watcher').address;
  expect('dollars at the bridge', await from.read<bigint>('TestAsset', 'balanceOf', [bridge]), manifest.total);

  // The bridge itself is played: as many test dollars appear on the other side.
  await to.send('watcher', 'TestAsset', 'mint', [bridge, manifest.total]);
  await to.send('watcher', 'TestAsset', 'approve', [to.address('CreditToken'), manifest.total]);
  await to.send('watcher', 'CreditToken', 'deposit', [bridge, manifest.total]);
  await to.send('watcher', 'CreditToken', 'approve', [to.address('MigrationClaims'), manifest.total]);
  await to.send('watcher', 'MigrationClaims', 'fund', [manifest.total]);
  await to.send('governor', 'MigrationClaims', 'freeze', named(manifest));
  await arrive(to, manifest, oracles);
}

async function arrive(to: Stage, manifest: Manifest, oracles: OracleSet): Promise<void> {
  const tree = manifestTree(manifest.manifestId, manifest.entries);
  const claim = (index: number) => {
    const { owner, recipient, amount } = manifest.entries[index] ?? { owner: zeroAddress, recipient: zeroAddress, amount: 0n };
    return [BigInt(index), owner, recipient, amount, proveEntry(tree, index)];
  };
  expect('a claim before the seal is', await to.refused('watcher', 'MigrationClaims', 'claim', claim(0)), 'WrongPhase');
  const digest = await to.read<Hex>('MigrationClaims', 'sealDigest', [oracles.epoch]);
  const two = [oracles.epoch, oracles.attest(digest, [0, 1])];
  expect('a seal that two of five attest is', await to.refused('watcher', 'MigrationClaims', 'seal', two), 'QuorumTooSmall');
  await to.send('watcher', 'MigrationClaims', 'seal', [oracles.epoch, oracles.attest(digest, [0, 1, 3])]);
  for (const index of manifest.entries.keys()) await to.send('watcher', 'MigrationClaims', 'claim', claim(index));
  expect('a second claim is', await to.refused('watcher', 'MigrationClaims', 'claim', claim(0)), 'AlreadyClaimed');
  const rows: Record<string, string> = {};
  for (const { recipient, amount } of manifest.entries) {
    const has = await to.read<bigint>('CreditToken', 'balanceOf', [recipient as Address]);
    rows[recipient] = creditsText(has);
    expect('has on the new chain what it had on the old', has, amount);
  }
  table(rows);
  expect('claimed in all', await to.read<bigint>('MigrationClaims', 'claimed'), manifest.total);
  expect('credits on the new chain', await to.read<bigint>('CreditToken', 'totalSupply'), manifest.total);
}
