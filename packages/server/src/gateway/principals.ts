import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Hex, pseudonym, TallyError } from '@tallystick/core';
import type { KeyRow, KeyUse } from '#ledger';

/** Who calls: a virtual key, and the secret itself for the salts that only its holder can make again. */
export type Principal = { readonly key: KeyRow; readonly tenantHash: Hex; readonly secret: string };

/** By the key's hash. */
export type LookUp = (hash: string) => Promise<KeyRow | null>;

type Known = { readonly key: KeyRow; readonly tenantHash: Hex };

/** Where each official SDK puts its key, beside `authorization`. */
export const KEY_HEADERS = ['x-api-key', 'x-goog-api-key'] as const;

/** `tk_` and 32 random bytes in base64url. */
export const VIRTUAL_KEY = /^tk_[A-Za-z0-9_-]{43}$/;

/** Nearly all keys are for calls. */
const USES: readonly KeyUse[] = ['calls', 'pool', 'validation'];

/**
 * The virtual keys of this gateway, by hash. A cache of who a key is, never of what it may do:
 * revocation, expiry and budgets are predicates of the hold's own statement.
 */
export class Principals {
  readonly #hashKey: Buffer;
  readonly #pseudonymKey: Uint8Array;
  readonly #lookUp: LookUp | null;
  readonly #byHash = new Map<string, Known>();

  /** @param lookUp finds a key that another process may have made a moment ago; null where there is no other. */
  constructor(hashKey: Buffer, pseudonymKey: Uint8Array, keys: readonly KeyRow[], lookUp: LookUp | null = null) {
    this.#hashKey = hashKey;
    this.#pseudonymKey = pseudonymKey;
    this.#lookUp = lookUp;
    for (const key of keys) this.add(key);
  }

  /** The use is a part of it: who can write the books can give a key no other use, since its hash would not be found. */
  hash(secret: string, use: KeyUse = 'calls'): string {
    const text = use === 'calls' ? secret : `${use}:${secret}`;
    return createHmac('sha256', this.#hashKey).update(text).digest('hex');
  }

  add(key: KeyRow): void {
    this.#byHash.set(key.hash, { key, tenantHash: pseudonym(this.#pseudonymKey, 'tenant', key.tenantId) });
  }

  /** @throws AUTH_MISSING, AUTH_INVALID. The lookup is by keyed hash, so its timing tells nothing of a key. */
  authenticate(headers: IncomingHttpHeaders): Principal {
    const secret = givenKey(headers);
    return this.#principal(secret);
  }

  /** As `authenticate`, but what is not known here is looked up first. @throws also LEDGER_UNAVAILABLE */
  async identify(headers: IncomingHttpHeaders): Promise<Principal> {
    const secret = givenKey(headers);
    if (this.#lookUp !== null && this.#find(secret) === undefined) await this.#seek(this.#lookUp, secret);
    return this.#principal(secret);
  }

  async #seek(lookUp: LookUp, secret: string): Promise<void> {
    for (const use of USES) {
      const found = await lookUp(this.hash(secret, use));
      if (found === null) continue;
      this.add(found);
      return;
    }
  }

  #find(secret: string): Known | undefined {
    for (const use of USES) {
      const known = this.#byHash.get(this.hash(secret, use));
      if (known?.key.use === use) return known;
    }
    return undefined;
  }

  #principal(secret: string): Principal {
    const known = this.#find(secret);
    if (known === undefined) throw new TallyError('AUTH_INVALID');
    return { ...known, secret };
  }
}

/** The virtual key of a request. Where several headers carry one they must agree: which of two counts is nobody's to guess. */
export function givenKey(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  const given: (string | undefined)[] = [];
  if (authorization !== undefined && authorization !== '') given.push(/^Bearer +(\S+)$/i.exec(authorization)?.[1]);
  for (const name of KEY_HEADERS) {
    const value = headers[name];
    if (value !== undefined && value !== '') given.push(String(value));
  }
  const [secret] = given;
  if (given.length === 0) throw new TallyError('AUTH_MISSING');
  if (secret === undefined || !VIRTUAL_KEY.test(secret)) throw new TallyError('AUTH_INVALID');
  if (given.some((other) => other !== secret)) throw new TallyError('AUTH_INVALID', 'The request carries two different keys.');
  return secret;
}
