/** Receipts: signing the lane, and handing receipts out. */
export { type ReceiptAnswer, type ReceiptsDeps, receiptAnswer } from './receipts.ts';
export { ReceiptSigner, type SignerDeps } from './signer.ts';
