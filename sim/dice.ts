import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { randomHex } from '../packages/server/src/ground/ids.ts';
import { seeded } from '../tests/support/random.ts';

/** `ground` draws random bytes for ids in blocks of this size. */
const POOL_BYTES = 4_096;

/** Seeded chance, with the words that the simulation has for it. */
export class Dice {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  /** Whole, both ends included. */
  whole(low: number, high: number): number {
    return Math.floor(low + this.next() * (high - low + 1));
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return (entries.at(-1) as [T, number])[0];
  }
}

/** A seed of its own for each thing that needs chance, so that one more draw here changes nothing there. */
export function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * From here on the process's random bytes come from the seed: ids, nonces and the waits between retries. `ground` draws them in blocks;
 * what is left of an earlier block is used up first.
 */
export function seedRandomBytes(seed: number): void {
  const next = seeded(seed);
  const draw = (bytes: number) => {
    const drawn = Buffer.allocUnsafeSlow(bytes);
    for (let i = 0; i < bytes; i += 1) drawn[i] = next() * 256;
    return drawn;
  };
  Object.assign(crypto, { randomBytes: draw });
  syncBuiltinESMExports();
  randomHex(POOL_BYTES);
}
