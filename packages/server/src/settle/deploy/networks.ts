/** The chains that a deployment knows, and what differs between them. */
import { type Address, getAddress } from 'viem';

export type NetworkName = 'local' | 'base-sepolia' | 'base';

export type Network = {
  readonly name: NetworkName;
  readonly chainIds: readonly number[];
  /** The stable asset that credits are minted against; null: a test asset without value is deployed, which refuses to exist elsewhere. */
  readonly asset: Address | null;
  /** Blocks that a transaction of the deployment waits for. */
  readonly confirmations: number;
};

/** The embedded chain, and two beside it for tests of moving from one to another. `TestAsset` knows the same three. */
export const LOCAL_CHAIN_IDS: readonly number[] = [31_337, 31_338, 31_339];

export const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  local: { name: 'local', chainIds: LOCAL_CHAIN_IDS, asset: null, confirmations: 1 },
  // Circle's USDC: https://developers.circle.com/stablecoins/usdc-contract-addresses
  'base-sepolia': { name: 'base-sepolia', chainIds: [84_532], asset: '0x036CbD53842c5426634e7929541eC2318f3dCF7e', confirmations: 2 },
  base: { name: 'base', chainIds: [8_453], asset: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', confirmations: 2 },
};

export const isLocal = (chainId: number): boolean => LOCAL_CHAIN_IDS.includes(chainId);

/** The phrase that anvil, Hardhat and every other development chain start with. Its keys are known to everybody. */
export const DEV_PHRASE = 'test test test test test test test test test test test junk';

/** The first addresses of that phrase: worth nothing off a local chain, where whatever they hold is taken at once. */
export const DEV_ADDRESSES: readonly Address[] = [
  '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
  '0x90F79bf6EB2c4f870365E785982E1f101E93b906',
  '0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65',
  '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  '0x976EA74026E726554dB657fA54763abd0C3a0aa9',
  '0x14dC79964da2C08b23698B3D3cc7Ca32193d9955',
  '0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f',
  '0xa0Ee7A142d267C1f36714E4a8F75612F20a79720',
];

export function isDevAddress(address: string): boolean {
  return DEV_ADDRESSES.some((dev) => dev.toLowerCase() === address.toLowerCase());
}

export const devAddress = (index: number): Address => getAddress(DEV_ADDRESSES[index] ?? '');
