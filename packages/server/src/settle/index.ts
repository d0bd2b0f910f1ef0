/** Receipts: signing the lane, and handing receipts out. */
export { type ReceiptAnswer, type ReceiptsDeps, receiptAnswer } from './receipts.ts';
export { ReceiptSigner, type SignerDeps } from './signer.ts';

/** Deploying contracts, loaded when it is asked for: a gateway that serves callers needs none of it in memory. */
export const loadDeploy = () => import('./deploy/index.ts');

/** The client of the chain and its watcher, loaded when it is asked for. */
export const loadChain = () => import('./chain/index.ts');
