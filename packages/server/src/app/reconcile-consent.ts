import {
  AMOUNT_MAX,
  DOMAIN_NAME,
  DOMAIN_VERSION,
  type Domain,
  type Hex,
  RECONCILE_CONSENT_TYPE,
  type ReconcileConsentTerms,
  reconcileConsentSigner,
  TallyError,
} from '@tallystick/core';
import type { Vault } from '#vault';

/** What the donor signed: the most that is given back, tokens. */
export type Consent = { readonly amount: bigint; readonly signature: Hex };

const OPERATOR = 'operator';

/** @returns the donor's address, or null for the operator's own key, which needs nobody's consent. @throws STATE_INVALID */
export function donorOf(vault: Vault, id: string): string | null {
  const meta = vault.list().find((secret) => secret.id === id);
  if (meta === undefined) {
    throw new TallyError('STATE_INVALID', 'The source’s secret is not here, so it is not known who gave it, nor who may agree to this.');
  }
  return meta.donor === OPERATOR ? null : meta.donor;
}

/**
 * How much may be given back: with tokens that come back more can be spent of the donor's key, so that is the donor's to say.
 * @throws INPUT_INVALID where the consent is not the donor's, or not for exactly this.
 */
export function allowedBy(
  donor: string | null,
  consent: Consent | null,
  terms: Omit<ReconcileConsentTerms, 'amount'>,
  domain: Domain,
): bigint {
  if (donor === null) return AMOUNT_MAX;
  if (consent === null) return 0n;
  if (signerOf({ ...terms, amount: consent.amount }, domain, consent.signature) === donor) return consent.amount;
  throw new TallyError('INPUT_INVALID', 'The consent is not the donor’s signature for this interval, export and amount.', {
    field: 'consent',
  });
}

function signerOf(terms: ReconcileConsentTerms, domain: Domain, signature: Hex): Hex | null {
  try {
    return reconcileConsentSigner(terms, domain, signature);
  } catch {
    return null;
  }
}

const DOMAIN_TYPE = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];

/** What the donor's wallet is given to sign (`eth_signTypedData_v4`). */
export function consentRequest(donor: string, terms: ReconcileConsentTerms, domain: Domain): Readonly<Record<string, unknown>> {
  const [, primaryType = '', members = ''] = /^(\w+)\((.*)\)$/.exec(RECONCILE_CONSENT_TYPE) ?? [];
  const types = members.split(',').map((member) => {
    const [type = '', name = ''] = member.split(' ');
    return { name, type };
  });
  const { chainId, verifyingContract } = domain;
  return {
    donor,
    typed_data: {
      domain: { name: DOMAIN_NAME, version: DOMAIN_VERSION, chainId: String(chainId), verifyingContract },
      types: { EIP712Domain: DOMAIN_TYPE, [primaryType]: types },
      primaryType,
      message: { ...terms, amount: String(terms.amount) },
    },
  };
}
