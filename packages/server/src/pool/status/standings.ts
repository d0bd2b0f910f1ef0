import type { Account, Ledger } from '#ledger';
import { type Donation, limitOf, type StoredDonation } from '../donations/donation.ts';
import { SourceRows } from '../donations/source-rows.ts';
import { isUsable } from '../donations/usable.ts';
import { stateOf } from '../donations/view.ts';
import type { Store } from '../store.ts';
import { STANDING_STATES, type Standing, type StandingState } from './standing.ts';

export type StandingsDeps = {
  readonly ledger: Pick<Ledger, 'accounts' | 'sources'>;
  readonly donations: Pick<Store<Donation>, 'all'>;
};

/** How all donations stand: their records, with the balances that the books have of them. */
export class BookStandings {
  readonly #deps: StandingsDeps;
  readonly #rows: SourceRows;

  constructor(deps: StandingsDeps) {
    this.#deps = deps;
    this.#rows = new SourceRows(deps.ledger);
  }

  async all(): Promise<readonly Standing[]> {
    const standings: Standing[] = [];
    const stored: StoredDonation[] = [];
    for await (const donation of this.#deps.donations.all()) stored.push(donation);
    // All balances at one moment, after the records: what has an account by now is counted as it stands.
    const accounts = new Map((await this.#deps.ledger.accounts('source')).map((account) => [account.id, account]));
    for (const donation of stored) standings.push(await this.#standing(donation, accounts.get(donation.id) ?? null));
    return standings;
  }

  async #standing(stored: StoredDonation, account: Account | null): Promise<Standing> {
    const { id, value } = stored;
    const said = limitOf(value);
    const { held, spent, overrun } = account ?? { held: 0n, spent: 0n, overrun: 0n };
    // The books follow a donor's word by moments.
    const limit = account !== null && account.limit < said ? account.limit : said;
    const state = known(stateOf(stored, account));
    const models = (await this.#rows.find(id))?.models ?? [];
    return {
      id,
      donor: value.donor,
      label: value.label ?? '',
      anonymous: value.anonymous,
      provider: value.provider,
      simulated: value.simulated,
      state,
      end: value.end === null ? state : value.end.as,
      given: value.tokens,
      limit,
      held,
      spent,
      overrun,
      isUsable: isUsable(models, { limit, used: held + spent + overrun, countConsent: value.countConsent }),
      at: value.givenAt,
    };
  }
}

/** Every state of a donation is one of a standing. */
function known(state: string): StandingState {
  return STANDING_STATES.find((each) => each === state) ?? 'pending_validation';
}
