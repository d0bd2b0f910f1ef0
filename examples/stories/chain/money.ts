/** Acts about credits: they are bought, put into a channel, claimed by vouchers, divided, and taken back. */
import { creditsText } from '@tallystick/core';
import type { Address, Hex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { bytes32, type ContractName, eventOf, type Stage } from './stage.ts';
import { expect, say, table } from './tell.ts';

export const CREDIT = 1_000_000n;

export type Channel = {
  readonly id: Hex;
  readonly config: {
    readonly tenant: Address;
    readonly payerAuthorizer: Address;
    readonly providerId: Hex;
    readonly ceiling: bigint;
    readonly validUntil: bigint;
    readonly withdrawDelay: number;
    readonly salt: Hex;
  };
  voucher(maxClaimableAmount: bigint): Promise<Hex>;
};

/** The tenant buys credits, one to one, against the test asset. */
export async function fund(stage: Stage, credits: bigint): Promise<void> {
  const tenant = stage.account('tenant').address;
  await stage.send('tenant', 'TestAsset', 'mint', [tenant, credits * CREDIT]);
  await stage.send('tenant', 'TestAsset', 'approve', [stage.address('CreditToken'), credits * CREDIT]);
  await stage.send('tenant', 'CreditToken', 'deposit', [tenant, credits * CREDIT]);
  expect('credits minted', await stage.read<bigint>('CreditToken', 'totalSupply'), credits * CREDIT);
  expect('reserve behind them', await stage.read<bigint>('CreditToken', 'reserve'), credits * CREDIT);
  const stranger = stage.account('watcher').address;
  expect('handing credits on is', await stage.refused('tenant', 'CreditToken', 'transfer', [stranger, 1n]), 'TransferRestricted');
}

/** One signature names the key that signs vouchers, the ceiling and the expiry. Here the tenant opens the channel itself. */
export async function openChannel(stage: Stage, providerId: Hex, credits: bigint): Promise<Channel> {
  const authorizer = privateKeyToAccount(generatePrivateKey());
  const config = {
    tenant: stage.account('tenant').address,
    payerAuthorizer: authorizer.address,
    providerId,
    ceiling: credits * CREDIT,
    validUntil: (await stage.now()) + 30n * 86_400n,
    withdrawDelay: 86_400,
    salt: bytes32('first'),
  };
  await stage.send('tenant', 'CreditToken', 'approve', [stage.address('CreditVault'), credits * CREDIT]);
  await stage.send('tenant', 'SessionChannels', 'open', [config, credits * CREDIT, '0x']);
  const id = await stage.read<Hex>('SessionChannels', 'channelIdOf', [config]);
  say(`channel ${id.slice(0, 18)}… holds ${creditsText(credits * CREDIT)} credits; nothing more can enter it`);
  expect('a deposit above the ceiling is', await stage.refused('tenant', 'SessionChannels', 'topUp', [config, 1n]), 'AboveCeiling');
  const domain = { name: 'Tallystick', version: '1', chainId: stage.chainId, verifyingContract: stage.address('SessionChannels') };
  const types = {
    Voucher: [
      { name: 'channelId', type: 'bytes32' },
      { name: 'maxClaimableAmount', type: 'uint128' },
    ],
  } as const;
  const voucher = (maxClaimableAmount: bigint) =>
    authorizer.signTypedData({ domain, types, primaryType: 'Voucher', message: { channelId: id, maxClaimableAmount } });
  return { id, config, voucher };
}

/** The provider claims what was used, by the latest voucher; the second claim of the same moves nothing. */
export async function claim(stage: Stage, channel: Channel, used: bigint, receipts: { count: number; root: Hex }): Promise<void> {
  const most = used + 1_000n;
  const made = {
    config: channel.config,
    jobId: bytes32(''),
    maxClaimableAmount: most,
    totalClaimed: used,
    receiptCount: BigInt(receipts.count),
    receiptsRoot: receipts.root,
    voucherSignature: await channel.voucher(most),
  };
  const args = [channel.config.providerId, [made], '0x'] as const;
  const above = [channel.config.providerId, [{ ...made, totalClaimed: most + 1n }], '0x'];
  expect('a claim above its voucher is', await stage.refused('provider', 'SessionChannels', 'claimMany', above), 'ClaimAboveVoucher');
  const sent = await stage.send('provider', 'SessionChannels', 'claimMany', args);
  expect('claimed, cumulative', eventOf(sent, 'Claimed')['totalClaimed'] as bigint, used);
  await stage.send('provider', 'SessionChannels', 'claimMany', args);
  const account = await stage.read<{ claimed: bigint }>('CreditVault', 'accountOf', [channel.id]);
  expect('claimed after the same claim again', account.claimed, used);
}

/** 92 to the provider, 2 to the oracles, 3 to the reserve, 3 to the protocol; the provider has the remainder. */
export async function pay(stage: Stage, providerId: Hex, used: bigint): Promise<void> {
  const [oracles, reserve, protocol] = [(used * 200n) / 10_000n, (used * 300n) / 10_000n, (used * 300n) / 10_000n];
  const provider = used - oracles - reserve - protocol;
  const key = (name: string) => stage.read<Hex>('SettlementTreasury', name);
  const owed = async (id: Hex) => stage.read<bigint>('CreditVault', 'owedTo', [id]);
  expect('owed to the provider', await owed(providerId), provider);
  expect('owed to the oracles', await owed(await key('ORACLES')), oracles);
  expect('owed to the reserve', await owed(await key('RESERVE')), reserve);
  expect('owed to the protocol', await owed(await key('PROTOCOL')), protocol);
  await stage.send('watcher', 'SettlementTreasury', 'payProvider', [providerId]);
  await stage.send('watcher', 'SettlementTreasury', 'payOracles', []);
  const credits = (who: 'provider' | 'oracle1') => stage.read<bigint>('CreditToken', 'balanceOf', [stage.account(who).address]);
  expect('the provider has', await credits('provider'), provider);
  expect('each of five oracles has', await credits('oracle1'), oracles / 5n);
  await stage.send('provider', 'CreditToken', 'redeem', [stage.account('provider').address, provider]);
  expect(
    'redeemed by the provider, in test dollars',
    await stage.read<bigint>('TestAsset', 'balanceOf', [stage.account('provider').address]),
    provider,
  );
}

/** The tenant takes the rest home, after the delay and not a second before. */
export async function withdraw(stage: Stage, channel: Channel): Promise<void> {
  const tenant = stage.account('tenant').address;
  const before = await stage.read<bigint>('CreditToken', 'balanceOf', [tenant]);
  const { deposited, claimed } = await stage.read<{ deposited: bigint; claimed: bigint }>('CreditVault', 'accountOf', [channel.id]);
  await stage.send('tenant', 'SessionChannels', 'requestWithdraw', [channel.config]);
  expect('taking it at once is', await stage.refused('tenant', 'SessionChannels', 'finalize', [channel.config]), 'TooEarly');
  await stage.travel(channel.config.withdrawDelay + 1);
  await stage.send('watcher', 'SessionChannels', 'finalize', [channel.config]);
  const after = await stage.read<bigint>('CreditToken', 'balanceOf', [tenant]);
  expect('refund: what was deposited and not claimed', after - before, deposited - claimed);
}

/** Σ of everything in the vault is its balance, and no credit is without a dollar. */
export async function conserve(stage: Stage): Promise<void> {
  const read = (contract: ContractName, name: string, args: readonly unknown[] = []) => stage.read<bigint>(contract, name, args);
  const held = await read('CreditVault', 'totalHeld');
  const owed = await read('CreditVault', 'totalOwed');
  const balance = await read('CreditToken', 'balanceOf', [stage.address('CreditVault')]);
  const [supply, reserve] = [await read('CreditToken', 'totalSupply'), await read('CreditToken', 'reserve')];
  table({
    'in channels': creditsText(held),
    owed: creditsText(owed),
    'the vault has': creditsText(balance),
    'credits in all': creditsText(supply),
    'dollars behind them': creditsText(reserve),
  });
  expect('in channels + owed = what the vault has', held + owed, balance);
  expect('supply ≤ reserve', supply <= reserve, true);
}
