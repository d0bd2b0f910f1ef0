/** Acts about evidence: receipts become a tree, the gateway signs its root, oracles attest it, it is posted and final; a false one costs its gateway the stake. */
import {
  buildSumTree,
  type Domain,
  groupDigest,
  groupOf,
  laneId as laneIdOf,
  leafAmount,
  priceOf,
  proveLeaf,
  type Receipt,
  receiptHash,
  type SumTree,
  type Tariff,
  tariffId,
} from '@tallystick/core';
import { type Hex, parseEther } from 'viem';
import type { OracleSet } from './oracles.ts';
import { bytes32, eventOf, type Stage } from './stage.ts';
import { atMost, expect, say, table } from './tell.ts';

const TARIFF: Tariff = {
  version: 1,
  lines: [
    { unit: 1, price: 2_500_000n, per: 1_000_000n, rounding: 1 },
    { unit: 5, price: 10_000_000n, per: 1_000_000n, rounding: 1 },
  ],
};

export type Lane = { readonly id: Hex; readonly gatewayId: Hex; readonly domain: Domain; nextSeq: bigint; spent: bigint };
export type Batch = {
  readonly lane: Lane;
  readonly receipts: readonly Receipt[];
  readonly tree: SumTree;
  readonly value: Readonly<Record<string, unknown>>;
  /** The gateway's, over the same root. */
  readonly signature: Hex;
  readonly attestation: Hex;
};

/** The gateway's operator registers as a provider, stakes, and opens a lane: one writer's log. */
export async function registerProvider(stage: Stage): Promise<Hex> {
  const { address } = stage.account('provider');
  const sent = await stage.send('provider', 'ProviderRegistry', 'register', [bytes32('story'), address, address, tariffId(TARIFF)]);
  const providerId = eventOf(sent, 'Registered')['providerId'] as Hex;
  expect('without a stake it is active', await stage.read<boolean>('ProviderRegistry', 'isActive', [providerId]), false);
  await stage.send('provider', 'StakeManager', 'stakeProvider', [providerId], parseEther('1'));
  expect('with a stake of 1 ether it is active', await stage.read<boolean>('ProviderRegistry', 'isActive', [providerId]), true);
  return providerId;
}

export async function openLane(stage: Stage, gatewayId: Hex): Promise<Lane> {
  const domain = { chainId: BigInt(stage.chainId), verifyingContract: stage.address('UsageReceipts').toLowerCase() as Hex };
  const id = laneIdOf(domain, { gatewayId, index: 0 });
  const sent = await stage.send('provider', 'UsageReceipts', 'registerLane', [gatewayId, 0, stage.account('provider').address, false]);
  expect('the contract’s lane id is ours', eventOf(sent, 'LaneRegistered')['laneId'] as Hex, id);
  return { id, gatewayId, domain, nextSeq: 1n, spent: 0n };
}

/** Receipts as a gateway writes them. `edit` makes one of them false. */
export function serve(lane: Lane, channelId: Hex, count: number, edit: (receipt: Receipt, i: number) => Receipt = (receipt) => receipt) {
  const receipts: Receipt[] = [];
  for (let i = 0; i < count; i++) {
    const priced = priceOf(
      [
        { unit: 1, quantity: 1_000n + BigInt(i) },
        { unit: 5, quantity: 200n + BigInt(i % 7) },
      ],
      TARIFF,
    );
    const charged = 1_200n;
    lane.spent += charged;
    const seq = lane.nextSeq++;
    const receipt: Receipt = {
      kind: 1,
      mode: 0,
      callId: bytes32(`call ${lane.id.slice(2, 10)} ${seq}`),
      attempt: 1,
      refHash: bytes32(''),
      jobId: bytes32(''),
      tenantId: bytes32('tenant'),
      sourceId: bytes32('source'),
      sourceSeq: seq,
      charged,
      sourceSpent: lane.spent,
      providerId: lane.gatewayId,
      laneId: lane.id,
      seq,
      channelId,
      tariffId: tariffId(TARIFF),
      startedAt: 1_767_225_600_000n + seq,
      endedAt: 1_767_225_601_000n + seq,
      lines: priced.lines,
      amount: priced.amount,
      requestHash: bytes32('request'),
      responseHash: bytes32('response'),
      attestationHash: bytes32(''),
      detailHash: bytes32('detail'),
    };
    receipts.push(edit(receipt, i));
  }
  return receipts;
}

/** The gateway signs the batch's root, three of five oracles attest it. */
export async function attest(stage: Stage, lane: Lane, receipts: readonly Receipt[], oracles: OracleSet): Promise<Batch> {
  const leaves = receipts.map((receipt) => ({ receiptHash: receiptHash(receipt), amount: leafAmount(receipt) }));
  const seqFrom = receipts[0]?.seq ?? 0n;
  const tree = buildSumTree(lane.id, seqFrom, leaves);
  const value = {
    root: tree.root,
    dataHash: bytes32('served by the oracles'),
    epoch: oracles.epoch,
    count: tree.count,
    total: tree.total,
    laneId: lane.id,
    seqFrom,
    seqTo: seqFrom + BigInt(tree.count) - 1n,
  };
  const digest = await stage.read<Hex>('UsageReceipts', 'digestOf', [value]);
  const signature = await stage.account('provider').sign({ hash: groupDigest(groupOf(tree), lane.domain) });
  return { lane, receipts, tree, value, signature, attestation: oracles.attest(digest, [0, 2, 4]) };
}

