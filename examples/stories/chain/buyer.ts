/** The act of the buyer: a stake of 0.1 ether stands behind bought access; it can be raised, slashed after an appeal, and taken back after a week. */
import { type Hex, keccak256, parseEther, toHex } from 'viem';
import { bytes32, eventOf, type Stage } from './stage.ts';
import { expect, say } from './tell.ts';

const LISTING = bytes32('listing 123');

export async function buy(stage: Stage): Promise<Hex> {
  const little = parseEther('0.1') - 1n;
  expect(
    'a wei less than 0.1 ether is',
    await stage.refused('buyer', 'PaymentEscrow', 'stake', [LISTING, parseEther('0.5')], little),
    'StakeTooSmall',
  );
  const sent = await stage.send('buyer', 'PaymentEscrow', 'stake', [LISTING, parseEther('0.5')], parseEther('0.1'));
  const stakeId = eventOf(sent, 'QuotaSet')['stakeId'] as Hex;
  expect('a second deposit is', await stage.refused('buyer', 'PaymentEscrow', 'stake', [LISTING, 1n], parseEther('0.1')), 'AlreadyStaked');
  await stage.send('buyer', 'PaymentEscrow', 'upgrade', [LISTING, parseEther('1')]);
  say('a quota of twice the worth needs no new deposit: the stake covers it');
  await stage.send('buyer', 'PaymentEscrow', 'upgrade', [LISTING, parseEther('2')], parseEther('0.1'));
  expect('beyond that the stake is topped up', (await stakeOf(stage, stakeId)).amount, parseEther('0.2'));
  return stakeId;
}

/** A slash is proposed, appealed and dismissed; another is upheld. */
export async function appeal(stage: Stage, stakeId: Hex): Promise<void> {
  const propose = async (statement: string) => {
    const args = [stakeId, parseEther('0.05'), keccak256(toHex(statement))];
    const sent = await stage.send('proposer', 'PaymentEscrow', 'proposeSlash', args);
    return eventOf(sent, 'SlashProposed')['slashId'] as Hex;
  };
  const first = await propose('the key was seen in a public repository');
  await stage.send('buyer', 'PaymentEscrow', 'appeal', [first, keccak256(toHex('it was not me'))]);
  await stage.travel(3 * 86_400 + 1);
  expect('executing it in spite of the appeal is', await stage.refused('watcher', 'PaymentEscrow', 'execute', [first]), 'WrongState');
  await stage.send('arbiter', 'PaymentEscrow', 'decide', [first, false]);
  expect('the appeal was right: nothing is taken', (await stakeOf(stage, stakeId)).amount, parseEther('0.2'));
  const second = await propose('the key was resold');
  await stage.send('buyer', 'PaymentEscrow', 'appeal', [second, keccak256(toHex('nor this'))]);
  await stage.send('arbiter', 'PaymentEscrow', 'decide', [second, true]);
  expect('the second was upheld', (await stakeOf(stage, stakeId)).amount, parseEther('0.15'));
}

export async function leave(stage: Stage, stakeId: Hex): Promise<void> {
  const { address } = stage.account('buyer');
  await stage.send('buyer', 'PaymentEscrow', 'requestWithdraw', [stakeId, parseEther('0.15')]);
  await stage.travel(7 * 86_400 - 60);
  expect('a minute before a week it is', await stage.refused('buyer', 'PaymentEscrow', 'withdraw', [stakeId, address]), 'TooEarly');
  await stage.travel(61);
  const sent = await stage.send('buyer', 'PaymentEscrow', 'withdraw', [stakeId, address]);
  expect('taken back', eventOf(sent, 'Withdrawn')['taken'] as bigint, parseEther('0.15'));
}

function stakeOf(stage: Stage, stakeId: Hex): Promise<{ amount: bigint }> {
  return stage.read('PaymentEscrow', 'stakeOf', [stakeId]);
}
