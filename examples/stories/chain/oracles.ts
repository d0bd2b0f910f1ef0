/** Five oracles with BLS keys, three of whom sign as one. */
import { randomBytes } from 'node:crypto';
import { blsAggregate, blsEncodeProof, blsPossession, blsPublicKey, blsSecretKey, blsSign } from '@tallystick/core';
import { type Address, type Hex, parseEther } from 'viem';
import { eventOf, ORACLES, type Stage } from './stage.ts';
import { expect, say } from './tell.ts';

export type OracleSet = {
  readonly epoch: bigint;
  /** The attestation by the members at these places of the set. */
  attest(digest: Hex, members: readonly number[]): Hex;
};

/** Each registers a key with a proof that it holds it, and a stake; the governor opens the set. */
export async function openSet(stage: Stage, scheme: Address): Promise<OracleSet> {
  const keys: Uint8Array[] = [];
  for (const who of ORACLES) {
    const secret = blsSecretKey(randomBytes(32));
    const owner = { operator: stage.account(who).address.toLowerCase() as Hex, chainId: BigInt(stage.chainId) };
    keys.push(secret);
    await stage.send(who, 'QuorumVerifier', 'registerKey', [scheme, blsPublicKey(secret), blsPossession(secret, owner)]);
  }
  const operators = ORACLES.map((who) => stage.account(who).address);
  const early = await stage.refused('governor', 'QuorumVerifier', 'rotate', [scheme, operators]);
  expect('a set of oracles without stakes is', early, 'OperatorNotStaked');
  for (const who of ORACLES) await stage.send(who, 'StakeManager', 'stakeOracle', [], parseEther('1'));
  const sent = await stage.send('governor', 'QuorumVerifier', 'rotate', [scheme, operators]);
  const epoch = eventOf(sent, 'EpochOpened')['epoch'] as bigint;
  say(`five oracles make set ${epoch}; three of them sign as one`);
  const attest = (digest: Hex, members: readonly number[]) => {
    const signatures = members.map((member) => blsSign(digest, keys[member] as Uint8Array));
    return blsEncodeProof(members, blsAggregate(signatures));
  };
  return { epoch, attest };
}
