import type { Job } from './load.ts';

export type SubjectName = 'ledger' | 'bare';

/** What the process of one subject is asked. */
export type Ask =
  | { readonly kind: 'open'; readonly subject: SubjectName; readonly folder: string }
  | { readonly kind: 'load'; readonly job: Job }
  | { readonly kind: 'verify' | 'receipts' }
  | { readonly kind: 'close' };

/** Accounts are opened in new books after the time is taken. */
export type Opened = { readonly openMs: number };
