import type { Hex } from '@tallystick/core';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { isTooLarge, logsOfRange, type RawLog } from './reads.ts';

/** A node that answers late twice hangs: fewer blocks would not help it, and each try costs a whole timeout. */
const TIMEOUTS_MAX = 2;

/** How many blocks of logs are asked for at a time: what the node takes, found by trying. Halved where it refuses, doubled where it answers. */
export class Ranges {
  readonly #max: bigint;
  #span: bigint;

  constructor(spanMax: number) {
    this.#max = BigInt(spanMax);
    this.#span = this.#max;
  }

  get span(): bigint {
    return this.#span;
  }

  /** @returns logs from `from` up to some block at or before `to`. @throws NodeError */
  async read(
    rpc: Rpc,
    addresses: readonly Hex[],
    from: bigint,
    to: bigint,
  ): Promise<{ readonly to: bigint; readonly logs: readonly RawLog[] }> {
    let timeouts = 0;
    for (;;) {
      const end = from + this.#span - 1n < to ? from + this.#span - 1n : to;
      const size = end - from + 1n;
      try {
        const logs = await logsOfRange(rpc, addresses, from, end);
        if (size === this.#span) this.#span = this.#span * 2n < this.#max ? this.#span * 2n : this.#max;
        return { to: end, logs };
      } catch (error) {
        if (size === 1n || !isTooLarge(error)) throw error;
        this.#span = size / 2n;
        if (error instanceof NodeError && error.isTimeout) timeouts += 1;
        if (timeouts === TIMEOUTS_MAX) throw error;
      }
    }
  }
}
