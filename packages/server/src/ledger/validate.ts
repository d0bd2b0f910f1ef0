import { AMOUNT_MAX, canonicalJson, type Hex, TallyError, type UsageLine } from '@tallystick/core';
import { LIMITS } from './limits.ts';
import { OPERATOR_PREFIX } from './operator.ts';
import { NO_HASH, type Settlement } from './protocol.ts';
import type { ReconcileRequest } from './reconciliation.ts';
import type { RecordsQuery, RecordWrite } from './record-types.ts';
import type { ReserveRequest } from './reservation.ts';
import type { HoldLine, HoldRequest, KeyRow, NewAccount, NewReplay, ReceiptGroup, SettleRequest, SourceRow } from './types.ts';

// Shapes are checked on the asking side, so that rubbish costs the writer nothing. All throw TallyError INPUT_INVALID.

const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
/** A group may be part of another: `pool/openai`. */
const ACCOUNT_ID = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
const HEX_32 = /^0x[0-9a-f]{64}$/;
const NONCE = /^[0-9a-f]{32}$/;
const CALL_ID = /^(0x[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const UINT_64_MAX = 2n ** 64n - 1n;

export function invalid(field: string, what: string): TallyError {
  return new TallyError('INPUT_INVALID', `${field} ${what}.`, { field });
}

export function checkId(value: unknown, field: string): void {
  if (typeof value !== 'string' || !ID.test(value)) throw invalid(field, 'is not an id (letters, digits and _ . : -, up to 128)');
}

export function checkAccountId(value: unknown, field: string): void {
  if (typeof value !== 'string' || !ACCOUNT_ID.test(value)) throw invalid(field, 'is not an account’s id (as an id, with slashes)');
}

export function checkText(value: unknown, field: string, max: number = LIMITS.textMax): void {
  if (typeof value !== 'string' || value.length > max || !value.isWellFormed())
    throw invalid(field, `is not a text of up to ${max} characters`);
}

export function checkAmount(value: unknown, field: string): void {
  if (typeof value !== 'bigint' || value < 0n || value > AMOUNT_MAX) throw invalid(field, 'is not a whole amount from 0 to 2^62');
}

export function checkTime(value: unknown, field: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(field, 'is not a time in Unix ms');
}

function checkHash(value: unknown, field: string): void {
  if (typeof value !== 'string' || !HEX_32.test(value)) throw invalid(field, 'is not 32 bytes in lower-case hex');
}

function checkHex(value: unknown, field: string): void {
  if (typeof value !== 'string' || !/^0x([0-9a-f]{2}){1,512}$/.test(value)) throw invalid(field, 'is not lower-case hex');
}

export function checkNewAccount(account: NewAccount): NewAccount {
  if (account.kind === 'group') checkAccountId(account.id, 'id');
  else checkId(account.id, 'id');
  if (account.id.startsWith(OPERATOR_PREFIX)) throw invalid('id', `may not start with ${OPERATOR_PREFIX}`);
  if (!['source', 'key', 'group', 'minutes'].includes(account.kind)) throw invalid('kind', 'is not one that can be opened');
  if (!['tokens', 'credits', 'ms'].includes(account.asset)) throw invalid('asset', 'is not known');
  if (account.kind === 'minutes' && account.asset !== 'ms') throw invalid('asset', 'of minutes is ms');
  checkText(account.tenantId, 'tenantId');
  checkAmount(account.ceiling, 'ceiling');
  checkAmount(account.limit, 'limit');
  if (account.limit > account.ceiling) throw new TallyError('LIMIT_INVALID', 'The limit is above the ceiling.', {});
  if (account.parent !== undefined) checkId(account.parent, 'parent');
  if (account.expiresAt !== undefined) checkTime(account.expiresAt, 'expiresAt');
  if (account.opensAt !== undefined) checkTime(account.opensAt, 'opensAt');
  return account;
}

/** @returns the request with its lines in id order, which is the order in which accounts are always taken. */
export function checkHold(r: HoldRequest): HoldRequest {
  checkId(r.holdId, 'holdId');
  checkId(r.receiptId, 'receiptId');
  checkId(r.sourceId, 'sourceId');
  checkId(r.keyId, 'keyId');
  checkText(r.tenantId, 'tenantId');
  if (typeof r.callId !== 'string' || !CALL_ID.test(r.callId)) throw invalid('callId', 'is neither a UUID nor 32 bytes in hex');
  if (!Number.isInteger(r.attempt) || r.attempt < 0 || r.attempt > 0xffff) throw invalid('attempt', 'is not from 0 to 65535');
  if (r.guarded !== undefined && typeof r.guarded !== 'boolean') throw invalid('guarded', 'is neither true nor false');
  if (r.within !== undefined) checkId(r.within, 'within');
  if (typeof r.nonce !== 'string' || !NONCE.test(r.nonce)) throw invalid('nonce', 'is not 16 bytes in hex');
  if (r.mode !== 0 && r.mode !== 1) throw invalid('mode', 'is neither 0 nor 1');
  checkText(r.proof, 'proof', 32);
  checkText(r.factsVersion, 'factsVersion');
  checkHash(r.tariffId, 'tariffId');
  checkHash(r.tenantHash, 'tenantHash');
  checkHash(r.sourceHash, 'sourceHash');
  checkHash(r.providerHash, 'providerHash');
  checkHash(r.requestHash, 'requestHash');
  if (r.idempotency !== undefined) {
    checkText(r.idempotency.route, 'idempotency.route');
    checkText(r.idempotency.key, 'idempotency.key');
    checkText(r.idempotency.bodyMac, 'idempotency.bodyMac');
  }
  checkDetail(r.detail);
  const lines = checkHoldLines(r.lines);
  if (!lines.some(({ accountId }) => accountId === r.sourceId)) throw invalid('lines', 'do not name the source');
  return { ...r, lines };
}

/** @returns the request with its lines in id order. */
export function checkReserve(r: ReserveRequest): ReserveRequest {
  checkId(r.reservationId, 'reservationId');
  checkId(r.keyId, 'keyId');
  checkText(r.tenantId, 'tenantId');
  return { ...r, lines: checkHoldLines(r.lines) };
}

/** A detail can be written as canonical JSON, which its receipt's hash is made of. */
function checkDetail<T extends HoldRequest['detail']>(detail: T): T {
  if (canonicalJson(detail).length > LIMITS.detailMax) throw invalid('detail', `takes more than ${LIMITS.detailMax} characters`);
  return detail;
}

function checkHoldLines(lines: readonly HoldLine[]): readonly HoldLine[] {
  if (lines.length < 1 || lines.length > LIMITS.holdLinesMax) throw invalid('lines', `are not 1 to ${LIMITS.holdLinesMax}`);
  for (const line of lines) {
    checkAccountId(line.accountId, 'lines.accountId');
    checkAmount(line.amount, 'lines.amount');
  }
  const sorted = [...lines].sort((a, b) => (a.accountId < b.accountId ? -1 : 1));
  if (sorted.some(({ accountId }, i) => accountId === sorted[i + 1]?.accountId)) throw invalid('lines', 'name an account twice');
  return sorted;
}

export function checkSettle(r: SettleRequest): Settlement {
  checkId(r.holdId, 'holdId');
  if (!['metered', 'bound', 'burned', 'released'].includes(r.outcome)) throw invalid('outcome', 'is not known');
  checkTime(r.endedAt, 'endedAt');
  checkHash(r.responseHash, 'responseHash');
  if (r.attestationHash !== undefined) checkHash(r.attestationHash, 'attestationHash');
  const { linesText, amount } = checkUsageLines(r.lines);
  return {
    holdId: r.holdId,
    outcome: r.outcome,
    tokens: claimed(r.tokens, 'tokens'),
    credits: claimed(r.credits, 'credits'),
    ...(r.ms === undefined ? {} : { ms: claimed(r.ms, 'ms') }),
    endedAt: r.endedAt,
    responseHash: r.responseHash,
    attestationHash: r.attestationHash ?? NO_HASH,
    detail: checkDetail(r.detail),
    linesText,
    amount,
  };
}

/** What an upstream claims may be beyond any sense; the hold must end all the same, so it counts as the largest amount there is. */
function claimed(value: unknown, field: string): bigint {
  if (typeof value !== 'bigint' || value < 0n) throw invalid(field, 'is not a whole amount');
  return value < AMOUNT_MAX ? value : AMOUNT_MAX;
}

function checkUsageLines(lines: readonly UsageLine[]): { linesText: string; amount: bigint } {
  if (lines.length > LIMITS.usageLinesMax) throw invalid('lines', `are more than ${LIMITS.usageLinesMax}`);
  let amount = 0n;
  const parts: string[] = [];
  for (const line of lines) {
    if (!Number.isInteger(line.unit) || line.unit < 0 || line.unit > 0xffff) throw invalid('lines.unit', 'is not from 0 to 65535');
    if (typeof line.quantity !== 'bigint' || line.quantity < 0n || line.quantity > UINT_64_MAX)
      throw invalid('lines.quantity', 'is not a uint64');
    if (typeof line.amount !== 'bigint' || line.amount < 0n) throw invalid('lines.amount', 'is not a whole amount');
    amount += line.amount;
    parts.push(`[${line.unit},"${line.quantity}","${line.amount}"]`);
  }
  if (amount > AMOUNT_MAX) throw invalid('lines.amount', 'sum up to more than 2^62');
  return { linesText: `[${parts.join(',')}]`, amount };
}

export function checkSource(source: SourceRow): SourceRow {
  checkId(source.id, 'id');
  checkText(source.name, 'name');
  checkText(source.provider, 'provider');
  checkText(source.baseUrl, 'baseUrl', 2048);
  checkText(source.models, 'models', LIMITS.jsonMax);
  checkText(source.tariff, 'tariff', LIMITS.jsonMax);
  if (source.mode !== 0 && source.mode !== 1) throw invalid('mode', 'is neither 0 nor 1');
  if (source.settle !== 'metered' && source.settle !== 'hold') throw invalid('settle', 'is neither metered nor hold');
  if (typeof source.countConsent !== 'boolean') throw invalid('countConsent', 'is neither true nor false');
  if (typeof source.pool !== 'boolean') throw invalid('pool', 'is neither true nor false');
  if (source.groups.length > LIMITS.groupsMax) throw invalid('groups', `are more than ${LIMITS.groupsMax}`);
  for (const id of source.groups) checkAccountId(id, 'groups');
  if (source.minutesAccountId !== null) checkId(source.minutesAccountId, 'minutesAccountId');
  checkTime(source.createdAt, 'createdAt');
  return source;
}

export function checkKey(key: KeyRow): KeyRow {
  checkId(key.id, 'id');
  checkText(key.name, 'name');
  checkText(key.tenantId, 'tenantId');
  checkText(key.hash, 'hash');
  checkText(key.hint, 'hint');
  if (key.creditAccountId !== null) checkId(key.creditAccountId, 'creditAccountId');
  if (key.sources !== null) {
    if (key.sources.length > LIMITS.rowsMax) throw invalid('sources', 'are too many');
    for (const id of key.sources) checkId(id, 'sources');
  }
  checkTime(key.createdAt, 'createdAt');
  if (key.expiresAt !== null) checkTime(key.expiresAt, 'expiresAt');
  if (!Number.isInteger(key.replayS) || key.replayS < 0 || key.replayS > 86_400) throw invalid('replayS', 'is not from 0 to 86400');
  if (!['calls', 'pool', 'validation'].includes(key.use)) throw invalid('use', 'is not known');
  return key;
}

export function checkReplay(replay: NewReplay): NewReplay {
  checkId(replay.receiptId, 'receiptId');
  checkTime(replay.expiresAt, 'expiresAt');
  const { length } = replay.sealed;
  if (length < 1 || length > LIMITS.replayBytesMax) throw invalid('sealed', `is not of 1 to ${LIMITS.replayBytesMax} bytes`);
  return replay;
}

export function checkReconcile(r: ReconcileRequest): ReconcileRequest {
  checkId(r.sourceId, 'sourceId');
  for (const field of ['from', 'to', 'lagMs', 'edgeMs'] as const) checkTime(r[field], field);
  if (r.from >= r.to) throw invalid('to', 'is not after from');
  checkAmount(r.providerTotal, 'providerTotal');
  checkAmount(r.returnMax, 'returnMax');
  if (!/^[0-9a-f]{64}$/.test(r.exportHash)) throw invalid('exportHash', 'is not a SHA-256 in lower-case hex');
  checkText(r.keyRef, 'keyRef');
  checkText(r.consent, 'consent');
  return r;
}

export function checkReceiptGroup(group: ReceiptGroup): ReceiptGroup {
  checkHash(group.laneId, 'laneId');
  checkHash(group.root, 'root');
  checkHex(group.signature, 'signature');
  checkHex(group.signer, 'signer');
  checkTime(group.signedAt, 'signedAt');
  for (const field of ['seqFrom', 'seqTo'] as const) checkAmount(group[field], field);
  if (typeof group.total !== 'bigint' || group.total < 0n) throw invalid('total', 'is not a whole amount');
  return group;
}

export function checkLaneId(laneId: Hex): void {
  checkHash(laneId, 'laneId');
}

export function checkLimitChange(accountId: string, limit: bigint, ref: string): { accountId: string; limit: bigint; ref: string } {
  checkAccountId(accountId, 'accountId');
  if (typeof limit !== 'bigint' || limit < 0n) throw new TallyError('LIMIT_INVALID');
  checkText(ref, 'ref');
  return { accountId, limit, ref };
}

const RECORD_KIND = /^[a-z][a-z.-]{0,31}$/;
const RECORD_ID = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;

export function checkRecordName(kind: unknown, id: unknown): void {
  if (typeof kind !== 'string' || !RECORD_KIND.test(kind)) throw invalid('kind', 'is not up to 32 of a–z, . and -');
  if (typeof id !== 'string' || !RECORD_ID.test(id)) throw invalid('id', 'is not an id (letters, digits and _ . : / -, up to 128)');
}

function checkRecordState(state: unknown): void {
  if (typeof state !== 'string' || !/^[\w.-]{0,32}$/.test(state)) throw invalid('state', 'is not up to 32 letters, digits and _ . -');
}

export function checkRecordWrites(writes: readonly RecordWrite[]): readonly RecordWrite[] {
  if (writes.length < 1 || writes.length > LIMITS.recordWritesMax) throw invalid('writes', `are not 1 to ${LIMITS.recordWritesMax}`);
  for (const { kind, id, rev, state, body } of writes) {
    checkRecordName(kind, id);
    checkRecordState(state);
    checkAmount(rev, 'rev');
    if (body !== null) checkRecordBody(body);
    else if (rev === 0n) throw invalid('body', 'is missing: a record that is not there cannot be removed');
  }
  if (new Set(writes.map(({ kind, id }) => `${kind}\n${id}`)).size !== writes.length) throw invalid('writes', 'name a record twice');
  return writes;
}

/** A text that every engine keeps as it is. */
function checkRecordBody(body: unknown): void {
  const { recordBodyBytesMax } = LIMITS;
  if (typeof body !== 'string' || Buffer.byteLength(body) > recordBodyBytesMax)
    throw invalid('body', `is not a text of up to ${recordBodyBytesMax} bytes`);
  if (body.includes('\0') || !body.isWellFormed()) throw invalid('body', 'has characters that are no text');
}

export function checkRecordsQuery(kind: string, query: RecordsQuery): RecordsQuery {
  checkRecordName(kind, query.after ?? 'first');
  if (query.state !== undefined) checkRecordState(query.state);
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > LIMITS.recordsMax)
    throw invalid('limit', `is not from 1 to ${LIMITS.recordsMax}`);
  return query;
}
