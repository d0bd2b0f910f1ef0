import { artifacts } from '@tallystick/contracts';
import { CHAIN_CONTRACTS, type Hex, TallyError } from '@tallystick/core';
import { Contracts } from './contracts.ts';

export type DeployedAddresses = {
  readonly registry: string;
  readonly contracts: Readonly<Record<string, { readonly address: string }>>;
};

/**
 * The contracts of a deployment, with their ABIs. Those of them that tell nothing of the books (the authority, the schemes) are left out.
 * @param deployment addresses by the contracts' names, and the registry's, as `deployment.json` has them.
 * @throws TallyError INPUT_INVALID where there is no vault: without it the books of money cannot be checked.
 */
export function deployedContracts(deployment: DeployedAddresses): Contracts {
  const addresses = { ...deployment.contracts, ChainRegistry: { address: deployment.registry } };
  if (deployment.contracts['CreditVault'] === undefined) throw new TallyError('INPUT_INVALID', 'The deployment has no vault.');
  const found = CHAIN_CONTRACTS.flatMap((name) => {
    const place = (addresses as DeployedAddresses['contracts'])[name];
    return place === undefined ? [] : [{ name, address: place.address as Hex, abi: artifacts[name].abi }];
  });
  return new Contracts(found);
}
