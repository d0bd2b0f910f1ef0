import { BREACH_FORMAT, type Breach, breachDigest, breachSchema, type Hex, type SignedBreach, TallyError } from '@tallystick/core';
import { z } from 'zod';
import { type Ledger, type OutboxEvent, providerGate } from '#ledger';
import type { Vault } from '#vault';
import { Store, type Stored } from '../store.ts';
import type { Stops } from './stops.ts';

/** Of `source.overrun`, as the ledger writes it: decimal strings. */
const eventCodec = z.object({
  holdId: z.string(),
  receiptId: z.string(),
  held: z.string(),
  actual: z.string(),
  excess: z.string(),
  spent: z.string(),
  overrun: z.string(),
  limit: z.string(),
  head: z.string(),
});

const recordCodec = z.strictObject({
  evidence: breachSchema,
  signature: z.custom<Hex>((value) => typeof value === 'string'),
  signer: z.custom<Hex>((value) => typeof value === 'string'),
  /** Whether the pool was stopped for it. */
  stopped: z.boolean(),
  /** Of its audit entry, on the host that filed it; null until then. */
  auditSeq: z.int().nullable(),
});
type BreachRecord = z.output<typeof recordCodec>;

export type BreachView = SignedBreach & { readonly stopped: boolean; readonly filed: boolean };

export type BreachesDeps = {
  readonly ledger: Pick<Ledger, 'sources' | 'record' | 'records' | 'writeRecords' | 'recordStates'>;
  readonly vault: Pick<Vault, 'audit' | 'auditAbout' | 'auditEntries'>;
  readonly stops: Pick<Stops, 'stop'>;
  /** By the key that signs the gateway's receipts. */
  readonly sign: (digest: Hex) => { readonly signature: Hex; readonly signer: Hex };
  /** `stop`: the whole pool stops until the operator has looked; `freeze`: the key alone, which the ledger has frozen already. */
  readonly policy: 'stop' | 'freeze';
};

/**
 * An upstream that billed beyond what was held for a call of the pool. The ledger has frozen the key with the settlement that showed it; here the pool is
 * stopped, and evidence is signed and filed. A crash between any two steps is gone over by taking the event again.
 */
export class Breaches {
  readonly #deps: BreachesDeps;
  readonly #store: Store<BreachRecord>;

  constructor(deps: BreachesDeps) {
    this.#deps = deps;
    this.#store = new Store(deps.ledger, 'pool.breach', recordCodec);
  }

  /** @param event of topic `source.overrun`. */
  async take(event: OutboxEvent): Promise<void> {
    const row = (await this.#deps.ledger.sources()).find(({ id }) => id === event.subject);
    // The operator's own sources are no gifts: for them a frozen source is all.
    if (row?.pool !== true) return;
    const { holdId, receiptId, held, ...sums } = eventCodec.parse(JSON.parse(event.body));
    const known = await this.#store.get(holdId);
    if (known?.state === 'filed') return;
    const gate = row.groups.find((id) => id.startsWith(providerGate('')));
    const evidence: Breach = {
      format: BREACH_FORMAT,
      source_id: row.id,
      provider: gate?.slice(providerGate('').length) ?? row.provider,
      hold_id: holdId,
      receipt_id: receiptId,
      bound: held,
      ...sums,
      at: event.at,
    };
    // First of all nothing more is sent.
    const stopped = await this.#stop(evidence);
    await this.#file(known ?? (await this.#found(evidence, stopped)));
  }

  async #stop({ source_id, hold_id, excess }: Breach): Promise<boolean> {
    if (this.#deps.policy === 'freeze') return false;
    await this.#deps.stops.stop(
      { of: 'pool' },
      `a call on key ${source_id} was billed ${excess} tokens beyond its limit`,
      `breach:${hold_id}`,
    );
    return true;
  }

  async #found(evidence: Breach, stopped: boolean): Promise<Stored<BreachRecord>> {
    const record = { evidence, ...this.#deps.sign(breachDigest(evidence)), stopped, auditSeq: null };
    return this.#store.create(evidence.hold_id, record, 'found').catch(async (error: unknown) => {
      // Another host was quicker.
      if (error instanceof TallyError && error.code === 'STATE_INVALID') return this.#store.existing(evidence.hold_id);
      throw error;
    });
  }

  async #file({ id, state, value: { evidence, signature, stopped } }: Stored<BreachRecord>): Promise<void> {
    if (state === 'filed') return;
    const { vault } = this.#deps;
    const { source_id, receipt_id, bound, actual, excess, at } = evidence;
    const said = vault.auditAbout(source_id).find((seq) => {
      const [entry] = vault.auditEntries(seq, 1);
      return entry?.kind === BREACH_ENTRY && entry.data['hold_id'] === id;
    });
    const data = { hold_id: id, receipt_id, bound, actual, excess, at, stopped, signature };
    const auditSeq = said ?? (await vault.audit(BREACH_ENTRY, source_id, data));
    await this.#store.update(id, (value) => ({ ...value, auditSeq }), 'filed');
  }

  /** In the order of the calls. @param after the last one's `hold_id`. */
  async list(limit: number, after?: string): Promise<readonly BreachView[]> {
    const found = await this.#store.list({ limit, ...(after === undefined ? {} : { after }) });
    return found.map(({ state, value: { evidence, signature, signer, stopped } }) => ({
      evidence,
      signature,
      signer,
      stopped,
      filed: state === 'filed',
    }));
  }
}

const BREACH_ENTRY = 'pool.breach';
