/** Who gives: `0x…`, a wallet's address in lower case, or `account:` and the UUID of an account that the operator made. */
export type Donor = `0x${string}` | `account:${string}`;

const WALLET = /^0x[0-9a-f]{40}$/;

export function isWallet(donor: string): donor is `0x${string}` {
  return WALLET.test(donor);
}

export function accountDonor(id: string): Donor {
  return `account:${id}`;
}
