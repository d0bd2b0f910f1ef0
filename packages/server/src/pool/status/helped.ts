import { z } from 'zod';
import type { Ledger, OutboxEvent } from '#ledger';
import { Store } from '../store.ts';

const eventCodec = z.object({ sourceId: z.string(), keyId: z.string(), charged: z.string() });
const helpCodec = z.strictObject({});
/** Pairs remembered, so that a task's many calls on one key write once. */
const SEEN_MAX = 10_000;

export type HelpedDeps = { readonly ledger: Pick<Ledger, 'key' | 'record' | 'records' | 'writeRecords' | 'recordStates'> };

/**
 * Which donated keys paid for which tasks, from the books' own settlements: a record for each pair. A task's virtual key, its budget and the task
 * itself have one id.
 */
export class Helped {
  readonly #ledger: HelpedDeps['ledger'];
  readonly #store: Store<z.output<typeof helpCodec>>;
  readonly #isTask = new Map<string, boolean>();
  readonly #seen = new Set<string>();

  constructor({ ledger }: HelpedDeps) {
    this.#ledger = ledger;
    this.#store = new Store(ledger, 'pool.help', helpCodec);
  }

  /** @param event of topic `receipt.settled`. */
  async take(event: OutboxEvent): Promise<void> {
    const { sourceId, keyId, charged } = eventCodec.parse(JSON.parse(event.body));
    const id = `${sourceId}/${keyId}`;
    if (charged === '0' || this.#seen.has(id) || !(await this.#isOfTask(keyId))) return;
    if ((await this.#store.get(id)) === null) await this.#ledger.writeRecords([this.#store.creating(id, {}, 'helped')]);
    if (this.#seen.size >= SEEN_MAX) this.#seen.clear();
    this.#seen.add(id);
  }

  async #isOfTask(keyId: string): Promise<boolean> {
    const known = this.#isTask.get(keyId);
    if (known !== undefined) return known;
    const isOfTask = (await this.#ledger.key(keyId))?.use === 'pool';
    if (this.#isTask.size >= SEEN_MAX) this.#isTask.clear();
    this.#isTask.set(keyId, isOfTask);
    return isOfTask;
  }

  /** Task ids by donation id. */
  async tasks(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, Set<string>>();
    for await (const { id } of this.#store.all()) {
      const [sourceId = '', taskId = ''] = id.split('/');
      found.set(sourceId, (found.get(sourceId) ?? new Set()).add(taskId));
    }
    return found;
  }
}
