import {
  type Domain,
  encodeBundle,
  groupOf,
  groupTree,
  type Hex,
  type LaneKey,
  proveLeaf,
  type ReceiptBundleJson,
  TallyError,
  type Tariff,
} from '@tallystick/core';
import type { Ledger } from '#ledger';

export type ReceiptsDeps = {
  readonly ledger: Ledger;
  readonly domain: Domain;
  /** What a lane's id was made from; null where it is none of this gateway's. */
  readonly laneOf: (id: Hex) => LaneKey | null;
  /** The tariffs of this gateway, by id; null where it is not known any more. */
  readonly tariff: (id: Hex) => Tariff | null;
};

export type ReceiptAnswer =
  | { readonly status: 200; readonly body: ReceiptBundleJson }
  /** Its call is running, or its signature is not made yet: ask again. */
  | { readonly status: 202; readonly body: { readonly status: 'open' | 'unsigned'; readonly receipt_id: string } };

const RECEIPT_ID = /^[0-9a-f]{32}$/;

/** The public answer for one receipt: no prompt, no answer, no secret, no name. @throws NOT_FOUND */
export async function receiptAnswer(deps: ReceiptsDeps, receiptId: string): Promise<ReceiptAnswer> {
  const record = RECEIPT_ID.test(receiptId) ? await deps.ledger.receipt(receiptId) : null;
  if (record === null) throw new TallyError('NOT_FOUND', 'There is no receipt with this id.');
  if (record.status !== 'signed') return { status: 202, body: { status: record.status, receipt_id: receiptId } };
  const { receipt, detail, group } = record;
  const tree = groupTree(await deps.ledger.receiptsOf(group.laneId, group.seqFrom, group.seqTo));
  // A pair to the check at signing: what was signed must be what the books still hold.
  if (tree.root !== group.root) throw new TallyError('TAMPERED', 'The books no longer hold what was signed.');
  const lane = deps.laneOf(group.laneId);
  if (lane === null) throw new TallyError('TAMPERED', 'The receipt is of a lane that this gateway never had.');
  const body = encodeBundle({
    receipt,
    detail,
    tariff: deps.tariff(receipt.tariffId),
    group: { ...groupOf(tree), domain: deps.domain, lane, signature: group.signature, signer: group.signer },
    proof: proveLeaf(tree, Number(receipt.seq - group.seqFrom)),
  });
  return { status: 200, body };
}
