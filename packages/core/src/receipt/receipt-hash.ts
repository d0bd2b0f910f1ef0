import { hashArray, typedDigest, typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import type { Domain, Hex, Receipt, UsageLine } from './types.ts';

export const USAGE_LINE_TYPE = 'UsageLine(uint16 unit,uint64 quantity,uint128 amount)';
export const RECEIPT_TYPE =
  'Receipt(uint8 kind,uint8 mode,bytes32 callId,uint16 attempt,bytes32 refHash,bytes32 jobId,bytes32 tenantId,' +
  'bytes32 sourceId,uint64 sourceSeq,uint64 charged,uint64 sourceSpent,bytes32 providerId,bytes32 laneId,uint64 seq,' +
  'bytes32 channelId,bytes32 tariffId,uint64 startedAt,uint64 endedAt,UsageLine[] lines,uint128 amount,' +
  `bytes32 requestHash,bytes32 responseHash,bytes32 attestationHash,bytes32 detailHash)${USAGE_LINE_TYPE}`;

/** More lines than this are refused: the registry of units is far smaller. */
export const RECEIPT_LINES_MAX = 64;

const USAGE_LINE_TYPE_HASH = typeHash(USAGE_LINE_TYPE);
const RECEIPT_TYPE_HASH = typeHash(RECEIPT_TYPE);

/** @returns the EIP-712 struct hash of one line. @throws TallyError INPUT_INVALID */
export function usageLineHash(line: UsageLine): Hex {
  return new Packer(4 * 32)
    .bytes32(USAGE_LINE_TYPE_HASH, 'line type')
    .word(16, line.unit, 'line.unit')
    .word(64, line.quantity, 'line.quantity')
    .word(128, line.amount, 'line.amount')
    .keccak();
}

/**
 * The receipt's hash: its EIP-712 struct hash, *without* the domain. It is what leaves of the tree and `refHash` of a credit carry.
 * The domain is not needed here because `laneId` already binds chain id and contract; so a leaf is made once, and a contract that
 * recomputes `laneId` needs no further check. A signature over one receipt is over `receiptDigest`, which adds the domain.
 * @throws TallyError INPUT_INVALID on any field out of its type's range.
 */
export function receiptHash(receipt: Receipt): Hex {
  if (receipt.kind < 1 || receipt.kind > 4) throw new TallyError('INPUT_INVALID', 'kind must be 1 … 4.', { name: 'kind' });
  if (receipt.mode < 0 || receipt.mode > 1) throw new TallyError('INPUT_INVALID', 'mode must be 0 or 1.', { name: 'mode' });
  if (receipt.lines.length > RECEIPT_LINES_MAX) {
    throw new TallyError('INPUT_INVALID', `A receipt has at most ${RECEIPT_LINES_MAX} lines.`, { lines: receipt.lines.length });
  }
  return new Packer(25 * 32)
    .bytes32(RECEIPT_TYPE_HASH, 'receipt type')
    .word(8, receipt.kind, 'kind')
    .word(8, receipt.mode, 'mode')
    .bytes32(receipt.callId, 'callId')
    .word(16, receipt.attempt, 'attempt')
    .bytes32(receipt.refHash, 'refHash')
    .bytes32(receipt.jobId, 'jobId')
    .bytes32(receipt.tenantId, 'tenantId')
    .bytes32(receipt.sourceId, 'sourceId')
    .word(64, receipt.sourceSeq, 'sourceSeq')
    .word(64, receipt.charged, 'charged')
    .word(64, receipt.sourceSpent, 'sourceSpent')
    .bytes32(receipt.providerId, 'providerId')
    .bytes32(receipt.laneId, 'laneId')
    .word(64, receipt.seq, 'seq')
    .bytes32(receipt.channelId, 'channelId')
    .bytes32(receipt.tariffId, 'tariffId')
    .word(64, receipt.startedAt, 'startedAt')
    .word(64, receipt.endedAt, 'endedAt')
    .bytes32(hashArray(receipt.lines.map(usageLineHash), 'lines'), 'lines')
    .word(128, receipt.amount, 'amount')
    .bytes32(receipt.requestHash, 'requestHash')
    .bytes32(receipt.responseHash, 'responseHash')
    .bytes32(receipt.attestationHash, 'attestationHash')
    .bytes32(receipt.detailHash, 'detailHash')
    .keccak();
}

/** What an individual signature over one receipt signs. @throws TallyError INPUT_INVALID */
export function receiptDigest(receipt: Receipt, domain: Domain): Hex {
  return typedDigest(domain, receiptHash(receipt));
}
