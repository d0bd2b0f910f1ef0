import { z } from 'zod';
import { type WalletWord, wordSchema } from '#pool';

/** What a body says of who it is from: a wallet's word, where it is not a token's. */
export const person = { donor_address: z.string().max(128).optional(), auth: wordSchema.optional() };

type Person = { readonly donor_address?: string | undefined; readonly auth?: z.output<typeof wordSchema> | undefined };

export function wordOf({ donor_address, auth }: Person): WalletWord | null {
  return auth === undefined ? null : { ...auth, donor: auth.donor ?? donor_address ?? '' };
}
