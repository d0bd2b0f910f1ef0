import { TallyError } from '@tallystick/core';
import type { Context } from 'hono';
import type { Credentials, Donor, DonorAuth, Hand, WalletWord } from '#pool';
import { isAdmin } from '../admin-token.ts';

/** Who asks: the operator, or a donor. */
export type Asking = { readonly by: Hand; readonly donor: Donor | null };
const OPERATOR: Asking = { by: 'operator', donor: null };

const HEADERS = ['x-tally-donor', 'x-tally-nonce', 'x-tally-deadline', 'x-tally-signature'] as const;

export function bearerOf(c: Context): string | null {
  return /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? null;
}

/** What has no body says who it is from in headers. @throws INPUT_INVALID where some of them are missing */
function wordInHeaders(c: Context): WalletWord | null {
  const [donor, nonce, deadline, signature] = HEADERS.map((name) => c.req.header(name));
  if (donor === undefined && nonce === undefined && deadline === undefined && signature === undefined) return null;
  if (donor === undefined || nonce === undefined || deadline === undefined || signature === undefined)
    throw new TallyError('INPUT_INVALID', `A wallet’s signature is sent in ${HEADERS.join(', ')}, all of them.`, { field: 'auth' });
  return { donor, nonce, deadline: Number(deadline), signature };
}

export class Askers {
  readonly #auth: DonorAuth;
  readonly #adminToken: string;

  constructor(auth: DonorAuth, adminToken: string) {
    this.#auth = auth;
    this.#adminToken = adminToken;
  }

  isOperator(c: Context): boolean {
    return isAdmin(c.req.header('authorization'), this.#adminToken);
  }

  /** @param word from the body. @param allowed of a donor: see `DonorAuth.actor`. @throws SIGNATURE_INVALID, NONCE_USED, FORBIDDEN */
  async actor(
    c: Context,
    word: WalletWord | null,
    [act, subject]: readonly [act: string, subject: string],
    allowed: (donor: Donor) => Promise<unknown>,
  ): Promise<Asking> {
    if (this.isOperator(c)) return OPERATOR;
    return { by: 'donor', donor: await this.#auth.actor(this.credentials(c, word), act, subject, allowed) };
  }

  /** The same of who only reads. */
  async reader(c: Context, act: string, subject: string): Promise<Asking> {
    if (this.isOperator(c)) return OPERATOR;
    return { by: 'donor', donor: await this.#auth.reader(this.credentials(c, wordInHeaders(c)), act, subject) };
  }

  credentials(c: Context, word: WalletWord | null): Credentials {
    return { token: bearerOf(c), wallet: word };
  }
}
