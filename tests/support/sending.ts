import { vi } from 'vitest';
import type { Hex } from '../../packages/core/src/index.ts';
import { systemClock } from '../../packages/server/src/ground/clock.ts';
import type { Log, LogFacts } from '../../packages/server/src/ground/log.ts';
import { foldIntents, type Intent, type IntentJournal, type IntentRecord } from '../../packages/server/src/settle/chain/intents.ts';
import type { Node, Rpc } from '../../packages/server/src/settle/chain/node.ts';
import { NodeError } from '../../packages/server/src/settle/chain/node-error.ts';
import { NODES_DEFAULTS, Nodes } from '../../packages/server/src/settle/chain/nodes.ts';
import { Sender } from '../../packages/server/src/settle/chain/sender.ts';
import { SENDER_DEFAULTS, type SenderOptions } from '../../packages/server/src/settle/chain/sender-options.ts';
import { keySigner } from '../../packages/server/src/settle/chain/signer.ts';
import { CHAIN_ID, DEV_KEYS } from './chain-node.ts';

/** A journal in memory, which stands for the disk: it outlives its sender, and the process can die at any append. */
export class MemoryJournal implements IntentJournal {
  records: IntentRecord[] = [];
  die: 'before' | 'after' | null = null;
  #isDead = false;
  /** Another process opens it. */
  async load(): Promise<readonly IntentRecord[]> {
    this.#isDead = false;
    this.die = null;
    return structuredClone(this.records);
  }
  async append(records: readonly IntentRecord[]): Promise<void> {
    const { die } = this;
    // What died writes nothing any more.
    if (this.#isDead || die === 'before') throw new Error('killed');
    this.records.push(...structuredClone(records));
    this.#isDead = die === 'after';
    if (this.#isDead) throw new Error('killed');
  }
  async close(): Promise<void> {}
  state(id: string) {
    return foldIntents(this.records).get(id);
  }
}

/** A node whose answers to one method can be spoilt: not asked, or asked and its answer lost. */
export class SpoiltNode implements Node {
  readonly name = 'rpc';
  spoil: ((method: string) => 'before' | 'after' | null) | null = null;
  /** Answers in the node's stead. */
  answer: ((method: string) => unknown) | null = null;
  readonly asked: string[] = [];
  readonly #rpc: Rpc;
  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }
  readonly rpc: Rpc = async (method, params) => {
    this.asked.push(method);
    const how = this.spoil?.(method) ?? null;
    if (how === 'before') throw new NodeError('line', method);
    const given = this.answer?.(method);
    if (given !== undefined) return given;
    const result = await this.#rpc(method, params);
    if (how === 'after') throw new NodeError('line', method);
    return result;
  };
}

export type Told = { readonly facts: LogFacts; readonly message: string };

export function listeningLog(): { readonly log: Log; readonly told: Told[] } {
  const told: Told[] = [];
  const note = (facts: LogFacts, message: string) => void told.push({ facts, message });
  return { told, log: { debug: note, info: note, warn: note, error: note } };
}

export function nodesFor(nodes: readonly Node[], log: Log = listeningLog().log, chainId = CHAIN_ID): Nodes {
  return new Nodes({ ...NODES_DEFAULTS, nodes, chainId, checkMs: 0, restMs: 1, restMsMax: 20, clock: systemClock, log });
}

export type SenderSetting = Partial<SenderOptions> & { readonly key?: Hex };

export function openSender(node: Node | readonly Node[], journal: IntentJournal, setting: SenderSetting = {}): Promise<Sender> {
  const { key = DEV_KEYS[1] as Hex, ...more } = setting;
  const log = more.log ?? listeningLog().log;
  return Sender.open({
    ...SENDER_DEFAULTS,
    nodes: nodesFor('rpc' in node ? [node] : node, log),
    signer: keySigner(key),
    chainId: CHAIN_ID,
    journal,
    abis: [],
    bumpMs: 60_000,
    pollMs: 10,
    takenDepthBlocks: 3,
    clock: systemClock,
    log,
    ...more,
  });
}

let payees = 0;
/** An address that nobody has used before. */
export function freshPayee(): Hex {
  payees += 1;
  return `0x${(0x70_0000_0000n + BigInt(payees)).toString(16).padStart(40, '0')}`;
}

export function payment(id: string, to: Hex, value = 1000n, confirmations = 1): Intent {
  return { id, to, data: '0x', value, confirmations };
}

/** Tries until it holds; a busy machine is given time. */
export function soon<T>(work: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(work, { timeout: 60_000, interval: 20 });
}
