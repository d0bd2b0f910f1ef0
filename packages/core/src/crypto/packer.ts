import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { writeHex } from './hex.ts';
import { keccak } from './keccak.ts';

/** Widths of the unsigned integers that are ever hashed. */
export type UintBits = 8 | 16 | 32 | 64 | 128 | 256;

const LIMITS = new Map<UintBits, bigint>(([8, 16, 32, 64, 128, 256] as const).map((bits) => [bits, 1n << BigInt(bits)]));

/** @throws TallyError INPUT_INVALID where `value` is not an integer of 0 … 2^bits − 1 (numbers must be safe integers). */
export function checkUint(bits: UintBits, value: bigint | number, name: string): bigint {
  const safe = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  const wide = safe ? BigInt(value) : -1n;
  if (wide < 0n || wide >= (LIMITS.get(bits) as bigint)) {
    throw new TallyError('INPUT_INVALID', `${name} must be an integer of 0 … 2^${bits} − 1.`, { name });
  }
  return wide;
}

/**
 * Fills a buffer of known size from left to right and hashes it: the hand-written form of `abi.encode` (words of 32 bytes) and of
 * `abi.encodePacked` (tight, big-endian). A general ABI coder costs several times as much, and receipts are hashed on every call.
 * Every method throws TallyError INPUT_INVALID on a value out of range; `name` says which.
 */
export class Packer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** @param size bytes that will be written, exactly. */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  bytes32(value: Hex, name: string): this {
    writeHex(value, 32, this.#bytes, this.#take(32), name);
    return this;
  }

  /** An address as a word: 12 zero bytes, then its 20. */
  address(value: Hex, name: string): this {
    writeHex(value, 20, this.#bytes, this.#take(32) + 12, name);
    return this;
  }

  /** An unsigned integer as a word of 32 bytes. */
  word(bits: UintBits, value: bigint | number, name: string): this {
    const end = this.#take(32) + 32;
    this.#write(bits, checkUint(bits, value, name), end);
    return this;
  }

  /** An unsigned integer in its own width. */
  tight(bits: UintBits, value: bigint | number, name: string): this {
    const end = this.#take(bits / 8) + bits / 8;
    this.#write(bits, checkUint(bits, value, name), end);
    return this;
  }

  /** @returns keccak-256 of what was written. */
  keccak(): Hex {
    if (this.#at !== this.#bytes.length) throw new TallyError('INTERNAL', 'A hash preimage was not filled.', { at: this.#at });
    return keccak(this.#bytes);
  }

  #take(size: number): number {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw new TallyError('INTERNAL', 'A hash preimage was overfilled.', { at: this.#at });
    return at;
  }

  /** Big-endian, ending before `end`; the value was checked to fit. */
  #write(bits: UintBits, value: bigint, end: number): void {
    if (bits === 8) this.#view.setUint8(end - 1, Number(value));
    else if (bits === 16) this.#view.setUint16(end - 2, Number(value));
    else if (bits === 32) this.#view.setUint32(end - 4, Number(value));
    else for (let at = end - 8, rest = value; rest > 0n; at -= 8, rest >>= 64n) this.#view.setBigUint64(at, rest);
  }
}
