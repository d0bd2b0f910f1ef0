export type { AuditEntry } from '@tallystick/core';
export { acceptInvitation, type JoinOptions } from './invitation.ts';
export { type Kms, kmsMaster } from './kms.ts';
export { createMaster, loadMaster, type MasterKeySource } from './master.ts';
export { type OpenVaultOptions, openVault } from './open-vault.ts';
export type {
  AccountHead,
  AuditProof,
  EffectiveLimits,
  Generation,
  HeadFinding,
  LimitChange,
  SealedMeta,
  ShredMode,
  Ticket,
  Vault,
} from './types.ts';
export { PERMIT_KEY_PURPOSE } from './vault.ts';
