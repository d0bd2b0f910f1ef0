import { timingSafeEqual } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { permitMac } from '#ground/permit';
import type { Ticket } from './types.ts';

/** How many spent tickets are remembered one by one (about 100 bytes each). */
export const SPENT_TICKETS_MAX = 131_072;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Lets every ticket through at most once in this process.
 *
 * A set of spent holds must be bounded and must never forget. A hold's id is a UUIDv7 and so carries its second: the set is kept in
 * buckets of one second, and when it is full the oldest bucket goes and *its second and all before it are refused from then on*.
 * So nothing is ever accepted twice; the price is that a hold older than the last `SPENT_TICKETS_MAX` opens is refused, which at
 * 10,000 calls a second is 13 s, far beyond the 2 s that a hold has for its first byte.
 */
export class Tickets {
  readonly #key: Buffer;
  readonly #spentMax: number;
  readonly #spent = new Map<number, Set<string>>();
  #count = 0;
  /** Seconds below this one are refused. */
  #floor = 0;
  #epoch: string | null = null;

  constructor(key: Buffer, spentMax: number = SPENT_TICKETS_MAX) {
    this.#key = key;
    this.#spentMax = spentMax;
  }

  /** Only tickets of this process epoch pass. Set once. @throws STATE_INVALID on a second, different epoch. */
  acceptEpoch(epoch: string): void {
    if (this.#epoch !== null && this.#epoch !== epoch) throw new TallyError('STATE_INVALID', 'The vault serves another process epoch.');
    this.#epoch = epoch;
  }

  /** @throws SECRET_UNAVAILABLE with `reason` in its facts: `permit_mac`, `permit_epoch`, `permit_spent` or `permit_old`. */
  spend(ticket: Ticket): void {
    const given = Buffer.from(ticket.mac, 'hex');
    const expected = Buffer.from(permitMac(this.#key, ticket), 'hex');
    // The length is public; the bytes are compared in constant time.
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('permit_mac', 'The permit is not genuine.');
    if (ticket.epoch !== this.#epoch) throw refused('permit_epoch', 'The permit is of another process epoch.');
    if (!UUID_V7.test(ticket.holdId)) throw refused('permit_old', 'The permit’s hold id carries no time.');
    const second = Math.floor(Number.parseInt(ticket.holdId.slice(0, 8) + ticket.holdId.slice(9, 13), 16) / 1000);
    if (second < this.#floor) throw refused('permit_old', 'The permit is too old.');
    const bucket = this.#spent.get(second) ?? new Set();
    if (bucket.has(ticket.holdId)) throw refused('permit_spent', 'The permit has been used.');
    bucket.add(ticket.holdId);
    this.#spent.set(second, bucket);
    this.#count++;
    while (this.#count > this.#spentMax) this.#forgetOldest();
  }

  close(): void {
    this.#key.fill(0);
  }

  #forgetOldest(): void {
    const oldest = Math.min(...this.#spent.keys());
    this.#count -= this.#spent.get(oldest)?.size ?? 0;
    this.#spent.delete(oldest);
    this.#floor = oldest + 1;
  }
}

function refused(reason: string, detail: string): TallyError {
  return new TallyError('SECRET_UNAVAILABLE', detail, { reason });
}
