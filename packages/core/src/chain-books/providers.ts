import { type Entry, type Handlers, rowOf } from './entry.ts';
import { ZERO_ADDRESS } from './money.ts';
import type { ProviderRow, SlashRow, StakeBook, StakeRow } from './types.ts';

function onProvider(change: (row: ProviderRow, e: Entry) => void): (e: Entry) => void {
  return (e) => {
    const row = e.row(e.books.providers, e.hex('providerId'), 'provider');
    if (row !== null) change(row, e);
  };
}

export const providerRegistry: Handlers = {
  Registered: (e) => {
    const providerId = e.hex('providerId');
    if (e.books.providers.has(providerId)) e.wrong('provider', 'new', providerId);
    e.books.providers.set(providerId, {
      operator: e.hex('operator'),
      payout: e.hex('payout'),
      signer: e.hex('signer'),
      tariffId: e.hex('tariffId'),
      level: 0n,
      status: 'active',
      suspendedUntil: 0n,
      pendingPayout: null,
      pendingOperator: null,
    });
  },
  PayoutProposed: onProvider((row, e) => {
    row.pendingPayout = { payout: e.hex('payout'), holdsAt: e.big('holdsAt') };
  }),
  PayoutCancelled: onProvider((row) => {
    row.pendingPayout = null;
  }),
  PayoutSet: onProvider((row, e) => {
    row.payout = e.hex('payout');
    row.pendingPayout = null;
  }),
  SignerSet: onProvider((row, e) => {
    row.signer = e.hex('signer');
  }),
  TariffSet: onProvider((row, e) => {
    row.tariffId = e.hex('tariffId');
  }),
  LevelSet: onProvider((row, e) => {
    row.level = e.big('level');
  }),
  OperatorProposed: onProvider((row, e) => {
    const operator = e.hex('operator');
    // Nobody proposed takes a proposal back.
    row.pendingOperator = operator === ZERO_ADDRESS ? null : { operator, holdsAt: e.big('holdsAt') };
  }),
  OperatorSet: onProvider((row, e) => {
    e.same('operator', row.pendingOperator?.operator ?? 'none', e.hex('operator'));
    row.operator = e.hex('operator');
    row.pendingOperator = null;
  }),
  Suspended: onProvider((row, e) => {
    row.suspendedUntil = e.big('until');
  }),
  Reinstated: onProvider((row) => {
    row.suspendedUntil = 0n;
  }),
  Retired: onProvider((row) => {
    row.status = 'retired';
  }),
};

type BookOf = (e: Entry) => StakeBook;

const onStakeOf = (bookOf: BookOf) => (change: (row: StakeRow, e: Entry) => void) => (e: Entry) =>
  change(
    rowOf(bookOf(e).stakes, e.hex('stakeId'), () => ({ amount: 0n, thawing: 0n, frozen: 0n, proven: 0n, proposed: 0n, thawedAt: 0n })),
    e,
  );

/** Stakes of providers and oracles, and those of buyers: the same rules in two contracts. */
export function stakeHandlers(bookOf: BookOf): Handlers {
  const onStake = onStakeOf(bookOf);
  return {
    Staked: onStake((row, e) => {
      e.same('stake', row.amount + e.big('added'), e.big('amount'));
      row.amount = e.big('amount');
    }),
    ThawStarted: onStake((row, e) => {
      row.thawing = e.big('thawing');
      row.thawedAt = e.big('thawedAt');
      if (row.thawing > row.amount) e.wrong('thawing', `at most ${row.amount}`, String(row.thawing));
    }),
    ThawCancelled: onStake((row) => {
      row.thawing = 0n;
      row.thawedAt = 0n;
    }),
    Withdrawn: onStake((row, e) => {
      e.same('stake', row.amount - e.big('taken'), e.big('amount'));
      row.amount = e.big('amount');
      row.thawing -= e.big('taken');
      forgetIfGone(row);
    }),
    ...slashHandlers(bookOf),
    Collected: (e) => {
      const book = bookOf(e);
      e.same('owed', book.owed, e.big('amount'));
      e.same('collected', book.collected + e.big('amount'), e.big('total'));
      book.owed = 0n;
      book.collected = e.big('total');
    },
  };
}

