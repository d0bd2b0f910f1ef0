import { AccountDonor, type Answer, type Given, post, type Refusal, type View, WalletDonor } from '../donating.ts';
import type { PoolStage } from '../pool.ts';
import type { Travelling } from '../travelling.ts';
import type { Deed, Plan, PlannedGift } from './plan.ts';

/** How long a signature is good for. */
const SIGNED_MS = 300_000;
/** Providers whose keys are given with the consent that calls rest on a count. */
const COUNTED: ReadonlySet<string> = new Set(['anthropic', 'google']);

type Person = { readonly kind: 'wallet'; readonly wallet: WalletDonor } | { readonly kind: 'account'; readonly account: AccountDonor };

/** What was given, as the pool answered. `lowered`: to what its donor lowered it, and what had been spent of it then. */
export type Kept = { readonly gift: PlannedGift; readonly id: string; lowered: { readonly limit: number; readonly spent: number } | null };

/** The donors: half of them with wallets, half with accounts. */
export class Community {
  /** By the number of the gift. */
  readonly kept = new Map<number, Kept>();
  readonly #stage: PoolStage;
  readonly #clock: Travelling;
  readonly #launchedAt: number;
  readonly #people = new Map<number, Person>();

  constructor(stage: PoolStage, clock: Travelling, launchedAt: number) {
    this.#stage = stage;
    this.#clock = clock;
    this.#launchedAt = launchedAt;
  }

  async arrive({ donors }: Plan): Promise<void> {
    for (let i = 0; i < donors; i += 1) {
      const person: Person =
        i % 2 === 0
          ? { kind: 'wallet', wallet: await WalletDonor.of(this.#stage.daemon) }
          : { kind: 'account', account: await AccountDonor.make(() => this.#stage.daemon, `donor ${i}`) };
      this.#people.set(i, person);
    }
  }

  /** @throws where it is not taken */
  async give(gift: PlannedGift): Promise<void> {
    const { status, body } = await this.offer(gift);
    if (status !== 201) throw new Error(`gift ${gift.number}: ${status} ${JSON.stringify(body)}`);
    this.keep(gift, body.key_id);
  }

  keep(gift: PlannedGift, id: string): void {
    this.kept.set(gift.number, { gift, id, lowered: null });
  }

  offer(gift: PlannedGift): Promise<Answer<Given & Refusal>> {
    const body = {
      provider: gift.provider,
      api_key: gift.apiKey,
      donated_tokens: gift.tokens,
      count_consent: COUNTED.has(gift.provider),
      ...(gift.expires === null ? {} : { expires_at: this.#launchedAt + gift.expires }),
      ...(gift.minutes === null ? {} : { donated_minutes: gift.minutes }),
      ...(gift.isHeldWhole ? { settle: 'hold' } : {}),
    };
    const person = this.#person(gift.donor);
    if (person.kind === 'account') return person.account.give(body);
    return post(this.#stage.daemon, '/donate', person.wallet.signed(body, { deadline: this.#clock.now() + SIGNED_MS }));
  }

  /** @returns the state that the donation is in then; null where it had ended before. */
  async do(deed: Deed, number: number): Promise<string | null> {
    const kept = this.kept.get(number);
    if (kept === undefined) throw new Error(`gift ${number} was not given yet`);
    const before = await this.view(kept.id);
    if (!['active', 'paused', 'pending_validation'].includes(before.state)) return null;
    const limit = Math.floor((before.spent + before.limit) / 2);
    if (deed === 'lower') kept.lowered = { limit, spent: before.spent };
    const body = deed === 'lower' ? this.#lowering(kept, before, limit) : this.#word(kept, deed);
    const person = this.#person(kept.gift.donor);
    const token = person.kind === 'account' ? person.account.token : undefined;
    const answer = await post<View>(this.#stage.daemon, `/donations/${kept.id}/${deed}`, body, token);
    if (answer.status !== 200) throw new Error(`${deed} of gift ${number}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.state;
  }

  async view(id: string): Promise<View> {
    return (await this.#stage.get<View>(`/donations/${id}`)).json;
  }

  #word({ gift, id }: Kept, deed: Deed): unknown {
    const person = this.#person(gift.donor);
    return person.kind === 'account' ? {} : person.wallet.act(deed, id, this.#clock.now() + SIGNED_MS);
  }

  #lowering({ gift, id }: Kept, { next_seq }: View, limit: number): unknown {
    const person = this.#person(gift.donor);
    return person.kind === 'account' ? { limit } : person.wallet.lowering(id, next_seq, limit);
  }

  #person(donor: number): Person {
    const found = this.#people.get(donor);
    if (found === undefined) throw new Error(`there is no donor ${donor}`);
    return found;
  }
}
