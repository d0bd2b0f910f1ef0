import type { Hex } from '../receipt/types.ts';
import { add, type Entry, type Handlers, rowOf } from './entry.ts';
import type { Account, ChainBooks, ProviderSums } from './types.ts';

const BPS = 10_000n;
export const ZERO_ADDRESS: Hex = `0x${'0'.repeat(40)}`;

/** The stable asset in, credits out, and back. Credits' own transfers are followed too: the vault's must add up to what it holds and owes. */
export const creditToken: Handlers = {
  Deposited: (e) => supply(e, e.big('amount')),
  Redeemed: (e) => supply(e, -e.big('amount')),
  VenueSet: (e) => void e.books.credits.venues.set(e.hex('venue'), e.big('state')),
  Transfer: (e) => transfer(e, e.books.credits.balances),
};

export function transfer(e: Entry, balances: Map<Hex, bigint>): void {
  const [from, to, value] = [e.hex('from'), e.hex('to'), e.big('value')];
  if (from !== ZERO_ADDRESS) {
    const left = add(balances, from, -value);
    if (left < 0n) e.wrong('balance', 'not negative', String(left));
    if (left === 0n) balances.delete(from);
  }
  if (to !== ZERO_ADDRESS && value > 0n) add(balances, to, value);
}

function supply(e: Entry, change: bigint): void {
  const { credits } = e.books;
  e.same('supply', credits.supply + change, e.big('supply'));
  credits.supply = e.big('supply');
}

export const creditVault: Handlers = {
  Funded: (e) => {
    const account = accountOf(e.books, e.hex('accountId'));
    e.same('deposited', account.deposited + e.big('amount'), e.big('deposited'));
    e.books.vault.held += e.big('deposited') - account.deposited;
    account.deposited = e.big('deposited');
  },
  Moved: (e) => {
    const [from, to] = [accountOf(e.books, e.hex('fromId')), accountOf(e.books, e.hex('toId'))];
    e.same('deposited of the giver', from.deposited - e.big('amount'), e.big('fromDeposited'));
    e.same('deposited of the taker', to.deposited + e.big('amount'), e.big('toDeposited'));
    e.books.vault.held += e.big('fromDeposited') - from.deposited + e.big('toDeposited') - to.deposited;
    from.deposited = e.big('fromDeposited');
    to.deposited = e.big('toDeposited');
  },
  // What is released was never claimed: the deposit falls to the claim.
  Released: (e) => {
    const account = accountOf(e.books, e.hex('accountId'));
    e.same('claimed', account.claimed, e.big('claimed'));
    e.same('deposited', account.deposited - e.big('amount'), e.big('claimed'));
    e.books.vault.held -= account.deposited - account.claimed;
    account.deposited = e.big('claimed');
    account.claimed = e.big('claimed');
  },
  Settled: (e) => {
    const [providerId, amount, fees] = [e.hex('providerId'), e.big('amount'), e.big('fees')];
    const sums = sumsOf(e.books, providerId);
    sums.settled += amount;
    sums.settledFees += fees;
    e.same('owed to the provider', owe(e.books, providerId, amount - fees), e.big('owedProvider'));
    set(e.books, providerId, e.big('owedProvider'));
  },
  PaidOut: (e) => {
    e.same('owed', owe(e.books, e.hex('beneficiary'), -e.big('amount')), e.big('owed'));
    set(e.books, e.hex('beneficiary'), e.big('owed'));
  },
};

function accountOf(books: ChainBooks, id: Hex): Account {
  return rowOf(books.vault.accounts, id, () => ({ deposited: 0n, claimed: 0n }));
}

export function sumsOf(books: ChainBooks, providerId: Hex): ProviderSums {
  books.touched.add(providerId);
  return rowOf(books.sums, providerId, () => ({ claimed: 0n, settled: 0n, settledFees: 0n, recordedVolume: 0n, recordedFees: 0n }));
}

