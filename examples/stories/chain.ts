/**
 * Money and evidence on a chain, told from end to end on chains of this machine's own: `npm run story -- chain`.
 * Every figure is asserted; the exit code says whether all agreed. Nothing here has any value.
 */
import { appeal, buy, leave } from './chain/buyer.ts';
import { startEmbedded, startSecond } from './chain/chains.ts';
import { attest, dispute, finalise, openLane, post, postTenThousand, registerProvider, serve } from './chain/evidence.ts';
import { enter, move, prepare, rehearse } from './chain/migrate.ts';
import { mint } from './chain/mint.ts';
import { claim, conserve, fund, openChannel, pay, withdraw } from './chain/money.ts';
import { openSet } from './chain/oracles.ts';
import { endingAll } from './chain/programs.ts';
import type { Stage } from './chain/stage.ts';
import { act, end, expect, say } from './chain/tell.ts';

const CREDITS = 1_000n;

async function tell(stage: Stage): Promise<void> {
  act(1, 'Fund: the tenant buys credits');
  await fund(stage, CREDITS);

  act(2, 'Providers and oracles put up stakes');
  const providerId = await registerProvider(stage);
  const oracles = await openSet(stage, stage.address('BlsScheme'));

  act(3, 'Channel: one signature, then vouchers');
  const channel = await openChannel(stage, providerId, 100n);

  act(4, 'Post: receipts become one root, signed by the gateway and attested by three of five');
  const lane = await openLane(stage, providerId);
  const batch = await attest(stage, lane, serve(lane, channel.id, 1_000), oracles);
  await post(stage, batch, oracles);
  await postTenThousand(stage, await attest(stage, lane, serve(lane, channel.id, 10_000), oracles));

  act(5, 'Finalise: after the dispute window');
  await finalise(stage, batch);

  act(6, 'Claim: what was used, by the latest voucher');
  const feeEpoch = await stage.read<bigint>('SettlementTreasury', 'feeEpoch');
  await claim(stage, channel, batch.tree.total, { count: batch.tree.count, root: batch.tree.root });

  act(7, 'Pay: 92 provider, 2 oracles, 3 reserve, 3 protocol');
  await pay(stage, providerId, batch.tree.total);
  await conserve(stage);

  act(8, 'Mint: compute tokens, bounded by the fees');
  await mint(stage, providerId, feeEpoch);

  act(9, 'Withdraw: the tenant takes the rest home');
  await withdraw(stage, channel);
  await conserve(stage);

  act(10, 'Dispute and slash: a false receipt');
  const wrong = serve(lane, channel.id, 100, (receipt, i) => (i === 41 ? { ...receipt, amount: receipt.amount + 1_000_000n } : receipt));
  const falseBatch = await attest(stage, lane, wrong, oracles);
  await post(stage, falseBatch, oracles);
  await dispute(stage, falseBatch, 41);

  act(11, 'The buyer: a stake behind bought access');
  const stakeId = await buy(stage);
  await appeal(stage, stakeId);
  await leave(stage, stakeId);
}

async function tellOfMoving(from: Stage, to: Stage): Promise<void> {
  act(13, 'Migrate: to another chain, with a rollback before the seal');
  const oracles = await openSet(to, to.address('BlsScheme'));
  await prepare(from, to);
  await enter(from);
  await rehearse(from, to);
  await move(from, to, oracles);
}

async function tellAll(): Promise<number> {
  const { stage, tally } = await startEmbedded();
  say(`LOCAL: chain ${stage.chainId} of this machine; accounts, assets and tokens are for tests and without value`);
  await stage.endow();
  await tell(stage);
  act(12, 'Books: what the gateway rebuilt from events is what the contracts say');
  expect('books and views agree', await tally('chain', 'verify'), true);
  const second = await startSecond();
  await second.endow();
  await tellOfMoving(stage, second);
  return end();
}

process.exit(await endingAll(tellAll));
