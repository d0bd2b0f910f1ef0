/** What is deployed, in which order and with which arguments: data, so that it can be read, printed and tested before anything is sent. */
import type { Deployable } from '@tallystick/contracts/deployables';
import type { Address } from 'viem';
import type { Setting } from './params.ts';

/** What the registry deploys. The contracts of a migration are deployed when there is one: they name their destination. */
export type ContractName = Exclude<Deployable, 'AccessManager' | 'ChainRegistry' | 'MigrationManifest' | 'MigrationClaims'>;

/** What a deployment is told, and does not find out by itself. */
export type Given = {
  readonly asset: Address;
  /** Unix seconds. The lockout of 90 days counts from it; nobody can change it afterwards. */
  readonly launchAt: bigint;
  /** Seconds between proposing a parameter and applying it. */
  readonly timelock: bigint;
  readonly settings: readonly Setting[];
  /** Where slashed stakes go, the reserve's share, and the protocol's share. */
  readonly slashBeneficiary: Address;
  readonly reserve: Address;
  readonly protocol: Address;
  readonly split: { readonly oraclesBps: number; readonly reserveBps: number; readonly protocolBps: number };
};

/** An argument: another contract's address (known beforehand, so circles are no problem), several, the authority's, or something given. */
export type Value =
  | { readonly contract: ContractName }
  | { readonly contracts: readonly ContractName[] }
  | { readonly authority: true }
  | { readonly given: keyof Given };

export type PlannedContract = {
  readonly name: ContractName;
  /** On local chains only. */
  readonly localOnly?: true;
  /** By the constructor's own names, less the underscore at their end. */
  readonly args: Readonly<Record<string, Value>>;
};

const of = (name: ContractName): Value => ({ contract: name });
const given = (name: keyof Given): Value => ({ given: name });
const authority: Value = { authority: true };
const governor = of('ParamGovernor');
const providers = of('ProviderRegistry');
const stakes = of('StakeManager');
const quorum = of('QuorumVerifier');
const receipts = of('UsageReceipts');
const provers = { receiptFaults: of('ReceiptFaults'), oracleFaults: of('OracleFaults') };

/** Version 1 of everything. Later versions are deployed by the governor, through the same registry. */
export const PLAN: readonly PlannedContract[] = [
  { name: 'TestAsset', localOnly: true, args: {} },
  { name: 'ParamGovernor', args: { authority, timelock: given('timelock'), launchAt: given('launchAt'), settings: given('settings') } },
  // Credits move where these move them, and nowhere else.
  { name: 'CreditToken', args: { asset: given('asset'), governor, authority, venues: { contracts: ['CreditVault', 'OrderSettlement'] } } },
  { name: 'CreditVault', args: { credits: of('CreditToken'), channels: of('SessionChannels'), treasury: of('SettlementTreasury') } },
  { name: 'SessionChannels', args: { vault: of('CreditVault'), registry: providers, governor } },
  {
    name: 'SettlementTreasury',
    args: {
      vault: of('CreditVault'),
      registry: providers,
      verifier: quorum,
      authority,
      split: given('split'),
      reservePayout: given('reserve'),
      protocolPayout: given('protocol'),
    },
  },
  { name: 'ProviderRegistry', args: { authority, governor, stakes } },
  { name: 'CapabilityAuthority', args: { authority } },
  { name: 'StakeManager', args: { authority, governor, beneficiary: given('slashBeneficiary'), providers, ...provers } },
  { name: 'PaymentEscrow', args: { authority, governor, beneficiary: given('slashBeneficiary') } },
  { name: 'BlsScheme', args: {} },
  { name: 'EcdsaScheme', args: {} },
  { name: 'QuorumVerifier', args: { authority, governor, stakes } },
  { name: 'UsageReceipts', args: { governor, registry: providers, quorum, prover: of('ReceiptFaults') } },
  { name: 'ReceiptFaults', args: { receipts, stakes } },
  { name: 'OracleFaults', args: { receipts, quorum, stakes, faults: of('ReceiptFaults') } },
  { name: 'AIToken', args: { minter: of('AITokenMinter') } },
  { name: 'AITokenMinter', args: { token: of('AIToken'), receipts, treasury: of('SettlementTreasury'), registry: providers, governor } },
  { name: 'OrderSettlement', args: { authority, governor } },
];

/** A call that the authority makes once, before the roles hold. */
export type SetupCall = { readonly on: ContractName; readonly call: string; readonly args: readonly (ContractName | boolean)[] };

export const SETUP: readonly SetupCall[] = [
  { on: 'QuorumVerifier', call: 'admitScheme', args: ['BlsScheme', true] },
  { on: 'QuorumVerifier', call: 'admitScheme', args: ['EcdsaScheme', true] },
  { on: 'OrderSettlement', call: 'admitToken', args: ['CreditToken', true] },
  { on: 'OrderSettlement', call: 'admitToken', args: ['AIToken', true] },
];

/** 92 of 100 go to the provider: what the others leave. */
export const DEFAULT_SPLIT = { oraclesBps: 200, reserveBps: 300, protocolBps: 300 } as const;