/** What `post` takes: the batch with both signatures, one of them another where it is given. */
const posting = ({ value, tree, signature, attestation }: Batch, other: { signature?: Hex; attestation?: Hex } = {}) => [
  value,
  tree.top,
  other.signature ?? signature,
  other.attestation ?? attestation,
];

/** Posts a batch that the gateway signed and three of five oracles attest. */
export async function post(stage: Stage, batch: Batch, oracles: OracleSet): Promise<void> {
  const digest = await stage.read<Hex>('UsageReceipts', 'digestOf', [batch.value]);
  const two = posting(batch, { attestation: oracles.attest(digest, [1, 3]) });
  expect('a batch that two of five attest is', await stage.refused('watcher', 'UsageReceipts', 'post', two), 'QuorumTooSmall');
  const hash = groupDigest(groupOf(batch.tree), batch.lane.domain);
  const framed = posting(batch, {
    attestation: oracles.attest(digest, [0, 1, 2, 3, 4]),
    signature: await stage.account('oracle1').sign({ hash }),
  });
  const what = 'a batch that all five attest and the gateway did not sign is';
  expect(what, await stage.refused('watcher', 'UsageReceipts', 'post', framed), 'NotSignedByGateway');
  const sent = await stage.send('watcher', 'UsageReceipts', 'post', posting(batch));
  expect('total on chain is the sum of the receipts', eventOf(sent, 'BatchPosted')['total'] as bigint, batch.tree.total);
  expect('posting it twice is', await stage.refused('watcher', 'UsageReceipts', 'post', posting(batch)), 'NotContiguous');
}

export async function postTenThousand(stage: Stage, batch: Batch): Promise<void> {
  const sent = await stage.send('watcher', 'UsageReceipts', 'post', posting(batch));
  say(`a batch of ${batch.tree.count.toLocaleString('en')} receipts cost ${sent.gasUsed.toLocaleString('en')} gas`);
  atMost('gas per receipt', Number(sent.gasUsed) / batch.tree.count, 38);
}

export async function finalise(stage: Stage, batch: Batch): Promise<void> {
  const place = [batch.lane.id, batch.tree.seqFrom];
  expect('final at once is', await stage.refused('watcher', 'UsageReceipts', 'finalise', place), 'TooEarly');
  await stage.travel(86_401);
  await stage.send('watcher', 'UsageReceipts', 'finalise', place);
  expect('a second time is', await stage.refused('watcher', 'UsageReceipts', 'finalise', place), 'WrongState');
}

/** Evidence that a receipt stands in a posted batch. */
function evidence(batch: Batch, index: number) {
  const { path } = proveLeaf(batch.tree, index);
  const none = { root: bytes32(''), count: 0, total: 0n, laneId: bytes32(''), seqFrom: 0n, seqTo: 0n };
  return { receipt: batch.receipts[index], form: 0, seqFrom: batch.tree.seqFrom, index, path, group: none, signature: '0x' };
}

/** Anyone shows one receipt whose amount is not that of its lines. The batch can never be final, gateway and oracles lose stake. */
export async function dispute(stage: Stage, batch: Batch, falseIndex: number): Promise<void> {
  const place = [batch.lane.id, batch.tree.seqFrom];
  const honest = [evidence(batch, 0), TARIFF];
  expect('an honest receipt is no fault', await stage.refused('watcher', 'ReceiptFaults', 'proveWrongAmount', honest), 'NoFault');
  const sent = await stage.send('watcher', 'ReceiptFaults', 'proveWrongAmount', [evidence(batch, falseIndex), TARIFF]);
  const slashId = eventOf(sent, 'SlashProposed')['slashId'] as Hex;
  await stage.travel(86_401);
  expect('the false batch is never final', await stage.refused('watcher', 'UsageReceipts', 'finalise', place), 'WrongState');
  await slash(stage, batch.lane.gatewayId, slashId);
  const args = [batch.value, batch.attestation];
  await stage.send('watcher', 'OracleFaults', 'proveBadAttestation', args);
  say('the three oracles who attested it are proposed for a slash as well');
}

async function slash(stage: Stage, stakeId: Hex, slashId: Hex): Promise<void> {
  const amount = async () => (await stage.read<{ amount: bigint }>('StakeManager', 'stakeOf', [stakeId])).amount;
  const before = await amount();
  expect('the slash before its window is over is', await stage.refused('watcher', 'StakeManager', 'execute', [slashId]), 'TooEarly');
  await stage.send('provider', 'StakeManager', 'requestWithdraw', [stakeId, parseEther('0.5')]);
  say('the gateway asks half of its stake back: it stays slashable while it thaws');
  await stage.travel(3 * 86_400 + 1);
  await stage.send('watcher', 'StakeManager', 'execute', [slashId]);
  const after = await amount();
  table({ 'stake before': `${before} wei`, 'stake after': `${after} wei` });
  expect('a fifth of the stake is gone', before - after, before / 5n);
}
