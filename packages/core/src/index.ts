export * from './bounds/proof.ts';
export * from './errors.ts';
export * from './facts/types.ts';
export * from './receipt/types.ts';
export * from './units.ts';
export * from './usage/usage.ts';
