import {
  addressOfSecretKey,
  detailHash,
  encodeBundle,
  FREE_TARIFF,
  fromHex,
  groupDigest,
  groupOf,
  groupTree,
  laneId,
  priceOf,
  proveLeaf,
  type Receipt,
  type ReceiptBundleJson,
  requestHash,
  responseHash,
  saltKeyOf,
  signDigest,
  tariffId,
  utf8,
  uuidBytes32,
  ZERO_32,
} from '@tallystick/core';

const SECRET = fromHex(`0x${'42'.repeat(32)}`);
const DOMAIN = { chainId: 31_337n, verifyingContract: `0x${'c0'.repeat(20)}` } as const;
const LANE = { gatewayId: ZERO_32, index: 3 };
const DETAIL = { model: 'sandbox-small', held: '900' };

export const SIGNER = addressOfSecretKey(SECRET);
export const VIRTUAL_KEY = 'tk_a-key-for-tests';
export const CALL_ID = '01890000-0000-7000-8000-00000000002a';
export const REQUEST = '{"model":"sandbox-small"}';
export const RESPONSE = 'data: [DONE]\n\n';

/** A signed sandbox receipt of a call made with `VIRTUAL_KEY`, second of its group. */
export function sampleBundle(): ReceiptBundleJson {
  const receipts = [41n, 42n, 43n].map(receiptOf);
  const tree = groupTree(receipts);
  const group = groupOf(tree);
  const signed = { ...group, domain: DOMAIN, lane: LANE, signature: signDigest(groupDigest(group, DOMAIN), SECRET), signer: SIGNER };
  return encodeBundle({ receipt: receipts[1] as Receipt, detail: DETAIL, tariff: FREE_TARIFF, group: signed, proof: proveLeaf(tree, 1) });
}

function receiptOf(seq: bigint): Receipt {
  const callId = uuidBytes32(CALL_ID);
  const saltKey = saltKeyOf(VIRTUAL_KEY);
  const quantities = [
    { unit: 1, quantity: 12n },
    { unit: 5, quantity: 40n },
  ];
  return {
    ...priceOf(quantities, FREE_TARIFF),
    kind: 1,
    mode: 1,
    callId,
    attempt: 1,
    refHash: ZERO_32,
    jobId: ZERO_32,
    tenantId: ZERO_32,
    sourceId: ZERO_32,
    sourceSeq: 7n,
    charged: 52n,
    sourceSpent: 520n,
    providerId: ZERO_32,
    laneId: laneId(DOMAIN, LANE),
    seq,
    channelId: ZERO_32,
    tariffId: tariffId(FREE_TARIFF),
    startedAt: 1_767_225_600_000n,
    endedAt: 1_767_225_601_500n,
    requestHash: requestHash(saltKey, callId, utf8(REQUEST)),
    responseHash: responseHash(saltKey, callId, utf8(RESPONSE), true),
    attestationHash: ZERO_32,
    detailHash: detailHash(DETAIL),
  };
}
