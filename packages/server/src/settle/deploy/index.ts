/** Deployment of the contracts: a plan as data, addresses that are known beforehand, and the steps that carry it out. */
export { FEE_MAX } from './fees.ts';
export { networkOf } from './inputs.ts';
export type { KeyInput } from './key.ts';
export { deployLocal } from './local.ts';
export { deployOrder, type OrderInput, planOf, type Rehearsal, rehearse } from './order.ts';
export { type DeploymentRecord, readRecord } from './record.ts';
export type { DeployView } from './view.ts';
