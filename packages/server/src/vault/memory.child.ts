/** The other process of `memory.test.ts`: takes a secret from standard input, seals it, opens it 500 times, and waits to be looked at. */
import { readSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock } from '#ground/clock';
import { uuidv7 } from '#ground/ids';
import { permitMac } from '#ground/permit';
import { openVault } from './open-vault.ts';
import { EPOCH, meta } from './testing.ts';
import { PERMIT_KEY_PURPOSE } from './vault.ts';

const root = process.argv[2] as string;
const clock = manualClock();
const vault = await openVault({
  dir: join(root, 'vault'),
  slotDir: join(root, 'slots'),
  master: Buffer.alloc(32, 1),
  shredMode: 'shreddable',
  clock,
});
vault.acceptEpoch(EPOCH);
// Not through a stream: its buffers would hold a copy that is not the vault's.
const buffer = Buffer.alloc(48);
readSync(0, buffer);
await vault.seal(meta(), buffer);
const key = vault.derive(PERMIT_KEY_PURPOSE);
let sum = 0;
for (let i = 0; i < 500; i++) {
  const fields = { holdId: uuidv7(clock.wallMs()), sourceId: 'src-1', nonce: 'n', epoch: EPOCH };
  sum += vault.open({ ...fields, mac: permitMac(key, fields) }, (secret) => secret.length);
}
process.stdout.write(sum === 500 * 48 ? 'opened' : 'failed');
setInterval(() => {}, 1000);
