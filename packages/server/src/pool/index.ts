/** The donation pool: what it keeps, beside the books. */
export { amount, Store, type Stored, writeTogether } from './store.ts';
