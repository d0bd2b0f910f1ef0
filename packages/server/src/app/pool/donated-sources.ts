import type { DonatedSources } from '#pool';
import type { Daemon } from '../daemon.ts';
import { sealAndAdd } from '../seal-and-add.ts';

/** Donated sources are sealed, booked and served by the steps of the operator's own. */
export function donatedSources(daemon: Pick<Daemon, 'vault' | 'ledger' | 'front' | 'tariffs' | 'checkpoint'>): DonatedSources {
  return {
    add: (row, accounts, donor, secret) => sealAndAdd(daemon, { row, accounts, donor, secret }),
    remove: (id) => daemon.front.sources.remove(id),
  };
}