/** Proposals and proofs against stakes, and how they end. */
function slashHandlers(bookOf: BookOf): Handlers {
  const onStake = onStakeOf(bookOf);
  return {
    SlashProposed: onStake((row, e) => {
      const slashId = e.hex('slashId');
      if (bookOf(e).slashes.has(slashId)) e.wrong('slash', 'new', slashId);
      freeze(e, row, e.big('amount'), e.flag('objective'));
      bookOf(e).slashes.set(slashId, {
        stakeId: e.hex('stakeId'),
        amount: e.big('amount'),
        reason: e.hex('reason'),
        objective: e.flag('objective'),
        executableAt: e.big('executableAt'),
        decideBy: 0n,
        state: 'proposed',
      });
    }),
    SlashAppealed: (e) => {
      const slash = e.row(bookOf(e).slashes, e.hex('slashId'), 'slash');
      if (slash === null) return;
      slash.state = 'appealed';
      slash.decideBy = e.big('decideBy');
    },
    SlashExecuted: onStake((row, e) => {
      const unproven = row.frozen - row.proven;
      const slash = endSlash(e, bookOf(e), row, 'executed');
      if (slash !== null) e.same('taken', slash.objective || slash.amount < unproven ? slash.amount : unproven, e.big('taken'));
      row.frozen -= e.big('taken');
      e.same('frozen', row.frozen, e.big('frozen'));
      e.same('stake', row.amount - e.big('taken'), e.big('amount'));
      row.amount = e.big('amount');
      if (row.thawing > row.amount) row.thawing = row.amount;
      forgetIfGone(row);
      bookOf(e).owed += e.big('taken');
    }),
    SlashDismissed: onStake((row, e) => {
      const displaced = row.proposed - (row.frozen - row.proven);
      const amount = endSlash(e, bookOf(e), row, 'dismissed')?.amount ?? 0n;
      row.frozen -= amount > displaced ? amount - displaced : 0n;
      e.same('frozen', row.frozen, e.big('frozen'));
      forgetIfGone(row);
    }),
  };
}

/** A stake that is gone begins anew, once no proposal against it is open. */
function forgetIfGone(row: StakeRow): void {
  if (row.amount !== 0n || row.proposed !== 0n) return;
  row.thawing = 0n;
  row.thawedAt = 0n;
}

/** A proposal is frozen beside what is frozen; a proof as far as the cap has room, which events do not tell, and else in the place of proposals. */
function freeze(e: Entry, row: StakeRow, amount: bigint, objective: boolean): void {
  const [before, frozen] = [row.frozen, e.big('frozen')];
  if (objective) row.proven += amount;
  else row.proposed += amount;
  row.frozen = frozen;
  const least = objective ? (row.proven > before ? row.proven : before) : before + amount;
  if (frozen < least || frozen > before + amount) e.wrong('frozen', `from ${least} to ${before + amount}`, String(frozen));
}

/** @returns it as it ended; null where it was never proposed. */
function endSlash(e: Entry, book: StakeBook, row: StakeRow, state: 'executed' | 'dismissed'): SlashRow | null {
  const slash: SlashRow | null = e.row(book.slashes, e.hex('slashId'), 'slash');
  if (slash === null) return null;
  if (slash.state === 'executed' || slash.state === 'dismissed') e.wrong('slash', 'open', slash.state);
  slash.state = state;
  if (slash.objective) row.proven -= slash.amount;
  else row.proposed -= slash.amount;
  return slash;
}

export const stakeManager = stakeHandlers((e) => e.books.stakes);

export const paymentEscrow: Handlers = {
  ...stakeHandlers((e) => e.books.escrow),
  QuotaSet: (e) => {
    const { purchases } = e.books;
    purchases.set(e.hex('stakeId'), {
      buyer: e.hex('buyer'),
      listingId: e.hex('listingId'),
      quotaWei: e.big('quotaWei'),
      needed: e.big('needed'),
      upgrades: e.big('upgrades'),
    });
  },
};
