import type { HoldRefusal } from './types.ts';

/** An answer to keep for a retry of its call. */
export type NewReplay = {
  /** The receipt of the attempt that it answers. */
  readonly receiptId: string;
  /** Unix ms. */
  readonly expiresAt: number;
  /** Opens under the caller's virtual key only. */
  readonly sealed: Uint8Array;
};

export type KeptReplay =
  | { readonly result: 'kept'; readonly callId: string; readonly expiresAt: number; readonly sealed: Uint8Array }
  /** Never kept, expired, or dropped since. */
  | { readonly result: 'none' }
  /** A hold on these accounts would be refused whatever is left of them, so nothing is given out either. */
  | { readonly result: 'refused'; readonly refusal: HoldRefusal };