function owe(books: ChainBooks, beneficiary: Hex, amount: bigint): bigint {
  books.vault.owedTotal += amount;
  return add(books.vault.owed, beneficiary, amount);
}

function set({ vault }: ChainBooks, beneficiary: Hex, owed: bigint): void {
  vault.owedTotal += owed - (vault.owed.get(beneficiary) ?? 0n);
  vault.owed.set(beneficiary, owed);
}

/** A claim moves credits of the account from what the vault holds to what it owes; `Settled` tells the same as one sum. */
export function claimOf(e: Entry): void {
  const [accountId, providerId, total] = [e.hex('accountId'), e.hex('providerId'), e.big('totalClaimed')];
  const account = accountOf(e.books, accountId);
  const claim = rowOf(e.books.claims, accountId, () => ({ providerId, totalClaimed: 0n, receiptCount: 0n, receiptsRoot: '0x' as Hex }));
  const rise = total - claim.totalClaimed;
  if (rise < 0n) e.wrong('claimed', `at least ${claim.totalClaimed}`, String(total));
  account.claimed += rise;
  if (account.claimed > account.deposited) e.wrong('claimed', `at most ${account.deposited}`, String(account.claimed));
  e.books.vault.held -= rise;
  sumsOf(e.books, providerId).claimed += rise;
  claim.totalClaimed = total;
  claim.receiptCount = e.big('receiptCount');
  claim.receiptsRoot = e.hex('receiptsRoot');
}

export const settlementTreasury: Handlers = {
  SplitSet: (e) => {
    const { treasury } = e.books;
    e.same('version', treasury.splitVersion + 1n, e.big('version'));
    treasury.splitVersion = e.big('version');
    treasury.splits.set(e.big('version'), {
      oraclesBps: e.big('oraclesBps'),
      reserveBps: e.big('reserveBps'),
      protocolBps: e.big('protocolBps'),
    });
  },
  FeesRecorded: (e) => {
    const { context, treasury } = e.books;
    const providerId = e.hex('providerId');
    const row = rowOf(treasury.fees, `${providerId}:${e.big('epoch')}`, () => ({ volume: 0n, fees: 0n }));
    const amount = e.big('volume') - row.volume;
    const split = e.row(treasury.splits, e.big('splitVersion'), 'split');
    const share = (bps: bigint | undefined) => (amount * (bps ?? 0n)) / BPS;
    const shares = [share(split?.oraclesBps), share(split?.reserveBps), share(split?.protocolBps)] as const;
    const fees = shares[0] + shares[1] + shares[2];
    e.same('fees', row.fees + fees, e.big('fees'));
    owe(e.books, context.oracles, shares[0]);
    owe(e.books, context.reserve, shares[1]);
    owe(e.books, context.protocol, shares[2]);
    const sums = sumsOf(e.books, providerId);
    sums.recordedVolume += amount;
    sums.recordedFees += e.big('fees') - row.fees;
    row.volume = e.big('volume');
    row.fees = e.big('fees');
  },
  BeneficiarySet: (e) => void e.books.treasury.beneficiaries.set(e.hex('beneficiary'), e.hex('payout')),
  // The vault's PaidOut events tell what left, one by one.
  OraclesPaid: () => {},
};

/**
 * At the end of a block, what several contracts tell of one thing must agree: claims of the channels, settlements of the vault, records of the
 * treasury, and the credits that the vault has.
 */
export function closeMoney(e: Entry): void {
  const { books } = e;
  for (const providerId of books.touched) {
    const sums = sumsOf(books, providerId);
    e.same(`settled of ${providerId}`, sums.claimed, sums.settled);
    e.same(`recorded of ${providerId}`, sums.settled, sums.recordedVolume);
    e.same(`fees of ${providerId}`, sums.settledFees, sums.recordedFees);
  }
  books.touched.clear();
  const { held, owedTotal } = books.vault;
  e.same('credits of the vault', held + owedTotal, books.credits.balances.get(books.context.vault) ?? 0n);
}
