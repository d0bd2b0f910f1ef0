import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Node, Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { toBlockNumber, toNumber } from './wire-values.ts';

export type NodesOptions = {
  readonly nodes: readonly Node[];
  readonly chainId: number;
  /** A node this many blocks behind the others is left. */
  readonly behindBlocksMax: number;
  /** The heads are asked again after this time. */
  readonly checkMs: number;
  /** A node that failed is left alone for this time, doubled each time up to `restMsMax`. */
  readonly restMs: number;
  readonly restMsMax: number;
  readonly clock: Clock;
  readonly log: Log;
};

export type NodeStatus = { readonly name: string; readonly isUsable: boolean; readonly why: string | null; readonly head: bigint | null };

type Seat = {
  readonly node: Node;
  /** The chain id was asked since the node came back: another node may stand behind the same address by then. */
  isKnown: boolean;
  head: bigint | null;
  left: { readonly why: string; readonly until: number } | null;
  rests: number;
  /** It is being asked just now. */
  asking: Promise<void> | null;
};

export const NODES_DEFAULTS = { behindBlocksMax: 5, checkMs: 4000, restMs: 5000, restMsMax: 120_000 } as const;

/**
 * Several nodes of one chain, behind one door. A node that does not answer, answers too late, is of another chain or is behind the others is
 * left, and tried again later. One piece of work is done on one node from its beginning to its end: two nodes may disagree.
 */
export class Nodes {
  readonly #seats: readonly Seat[];
  readonly #options: NodesOptions;
  #current = 0;
  #checkedAt: number | null = null;
  #checking: Promise<void> | null = null;

  constructor(options: NodesOptions) {
    if (options.nodes.length === 0) throw new TallyError('CONFIG_INVALID', 'There is no node of the chain.');
    this.#options = options;
    this.#seats = options.nodes.map((node) => ({ node, isKnown: false, head: null, left: null, rests: 0, asking: null }));
  }

  status(): readonly NodeStatus[] {
    return this.#seats.map(({ node, head, left, isKnown }) => ({
      name: node.name,
      isUsable: left === null && isKnown,
      why: left?.why ?? null,
      head,
    }));
  }

  /**
   * Does `work` on one usable node; where that node fails, from the beginning on the next. So work must be safe to do again.
   * @param work is handed the node and the highest block that it told at the last check.
   * @throws TallyError CHAIN_UNREACHABLE where no node is left; a NodeError's verdict where all that were asked gave the same; what `work` throws of itself.
   */
  async use<T>(work: (rpc: Rpc, head: bigint) => Promise<T>): Promise<T> {
    await this.#check();
    const count = this.#seats.length;
    const first = this.#current;
    const verdicts: (TallyError | null)[] = [];
    for (let step = 0; step < count; step += 1) {
      const index = (first + step) % count;
      const seat = this.#seats[index] as Seat;
      if (seat.left !== null || seat.head === null) continue;
      try {
        const done = await work(seat.node.rpc, seat.head);
        seat.rests = 0;
        this.#current = index;
        return done;
      } catch (error) {
        if (!(error instanceof NodeError) || error.kind === 'answer') throw error;
        verdicts.push(error.verdict);
        this.#leave(seat, whyOf(error));
      }
    }
    const verdict = verdicts[0] ?? null;
    if (verdict !== null && verdicts.every((each) => each?.code === verdict.code)) throw verdict;
    throw new TallyError('CHAIN_UNREACHABLE', undefined, { nodes: count, why: this.#seats.map(({ left }) => left?.why ?? '').join(', ') });
  }

  /** Leaves the node that did the last work: what it told proved wrong later. */
  distrust(why: string): void {
    this.#leave(this.#seats[this.#current] as Seat, why);
  }

  #leave(seat: Seat, why: string): void {
    const { clock, restMs, restMsMax, log } = this.#options;
    seat.left = { why, until: clock.monotonicMs() + Math.min(restMsMax, restMs * 2 ** Math.min(seat.rests, 16)) };
    seat.rests += 1;
    seat.isKnown = false;
    // Whoever asks next must not wait for the next check to have others tried.
    this.#checkedAt = null;
    log.warn({ node: seat.node.name, why }, 'a node of the chain is left');
  }

  #check(): Promise<void> {
    const now = this.#options.clock.monotonicMs();
    if (this.#checkedAt !== null && now - this.#checkedAt < this.#options.checkMs) return Promise.resolve();
    this.#checking ??= this.#askAll().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #askAll(): Promise<void> {
    const now = this.#options.clock.monotonicMs();
    const held = this.#seats.filter(({ left }) => left === null);
    const resting = this.#seats.filter((seat) => !held.includes(seat));
    // Those that were left are tried beside the work: one that hangs would hold up everybody.
    for (const seat of resting) if ((seat.left?.until ?? 0) <= now) void this.#ask(seat).then(() => this.#leaveLaggards());
    await Promise.all(held.map((seat) => this.#ask(seat)));
    // With no node left, waiting helps nobody: all are asked.
    if (!this.#seats.some(isUsable)) await Promise.all(resting.map((seat) => this.#ask(seat)));
    this.#leaveLaggards();
    this.#checkedAt = this.#seats.some(isUsable) ? this.#options.clock.monotonicMs() : null;
  }

  #ask(seat: Seat): Promise<void> {
    seat.asking ??= this.#askNow(seat).finally(() => {
      seat.asking = null;
    });
    return seat.asking;
  }

  async #askNow(seat: Seat): Promise<void> {
    const { rpc } = seat.node;
    try {
      if (!seat.isKnown || seat.left !== null) {
        const id = toNumber(await rpc('eth_chainId', []), 'eth_chainId');
        if (id !== this.#options.chainId) {
          this.#leave(seat, 'another chain');
          return;
        }
        seat.isKnown = true;
      }
      seat.head = toBlockNumber(await rpc('eth_blockNumber', []), 'eth_blockNumber');
      seat.left = null;
    } catch (error) {
      this.#leave(seat, error instanceof NodeError && error.isTimeout ? 'too slow' : 'no answer');
    }
  }

  /** Behind what others have. With three nodes or more one alone cannot put all others aside by boasting of a head: the second highest counts. */
  #leaveLaggards(): void {
    const usable = this.#seats.filter(isUsable);
    const heads = usable.map(({ head }) => head as bigint).sort((a, b) => (a < b ? 1 : -1));
    const best = heads[heads.length >= 3 ? 1 : 0];
    if (best === undefined) return;
    for (const seat of usable) {
      if ((seat.head as bigint) + BigInt(this.#options.behindBlocksMax) < best) this.#leave(seat, 'behind');
    }
  }
}

function whyOf({ isTimeout, kind, verdict }: NodeError): string {
  if (isTimeout) return 'too slow';
  if (kind === 'line') return 'no answer';
  return verdict === null ? 'cannot serve' : 'disagrees';
}

function isUsable({ left, isKnown, head }: Seat): boolean {
  return left === null && isKnown && head !== null;
}
