import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '#ground/clock';
import { uuidv7 } from '#ground/ids';
import { permitMac } from '#ground/permit';
import { type OpenVaultOptions, openVault } from './open-vault.ts';
import type { SealedMeta, Ticket, Vault } from './types.ts';
import { PERMIT_KEY_PURPOSE } from './vault.ts';

/** Helpers of this room's tests. */
export const EPOCH = 'epoch-1';
export const CANARY = 'sk-canary-5f1d7c2b9e4a';

export type Fixture = ReturnType<typeof makeFixture>;

/** Two fresh folders, a clock that stands still, and what it takes to open a vault there again and again. */
export function makeFixture() {
  const root = mkdtempSync(join(tmpdir(), 'tally-vault-'));
  const clock = manualClock();
  const options = {
    dir: join(root, 'vault'),
    slotDir: join(root, 'slots'),
    master: Buffer.alloc(32, 7),
    shredMode: 'shreddable',
    clock,
    domain: { chainId: 31337n, verifyingContract: `0x${'11'.repeat(20)}` },
  } satisfies OpenVaultOptions;
  return {
    root,
    clock,
    options,
    async open(more: Partial<OpenVaultOptions> = {}): Promise<Vault> {
      const vault = await openVault({ ...options, ...more });
      vault.acceptEpoch(EPOCH);
      return vault;
    },
    ticket(vault: Vault, sourceId: string, more: Partial<Ticket> = {}): Ticket {
      const fields = { holdId: uuidv7(clock.wallMs()), sourceId, nonce: 'ab'.repeat(16), epoch: EPOCH, ...more };
      return { ...fields, mac: more.mac ?? permitMac(vault.derive(PERMIT_KEY_PURPOSE), fields) };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function meta(more: Partial<SealedMeta> = {}): SealedMeta {
  return { id: 'src-1', provider: 'openai', donor: 'operator', ceiling: 1000n, expiry: 0, epoch: 0, ...more };
}

export function secret(text: string = CANARY): Buffer {
  return Buffer.from(text);
}
