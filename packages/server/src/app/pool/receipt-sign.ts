import { addressOfSecretKey, type Hex, signDigest } from '@tallystick/core';
import type { Vault } from '#vault';

/** Signs with the key that signs the gateway's receipts; the key itself is in memory only for that moment. */
export function receiptSign(vault: Pick<Vault, 'derive'>): (digest: Hex) => { readonly signature: Hex; readonly signer: Hex } {
  return (digest) => {
    const key = vault.derive('receipt-signer');
    try {
      return { signature: signDigest(digest, key), signer: addressOfSecretKey(key) };
    } finally {
      key.fill(0);
    }
  };
}
