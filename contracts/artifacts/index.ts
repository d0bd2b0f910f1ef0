/** Written by `npm run contracts` from the Solidity sources: not to be edited. */
import { accessManager } from './AccessManager.ts';
import { aiToken } from './AIToken.ts';
import { aiTokenMinter } from './AITokenMinter.ts';
import { blsScheme } from './BlsScheme.ts';
import { capabilityAuthority } from './CapabilityAuthority.ts';
import { chainRegistry } from './ChainRegistry.ts';
import { creditToken } from './CreditToken.ts';
import { creditVault } from './CreditVault.ts';
import { ecdsaScheme } from './EcdsaScheme.ts';
import { migrationClaims } from './MigrationClaims.ts';
import { migrationManifest } from './MigrationManifest.ts';
import { oracleFaults } from './OracleFaults.ts';
import { orderSettlement } from './OrderSettlement.ts';
import { paramGovernor } from './ParamGovernor.ts';
import { paymentEscrow } from './PaymentEscrow.ts';
import { providerRegistry } from './ProviderRegistry.ts';
import { quorumVerifier } from './QuorumVerifier.ts';
import { receiptFaults } from './ReceiptFaults.ts';
import { sessionChannels } from './SessionChannels.ts';
import { settlementTreasury } from './SettlementTreasury.ts';
import { stakeManager } from './StakeManager.ts';
import { testAsset } from './TestAsset.ts';
import { usageReceipts } from './UsageReceipts.ts';

export { accessManager, accessManagerAbi } from './AccessManager.ts';
export { aiToken, aiTokenAbi } from './AIToken.ts';
export { aiTokenMinter, aiTokenMinterAbi } from './AITokenMinter.ts';
export { blsScheme, blsSchemeAbi } from './BlsScheme.ts';
export { capabilityAuthority, capabilityAuthorityAbi } from './CapabilityAuthority.ts';
export { chainRegistry, chainRegistryAbi } from './ChainRegistry.ts';
export { creditToken, creditTokenAbi } from './CreditToken.ts';
export { creditVault, creditVaultAbi } from './CreditVault.ts';
export { ecdsaScheme, ecdsaSchemeAbi } from './EcdsaScheme.ts';
export { migrationClaims, migrationClaimsAbi } from './MigrationClaims.ts';
export { migrationManifest, migrationManifestAbi } from './MigrationManifest.ts';
export { oracleFaults, oracleFaultsAbi } from './OracleFaults.ts';
export { orderSettlement, orderSettlementAbi } from './OrderSettlement.ts';
export { paramGovernor, paramGovernorAbi } from './ParamGovernor.ts';
export { paymentEscrow, paymentEscrowAbi } from './PaymentEscrow.ts';
export { providerRegistry, providerRegistryAbi } from './ProviderRegistry.ts';
export { quorumVerifier, quorumVerifierAbi } from './QuorumVerifier.ts';
export { receiptFaults, receiptFaultsAbi } from './ReceiptFaults.ts';
export { sessionChannels, sessionChannelsAbi } from './SessionChannels.ts';
export { settlementTreasury, settlementTreasuryAbi } from './SettlementTreasury.ts';
export { stakeManager, stakeManagerAbi } from './StakeManager.ts';
export { testAsset, testAssetAbi } from './TestAsset.ts';
export { usageReceipts, usageReceiptsAbi } from './UsageReceipts.ts';

/** Each contract by its name in Solidity. */
export const artifacts = {
  AccessManager: accessManager,
  AIToken: aiToken,
  AITokenMinter: aiTokenMinter,
  BlsScheme: blsScheme,
  CapabilityAuthority: capabilityAuthority,
  ChainRegistry: chainRegistry,
  CreditToken: creditToken,
  CreditVault: creditVault,
  EcdsaScheme: ecdsaScheme,
  MigrationClaims: migrationClaims,
  MigrationManifest: migrationManifest,
  OracleFaults: oracleFaults,
  OrderSettlement: orderSettlement,
  ParamGovernor: paramGovernor,
  PaymentEscrow: paymentEscrow,
  ProviderRegistry: providerRegistry,
  QuorumVerifier: quorumVerifier,
  ReceiptFaults: receiptFaults,
  SessionChannels: sessionChannels,
  SettlementTreasury: settlementTreasury,
  StakeManager: stakeManager,
  TestAsset: testAsset,
  UsageReceipts: usageReceipts,
} as const;
