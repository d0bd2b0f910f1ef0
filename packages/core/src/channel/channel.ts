import { hashArray, typedDigest, typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import { USAGE_CLAIM_TYPE, type UsageClaim, usageClaimHash } from '../receipt/settlement.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * What a tenant signs, once, for a payment channel (`ISessionChannels.ChannelConfig`). Field order is the EIP-712 order and is frozen.
 * `ceiling` in credit base units; `validUntil` in Unix seconds (the chain's clock); `withdrawDelay` in seconds.
 */
export type ChannelConfig = {
  readonly tenant: Hex;
  readonly payerAuthorizer: Hex;
  readonly providerId: Hex;
  readonly ceiling: bigint;
  readonly validUntil: bigint;
  readonly withdrawDelay: number;
  readonly salt: Hex;
};

/** The claims of one call of `claimMany`, as the provider's signer signs them together for somebody else to send. */
export type UsageClaims = { readonly claims: readonly UsageClaim[] };

export const CHANNEL_CONFIG_TYPE =
  'ChannelConfig(address tenant,address payerAuthorizer,bytes32 providerId,uint128 ceiling,uint64 validUntil,uint32 withdrawDelay,bytes32 salt)';
export const USAGE_CLAIMS_TYPE = `UsageClaims(UsageClaim[] claims)${USAGE_CLAIM_TYPE}`;
const CHANNEL_CONFIG_TYPE_HASH = typeHash(CHANNEL_CONFIG_TYPE);
const USAGE_CLAIMS_TYPE_HASH = typeHash(USAGE_CLAIMS_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function channelConfigHash(config: ChannelConfig): Hex {
  return new Packer(8 * 32)
    .bytes32(CHANNEL_CONFIG_TYPE_HASH, 'channel type')
    .address(config.tenant, 'tenant')
    .address(config.payerAuthorizer, 'payerAuthorizer')
    .bytes32(config.providerId, 'providerId')
    .word(128, config.ceiling, 'ceiling')
    .word(64, config.validUntil, 'validUntil')
    .word(32, config.withdrawDelay, 'withdrawDelay')
    .bytes32(config.salt, 'salt')
    .keccak();
}

/**
 * The channel's id: the digest that the tenant signs, so that it binds chain, contract and every term.
 * @param domain chain id and address of the `SessionChannels` contract.
 * @throws TallyError INPUT_INVALID
 */
export function channelIdOf(config: ChannelConfig, domain: Domain): Hex {
  return typedDigest(domain, channelConfigHash(config));
}

/**
 * The account of a job's lock under a channel: keccak-256(abi.encode(channelId, jobId)). Vouchers on a lock carry it as their `channelId`.
 * It needs no domain of its own, because the channel's id has one.
 * @throws TallyError INPUT_INVALID
 */
export function lockIdOf(channelId: Hex, jobId: Hex): Hex {
  return new Packer(2 * 32).bytes32(channelId, 'channelId').bytes32(jobId, 'jobId').keccak();
}

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function usageClaimsHash({ claims }: UsageClaims): Hex {
  return new Packer(2 * 32)
    .bytes32(USAGE_CLAIMS_TYPE_HASH, 'claims type')
    .bytes32(hashArray(claims.map(usageClaimHash), 'claims'), 'claims')
    .keccak();
}
