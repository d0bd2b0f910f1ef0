/**
 * Every contract that can be deployed. `npm run contracts` compiles them and writes `artifacts/`; the plan of a deployment names them.
 * The compiler's output of each is in the file of its name. AccessManager is OpenZeppelin's, taken as it is.
 */
export const DEPLOYABLES = [
  'AccessManager',
  'AIToken',
  'AITokenMinter',
  'BlsScheme',
  'CapabilityAuthority',
  'ChainRegistry',
  'CreditToken',
  'CreditVault',
  'EcdsaScheme',
  'MigrationClaims',
  'MigrationManifest',
  'OracleFaults',
  'OrderSettlement',
  'ParamGovernor',
  'PaymentEscrow',
  'ProviderRegistry',
  'QuorumVerifier',
  'ReceiptFaults',
  'SessionChannels',
  'SettlementTreasury',
  'StakeManager',
  'TestAsset',
  'UsageReceipts',
] as const;

export type Deployable = (typeof DEPLOYABLES)[number];

/** `AITokenMinter` is `aiTokenMinter` in TypeScript, `SessionChannels` is `sessionChannels`. */
export function variableOf(name: string): string {
  const head = /^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/.exec(name)?.[0] ?? '';
  return head.toLowerCase() + name.slice(head.length);
}
