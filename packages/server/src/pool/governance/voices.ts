import { TallyError } from '@tallystick/core';
import type { Stores } from '../donations/stores.ts';
import { type Donor, isWallet } from '../donors/donor.ts';
import type { VotePower } from './vote-power.ts';

export type VoicesDeps = { readonly pace: Pick<Stores['pace'], 'get'>; readonly power: VotePower };

/**
 * Whom the pool listens to. A wallet costs nobody anything, so that one has signed says nothing yet: it may propose, and read what others
 * propose, once a key that it gave was accepted. The accounts of donors are the operator's own choice.
 */
export class Voices {
  readonly #deps: VoicesDeps;

  constructor(deps: VoicesDeps) {
    this.#deps = deps;
  }

  /** @param simulated as of `VotePower`. @throws FORBIDDEN */
  async check(donor: Donor, simulated: boolean): Promise<void> {
    if (!(await this.isHeard(donor, simulated))) throw new TallyError('FORBIDDEN', STRANGER);
  }

  async isHeard(donor: Donor, simulated: boolean): Promise<boolean> {
    if (!isWallet(donor)) return true;
    // The crowd of strangers costs one read each, however many gifts there are.
    return (await this.#deps.pace.get(donor)) !== null && ((await this.#deps.power.weights(simulated)).get(donor) ?? 0n) > 0n;
  }

  /** The same as far as it is known without a look at all gifts. @throws FORBIDDEN */
  async checkKnown(donor: Donor): Promise<void> {
    if (isWallet(donor) && (await this.#deps.pace.get(donor)) === null) throw new TallyError('FORBIDDEN', STRANGER);
  }
}

const STRANGER = 'Only who has given something to the pool has a say in it.';
