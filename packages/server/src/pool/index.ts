/** The donation pool: what it keeps, beside the books. */
export type { DonatedSources, DonationDeps, Probed, Prober } from './donations/deps.ts';
export { DONATION_KIND, type Donation, type DonationState, limitOf, type StoredDonation } from './donations/donation.ts';
export { Donations } from './donations/donations.ts';
export { type Gift, parse, readGift, wordSchema } from './donations/input.ts';
export type { Hand, Lowering } from './donations/life.ts';
export { type BuiltIns, Providers } from './donations/providers.ts';
export { type DonationView, stateOf } from './donations/view.ts';
export type { DonorAccount } from './donors/accounts.ts';
export { accountDonor, type Donor, isWallet } from './donors/donor.ts';
export type { Credentials, DonorAuth, WalletWord } from './donors/donor-auth.ts';
export { signingView } from './donors/signing.ts';
export { amount, Store, type Stored, writeTogether } from './store.ts';
