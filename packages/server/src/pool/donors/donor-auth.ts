import { type Domain, donorActSigner, type Hex, normalizeAddress, TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { DonorAccounts } from './accounts.ts';
import { type Donor, isWallet } from './donor.ts';
import type { Nonces } from './nonces.ts';

/** A wallet's word, as it came. `donor`: whose it is said to be. */
export type WalletWord = { readonly donor: string; readonly nonce: string; readonly deadline: number; readonly signature: string };

/** What a request brings of who it is from. `token`: what stands behind `authorization: Bearer`. */
export type Credentials = { readonly token: string | null; readonly wallet: WalletWord | null };

/** A word with its form checked. */
export type Word = { readonly donor: `0x${string}`; readonly nonce: Hex; readonly deadline: number; readonly signature: Hex };

export type DonorAuthDeps = {
  readonly accounts: Pick<DonorAccounts, 'identify'>;
  readonly nonces: Pick<Nonces, 'check' | 'spend'>;
  readonly domain: Domain;
  readonly clock: Clock;
};

/** Tells which donor asks, by a token or by a wallet's signature; never by what a body says of itself. */
export class DonorAuth {
  readonly #deps: DonorAuthDeps;

  constructor(deps: DonorAuthDeps) {
    this.#deps = deps;
  }

  /**
   * Who asks for one act, which a wallet signs as `DonorAct`; its nonce is spent.
   * @param allowed throws where the act is not for this donor: then nothing is written, so that strangers cannot fill the books with nonces.
   * @throws SIGNATURE_INVALID, NONCE_USED, FORBIDDEN, INPUT_INVALID, and what `allowed` throws
   */
  async actor(credentials: Credentials, act: string, subject: string, allowed: (donor: Donor) => Promise<unknown>): Promise<Donor> {
    const word = this.#word(credentials);
    if (word === null) {
      const donor = await this.#account(credentials);
      await allowed(donor);
      return donor;
    }
    this.#checkAct(word, act, subject);
    await allowed(word.donor);
    await this.#deps.nonces.spend(word.donor, word.nonce, word.deadline);
    return word.donor;
  }

  /** The same of who only reads: until its deadline the signature may be used again. */
  async reader(credentials: Credentials, act: string, subject: string): Promise<Donor> {
    const word = this.#word(credentials);
    if (word === null) return this.#account(credentials);
    this.#checkAct(word, act, subject);
    return word.donor;
  }

  /**
   * Who gives: the terms are signed, not an act.
   * @param signer the address that signed them, from a word whose form is right.
   * @returns also what must be spent with what is signed; null for an account.
   */
  async giver(credentials: Credentials, signer: (word: Word) => Hex): Promise<{ readonly donor: Donor; readonly word: Word | null }> {
    const word = this.#word(credentials);
    if (word === null) return { donor: await this.#account(credentials), word: null };
    this.#checkSigner(word, () => signer(word));
    return { donor: word.donor, word };
  }

  async #account({ token }: Credentials): Promise<Donor> {
    if (token !== null) return this.#deps.accounts.identify(token);
    throw new TallyError('SIGNATURE_INVALID', 'Neither a wallet’s signature nor a donor’s token was sent.');
  }

  #checkAct(word: Word, act: string, subject: string): void {
    const { donor, nonce, deadline } = word;
    this.#checkSigner(word, () => donorActSigner({ donor, act, subject, nonce, deadline }, this.#deps.domain, word.signature));
  }

  #checkSigner(word: Word, signer: () => Hex): void {
    this.#deps.nonces.check(word.deadline, this.#deps.clock.wallMs());
    if (signerOrNull(signer) !== word.donor) throw new TallyError('SIGNATURE_INVALID');
  }

  #word({ token, wallet }: Credentials): Word | null {
    if (wallet === null) return null;
    if (token !== null) throw new TallyError('INPUT_INVALID', 'Send a signature or a token, not both.', { field: 'auth' });
    return checkedWord(wallet);
  }
}

/** A malformed signature, and one of a malleable form, are as good as another's. */
function signerOrNull(signer: () => Hex): Hex | null {
  try {
    return signer();
  } catch (error) {
    if (error instanceof TallyError && error.code === 'INPUT_INVALID') return null;
    throw error;
  }
}

function checkedWord({ donor, nonce, deadline, signature }: WalletWord): Word {
  const refuse = (field: string, what: string): never => {
    throw new TallyError('SIGNATURE_INVALID', `${field}: ${what}.`, { field });
  };
  const address = /^0x[0-9a-fA-F]{40}$/.test(donor)
    ? normalizeAddress(donor)
    : refuse('donor_address', 'must be the signing wallet’s address');
  if (!isWallet(address)) return refuse('donor_address', 'must be the signing wallet’s address');
  if (!/^0x[0-9a-f]{64}$/.test(nonce)) return refuse('auth.nonce', 'must be 0x and 32 bytes of lower-case hex');
  if (!/^0x[0-9a-f]{130}$/.test(signature)) return refuse('auth.signature', 'must be 0x and 65 bytes of lower-case hex');
  if (!Number.isSafeInteger(deadline)) return refuse('auth.deadline', 'must be a time in Unix ms');
  return { donor: address, nonce: nonce as Hex, deadline, signature: signature as Hex };
}
