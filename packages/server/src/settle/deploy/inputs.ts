/** What a deployment is asked for, checked before anything is sent. */

import type { Role } from '@tallystick/contracts/roles';
import { TallyError } from '@tallystick/core';
import { type Address, getAddress, isAddress, zeroAddress } from 'viem';
import { devAddress, isDevAddress, NETWORKS, type Network, type NetworkName } from './networks.ts';
import { DEFAULT_SETTINGS } from './params.ts';
import { DEFAULT_SPLIT, type Given } from './plan.ts';

export type Holders = Readonly<Record<Role, Address>>;

/** As the command line or the embedded chain gives it. */
export type DeployInput = {
  readonly network: string;
  readonly governor?: string | undefined;
  readonly guardian?: string | undefined;
  readonly arbiter?: string | undefined;
  readonly registrar?: string | undefined;
  readonly proposer?: string | undefined;
  readonly reserve?: string | undefined;
  readonly protocol?: string | undefined;
  readonly slashBeneficiary?: string | undefined;
  /** Unix seconds. */
  readonly launchAt?: number | undefined;
};

export type DeployOrder = {
  readonly network: Network;
  readonly holders: Holders;
  /** All but the asset, which on a local chain is deployed first. */
  readonly given: Omit<Given, 'asset'>;
};

const DAY_S = 86_400n;
const HOUR_S = 3_600n;

/** Who acts on a local chain: accounts 0 to 7 of the phrase that every development chain has. */
const LOCAL = { governor: 0, guardian: 1, arbiter: 2, registrar: 3, proposer: 4, reserve: 5, protocol: 6, slashBeneficiary: 7 } as const;
type Party = keyof typeof LOCAL;

/**
 * @param now Unix seconds: the launch, where none is given.
 * @throws INPUT_INVALID, DEPLOY_REFUSED
 */
export function readOrder(input: DeployInput, now: bigint): DeployOrder {
  const network = networkOf(input.network);
  const party = (name: Party): Address => {
    const text = input[name];
    if (text === undefined && network.asset === null) return devAddress(LOCAL[name]);
    if (text === undefined) throw new TallyError('INPUT_INVALID', `--${flagOf(name)} is missing: off a local chain each party is named.`);
    return partyAddress(network, name, text);
  };
  const holders: Holders = {
    GOVERNOR: party('governor'),
    GUARDIAN: party('guardian'),
    ARBITER: party('arbiter'),
    REGISTRAR: party('registrar'),
    PROPOSER: party('proposer'),
  };
  // The governor acts late and the guardian at once: one account in both would have the sum of what each may do.
  if (network.asset !== null && holders.GOVERNOR === holders.GUARDIAN) {
    throw new TallyError('DEPLOY_REFUSED', 'The governor and the guardian must be two accounts.');
  }
  // One account in both would decide the appeals against its own proposals: half of every stake would be its to slash.
  if (network.asset !== null && holders.ARBITER === holders.PROPOSER) {
    throw new TallyError('DEPLOY_REFUSED', 'The arbiter and the proposer must be two accounts.');
  }
  // Slashed wei is this account's: nobody may gain by proposing a slash or by upholding one.
  if (network.asset !== null && [holders.PROPOSER, holders.ARBITER].includes(party('slashBeneficiary'))) {
    throw new TallyError('DEPLOY_REFUSED', 'The slash beneficiary must be neither the proposer nor the arbiter.');
  }
  const given = {
    launchAt: input.launchAt === undefined ? now : BigInt(input.launchAt),
    timelock: network.asset === null ? HOUR_S : 2n * DAY_S,
    settings: DEFAULT_SETTINGS,
    slashBeneficiary: party('slashBeneficiary'),
    reserve: party('reserve'),
    protocol: party('protocol'),
    split: DEFAULT_SPLIT,
  };
  return { network, holders, given };
}

export function networkOf(name: string): Network {
  if (Object.hasOwn(NETWORKS, name)) return NETWORKS[name as NetworkName];
  throw new TallyError('INPUT_INVALID', `--network must be one of ${Object.keys(NETWORKS).join(', ')}.`);
}

function partyAddress(network: Network, name: Party, text: string): Address {
  // Strict: a letter of the wrong case is a typing error that the checksum has found.
  if (!isAddress(text)) throw new TallyError('INPUT_INVALID', `--${flagOf(name)} is no address, or its checksum is wrong.`);
  if (text === zeroAddress) throw new TallyError('INPUT_INVALID', `--${flagOf(name)} is the zero address.`);
  if (network.asset !== null && isDevAddress(text)) {
    throw new TallyError('DEPLOY_REFUSED', `--${flagOf(name)} is an account of the development phrase: everybody has its key.`);
  }
  return getAddress(text);
}

export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
