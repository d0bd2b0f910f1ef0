import { DOMAIN_NAME, DOMAIN_VERSION, DONATION_TYPE, DONOR_ACT_TYPE, type Domain, LIMIT_CHANGE_TYPE } from '@tallystick/core';

const DOMAIN_MEMBERS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
] as const;

type Member = { readonly name: string; readonly type: string };

/** What a donor's wallet needs to sign (`eth_signTypedData_v4`): the domain, and the types of all that a donor can say. */
export function signingView(domain: Domain): Readonly<Record<string, unknown>> {
  const { chainId, verifyingContract } = domain;
  const structs = [DONATION_TYPE, DONOR_ACT_TYPE, LIMIT_CHANGE_TYPE].map(structOf);
  return {
    domain: { name: DOMAIN_NAME, version: DOMAIN_VERSION, chainId: String(chainId), verifyingContract },
    types: { EIP712Domain: DOMAIN_MEMBERS, ...Object.fromEntries(structs) },
  };
}

/** `Name(type a,type b)` as wallets want it. */
function structOf(type: string): readonly [string, readonly Member[]] {
  const [, primaryType = '', members = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? [];
  const fields = members.split(',').map((member) => {
    const [kind = '', name = ''] = member.split(' ');
    return { name, type: kind };
  });
  return [primaryType, fields];
}
