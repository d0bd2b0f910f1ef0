import { randomBytes } from 'node:crypto';
import {
  addressOfSecretKey,
  type Domain,
  type DonationTerms,
  donatedKeyHash,
  donationDigest,
  donorActDigest,
  fromHex,
  type Hex,
  limitChangeDigest,
  signDigest,
} from '@tallystick/core';
import { eventually } from './calling.ts';
import type { TestDaemon } from './daemon.ts';

export type Answer<T = Record<string, unknown>> = { readonly status: number; readonly headers: Headers; readonly body: T };
export type Refusal = {
  readonly success: boolean;
  readonly error: string;
  readonly message: string;
  readonly facts: Record<string, unknown>;
};
export type Given = {
  readonly success: boolean;
  readonly key_id: string;
  readonly message: string;
  readonly state: string;
  readonly donation_receipt: Record<string, unknown>;
};
export type View = {
  readonly key_id: string;
  readonly state: string;
  readonly held: number;
  readonly spent: number;
  readonly left: number;
  readonly limit: number;
  readonly next_seq: number;
  readonly paused_by: readonly string[];
  readonly validation: { readonly attempts: number; readonly receipt: string | null; readonly unclear: string | null };
  readonly end: { readonly as: string; readonly by: string; readonly reason: string; readonly destroy_at: number } | null;
  readonly destruction: { readonly mode: string; readonly audit_seq: number; readonly proof: Record<string, unknown> | null } | null;
};

export type Gift = {
  readonly provider: string;
  readonly api_key: string;
  readonly donated_tokens: unknown;
  readonly [more: string]: unknown;
};

export async function post<T>(daemon: Pick<TestDaemon, 'url'>, path: string, body: unknown, token?: string): Promise<Answer<T>> {
  const response = await fetch(`${daemon.url}/api/ai-pool${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as T };
}

export async function get<T>(daemon: Pick<TestDaemon, 'url'>, path: string, headers: Readonly<Record<string, string>>): Promise<Answer<T>> {
  const response = await fetch(`${daemon.url}/api/ai-pool${path}`, { headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as T };
}

/** A donor whom the operator has made an account for. */
export class AccountDonor {
  readonly #daemon: () => TestDaemon;
  readonly token: string;
  readonly id: string;

  private constructor(daemon: () => TestDaemon, made: { readonly id: string; readonly token: string }) {
    this.#daemon = daemon;
    this.token = made.token;
    this.id = made.id;
  }

  static async make(daemon: () => TestDaemon, name = 'a donor'): Promise<AccountDonor> {
    const { body } = await daemon().admin<{ id: string; token: string }>('/donors', { name });
    return new AccountDonor(daemon, body);
  }

  give(gift: Gift): Promise<Answer<Given & Refusal>> {
    return post(this.#daemon(), '/donate', gift, this.token);
  }

  act(id: string, act: string, body: unknown = {}): Promise<Answer<View & Refusal>> {
    return post(this.#daemon(), `/donations/${id}/${act}`, body, this.token);
  }

  async view(id: string): Promise<View> {
    return (await get<View>(this.#daemon(), `/donations/${id}`, { authorization: `Bearer ${this.token}` })).body;
  }

  /** The donation once it is in a state. */
  until(id: string, state: string, withinMs?: number): Promise<View> {
    return eventually(
      `donation ${id} is ${state}`,
      async () => {
        const view = await this.view(id);
        return view.state === state && view;
      },
      withinMs,
    );
  }
}

/** A donor with a wallet. */
export class WalletDonor {
  readonly #key = fromHex(`0x${randomBytes(32).toString('hex')}`);
  readonly address = addressOfSecretKey(this.#key);
  readonly domain: Domain;

  constructor(domain: Domain) {
    this.domain = domain;
  }

  static async of(daemon: Pick<TestDaemon, 'url'>): Promise<WalletDonor> {
    const { body } = await get<{ domain: { chainId: string; verifyingContract: Hex } }>(daemon, '/signing', {});
    return new WalletDonor({ chainId: BigInt(body.domain.chainId), verifyingContract: body.domain.verifyingContract });
  }

  terms(gift: Gift, more: Partial<DonationTerms> = {}): DonationTerms {
    return {
      donor: this.address,
      provider: gift.provider,
      keyHash: donatedKeyHash(gift.api_key),
      tokens: BigInt(Number(gift.donated_tokens)),
      minutes: Number(gift['donated_minutes'] ?? 0),
      expiry: Number(gift['expires_at'] ?? 0),
      countConsent: gift['count_consent'] === true,
      holdSettle: gift['settle'] === 'hold',
      keepExhaustedMs: Number(gift['keep_exhausted_days'] ?? 0) * 86_400_000,
      nonce: nonce(),
      deadline: Date.now() + 300_000,
      ...more,
    };
  }

  /** The gift with its donor and its signature. */
  signed(gift: Gift, more: Partial<DonationTerms> = {}, domain = this.domain): Gift & { readonly auth: Record<string, unknown> } {
    const terms = this.terms(gift, more);
    const signature = signDigest(donationDigest(terms, domain), this.#key);
    return { donor_address: this.address, ...gift, auth: { nonce: terms.nonce, deadline: terms.deadline, signature } };
  }

  act(act: string, subject: string, deadline = Date.now() + 300_000) {
    const terms = { donor: this.address, act, subject, nonce: nonce(), deadline };
    const signature = signDigest(donorActDigest(terms, this.domain), this.#key);
    return { donor_address: this.address, auth: { nonce: terms.nonce, deadline, signature } };
  }

  headers(act: string, subject: string): Record<string, string> {
    const { auth } = this.act(act, subject);
    return {
      'x-tally-donor': this.address,
      'x-tally-nonce': auth.nonce,
      'x-tally-deadline': String(auth.deadline),
      'x-tally-signature': auth.signature,
    };
  }

  lowering(id: string, seq: number, limit: number, expiry = 0) {
    const signature = signDigest(limitChangeDigest({ id, seq, limit: BigInt(limit), expiry }, this.domain), this.#key);
    return { limit, seq, signature, ...(expiry === 0 ? {} : { expires_at: expiry }) };
  }
}

function nonce(): Hex {
  return `0x${randomBytes(32).toString('hex')}`;
}

let keys = 0;
/** A key that the sandbox takes, different each time. */
export function sandboxKey(): string {
  keys += 1;
  return `sk-sandbox-${process.pid}-${keys}-${randomBytes(8).toString('hex')}`;
}
