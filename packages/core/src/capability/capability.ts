import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * A right to call, in place of a static key: signed off chain by an issuer that `CapabilityAuthority` knows, and checked off chain.
 * Its EIP-712 domain is that contract. `notBefore` and `notAfter` in Unix seconds, `budget` in credit base units.
 */
export type Capability = {
  /** Random. */
  readonly id: Hex;
  readonly issuer: Hex;
  readonly tenantId: Hex;
  /** RFC 7638 thumbprint of the key that proves possession on each call. */
  readonly subjectKey: Hex;
  /** The gateway that it is for; zero for any. */
  readonly audience: Hex;
  readonly budget: bigint;
  readonly notBefore: bigint;
  /** The first second in which it does not hold any more. */
  readonly notAfter: bigint;
  /** The issuer's epoch: raising that voids all capabilities of the one before. */
  readonly issuerEpoch: bigint;
  /** Of what it may be used for. */
  readonly policyHash: Hex;
};

export const CAPABILITY_TYPE =
  'Capability(bytes32 id,address issuer,bytes32 tenantId,bytes32 subjectKey,bytes32 audience,uint128 budget,' +
  'uint64 notBefore,uint64 notAfter,uint64 issuerEpoch,bytes32 policyHash)';
const TYPE_HASH = typeHash(CAPABILITY_TYPE);

/** Seconds: the longest that a capability may live, 90 days. */
export const CAPABILITY_LIFETIME_MAX = 90n * 86_400n;

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function capabilityHash(capability: Capability): Hex {
  return new Packer(11 * 32)
    .bytes32(TYPE_HASH, 'capability type')
    .bytes32(capability.id, 'id')
    .address(capability.issuer, 'issuer')
    .bytes32(capability.tenantId, 'tenantId')
    .bytes32(capability.subjectKey, 'subjectKey')
    .bytes32(capability.audience, 'audience')
    .word(128, capability.budget, 'budget')
    .word(64, capability.notBefore, 'notBefore')
    .word(64, capability.notAfter, 'notAfter')
    .word(64, capability.issuerEpoch, 'issuerEpoch')
    .bytes32(capability.policyHash, 'policyHash')
    .keccak();
}

/** What the issuer signs. @param domain that of `CapabilityAuthority`. @throws TallyError INPUT_INVALID */
export function capabilityDigest(domain: Domain, capability: Capability): Hex {
  return typedDigest(domain, capabilityHash(capability));
}
