import type { Domain } from '@tallystick/core';
import type { Account, Ledger } from '#ledger';
import type { Vault } from '#vault';
import { expiryOf, limitOf, type StoredDonation } from './donation.ts';
import { isKept } from './ends.ts';
import { donationBundle } from './receipt.ts';
import type { SourceRows } from './source-rows.ts';

/** A donation as its donor and the operator see it: never its key. */
export type DonationView = Readonly<Record<string, unknown>>;

export type ViewDeps = {
  readonly ledger: Pick<Ledger, 'account'>;
  readonly vault: Pick<Vault, 'auditProof' | 'has'>;
  readonly rows: SourceRows;
  readonly domain: Domain;
};

export async function donationView(deps: ViewDeps, stored: StoredDonation): Promise<DonationView> {
  const { ledger, rows, domain } = deps;
  const { id, value } = stored;
  const account = await ledger.account(id);
  const minutesId = (await rows.find(id))?.minutesAccountId ?? null;
  const minutes = minutesId === null ? null : await ledger.account(minutesId);
  return {
    key_id: id,
    state: stateOf(stored, account),
    state_reason: value.end?.reason ?? account?.stateReason ?? null,
    donor: value.donor,
    label: value.label,
    anonymous: value.anonymous,
    provider: value.provider,
    host: value.host,
    simulated: value.simulated,
    donated_tokens: Number(value.tokens),
    limit: Number(limitOf(value)),
    ...balances(stored, account),
    donated_minutes: value.minutes === 0 ? null : value.minutes,
    minutes_left:
      minutes === null ? null : Math.floor(Number(positive(minutes.limit - minutes.held - minutes.spent - minutes.overrun)) / 60_000),
    expires_at: expiryOf(value) === 0 ? null : expiryOf(value),
    count_consent: value.countConsent,
    settle: value.holdSettle ? 'hold' : 'metered',
    keep_exhausted_days: value.keepExhaustedMs / 86_400_000,
    given_at: value.givenAt,
    paused_by: value.pausedBy,
    next_seq: (value.change?.seq ?? 0) + 1,
    validation: validationView(stored),
    end: endView(stored),
    destruction: destructionView(deps, stored),
    donation_receipt: donationBundle(id, value, domain),
  };
}

const RECEIPTS_PAGE = 50;

/** The receipts of its calls, the newest first. @param before of a page before this one: its `next` */
export async function receiptsPage(ledger: Pick<Ledger, 'charges'>, id: string, before: bigint | null) {
  const charges = await ledger.charges(id, { limit: RECEIPTS_PAGE, ...(before === null ? {} : { before }) });
  const receipts = charges.map(({ kind, amount, receiptId, at }) => ({ receipt: receiptId, kind, tokens: Number(amount), at }));
  const last = charges.at(-1);
  return { receipts, next: charges.length < RECEIPTS_PAGE || last === undefined ? null : String(last.seq) };
}

/** What the ledger has stopped by itself is told as such, whatever else is said of it. */
export function stateOf({ state }: Pick<StoredDonation, 'state'>, account: Pick<Account, 'state'> | null): string {
  const isUsed = state === 'pending_validation' || state === 'active' || state === 'paused';
  return isUsed && account?.state === 'frozen' ? 'frozen' : state;
}

function balances({ value }: StoredDonation, account: Account | null) {
  const { held, spent, overrun } = account ?? { held: 0n, spent: 0n, overrun: 0n };
  const left = account?.state === 'destroyed' ? 0n : positive(limitOf(value) - held - spent - overrun);
  return { held: Number(held), spent: Number(spent), overrun: Number(overrun), left: Number(left) };
}

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function validationView({ state, value: { validation } }: StoredDonation) {
  const { attempts, nextAt, receiptId, unclear } = validation;
  return { attempts, next_at: state === 'pending_validation' ? nextAt : null, receipt: receiptId, unclear };
}

function endView({ value: { end } }: StoredDonation) {
  return end === null
    ? null
    : { as: end.as, by: end.by, reason: end.reason, at: end.at, destroy_at: end.destroyAt, is_kept: isKept(end, end.at) };
}

/** With the proof that the entry on the shred stands in the audit log of the host that had the key. */
function destructionView({ vault }: ViewDeps, { id, value: { destruction } }: StoredDonation) {
  if (destruction === null) return null;
  const { at, mode, auditSeq } = destruction;
  return { at, mode, audit_seq: auditSeq, proof: proofOf(vault, id, auditSeq) };
}

/** Null on another host than the one that had it: its log is not here. */
function proofOf(vault: ViewDeps['vault'], id: string, auditSeq: number | null) {
  if (auditSeq === null) return null;
  try {
    const proof = vault.auditProof(auditSeq);
    return proof.line.includes(`"subject":"${id}"`) ? proof : null;
  } catch {
    return null;
  }
}
