import { CHAIN_CONTRACTS, type ChainContract, type ChainEvent, type Hex, TallyError } from '@tallystick/core';
import { type Abi, type AbiEvent, decodeEventLog, toEventSelector } from 'viem';
import type { RawLog } from './reads.ts';

/** One deployed contract. */
export type Contract = { readonly name: ChainContract; readonly address: Hex; readonly abi: Abi };

/** The contracts of one deployment, by address and by name. */
export class Contracts {
  readonly all: readonly Contract[];
  readonly addresses: readonly Hex[];
  readonly #byAddress: ReadonlyMap<Hex, { readonly contract: Contract; readonly events: ReadonlyMap<Hex, AbiEvent> }>;

  /** @throws TallyError INPUT_INVALID where one stands twice. */
  constructor(contracts: readonly Contract[]) {
    this.all = contracts.map((each) => ({ ...each, address: each.address.toLowerCase() as Hex }));
    this.addresses = this.all.map(({ address }) => address);
    this.#byAddress = new Map(this.all.map((contract) => [contract.address, { contract, events: eventsOf(contract.abi) }]));
    if (this.#byAddress.size !== this.all.length || new Set(this.all.map(({ name }) => name)).size !== this.all.length) {
      throw new TallyError('INPUT_INVALID', 'A contract of the deployment stands twice.');
    }
    if (this.all.some(({ name }) => !CHAIN_CONTRACTS.includes(name))) throw new TallyError('INPUT_INVALID', 'There is no such contract.');
  }

  get(name: ChainContract): Contract | null {
    return this.all.find((each) => each.name === name) ?? null;
  }

  /** @returns null for an event that the ABI does not know. @throws TallyError CHAIN_BOOKS_WRONG where the log is not what its ABI says. */
  decode(log: RawLog): ChainEvent | null {
    const place = this.#byAddress.get(log.address);
    const item = place?.events.get(log.topics[0] ?? '0x');
    if (place === undefined || item === undefined) return null;
    const { name } = place.contract;
    try {
      const topics = [...log.topics] as [Hex, ...Hex[]];
      const { args } = decodeEventLog({ abi: [item], topics, data: log.data });
      return { contract: name, name: item.name, args: plain(args ?? {}) as ChainEvent['args'], block: log.block, index: log.index };
    } catch {
      throw new TallyError('CHAIN_BOOKS_WRONG', 'A log is not what its contract’s ABI says.', { contract: name, event: item.name });
    }
  }
}

function eventsOf(abi: Abi): ReadonlyMap<Hex, AbiEvent> {
  return new Map(abi.filter((item): item is AbiEvent => item.type === 'event').map((item) => [toEventSelector(item), item]));
}

/** Whole numbers of any size as bigint, hex in lower case: one value has one form. */
export function plain(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'string') return value.startsWith('0x') ? value.toLowerCase() : value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
