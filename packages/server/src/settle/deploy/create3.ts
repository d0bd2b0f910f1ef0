/** Where contracts will be. The formulas are EIP-1014's and Solady's CREATE3; a test holds them against the registry's own `predict`. */
import { type Address, concatHex, encodeAbiParameters, getContractAddress, type Hex, keccak256, stringToHex } from 'viem';

/** https://github.com/Arachnid/deterministic-deployment-proxy: has no key, and is at this address on every chain that it was brought to. */
export const CREATE2_DEPLOYER: Address = '0x4e59b44847b379578588920cA78FbF26c0B4956C';

/** keccak256 of Solady's proxy, `0x67363d3d37363d34f03d5260086018f3`, which creates what it is sent. */
const PROXY_HASH = keccak256('0x67363d3d37363d34f03d5260086018f3');

export function create2Address(salt: Hex, initCode: Hex, from: Address = CREATE2_DEPLOYER): Address {
  return getContractAddress({ opcode: 'CREATE2', from, salt, bytecodeHash: keccak256(initCode) });
}

/** What the keyless deployer takes: the salt, then the code. */
export function create2Data(salt: Hex, initCode: Hex): Hex {
  return concatHex([salt, initCode]);
}

/** The registry's name of a contract: its letters, then zeros. */
export function nameOf(contract: string): Hex {
  return stringToHex(contract, { size: 32 });
}

/** The address that `registry` gives a name and a version, whatever the code. */
export function predict(registry: Address, contract: string, version = 1): Address {
  const salt = keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint32' }], [nameOf(contract), version]));
  const proxy = getContractAddress({ opcode: 'CREATE2', from: registry, salt, bytecodeHash: PROXY_HASH });
  return getContractAddress({ opcode: 'CREATE', from: proxy, nonce: 1n });
}
