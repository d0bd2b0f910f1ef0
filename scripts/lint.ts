/** `npm run lint`: Biome over TypeScript, forge's formatter over Solidity. Forge's own lints stand in `npm test`: they need the contracts compiled. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forge } from './forge.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

async function biome(): Promise<boolean> {
  const args = [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (part: Buffer) => said.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(said));
  return code === 0;
}

async function formatted(): Promise<boolean> {
  const ran = await forge(['fmt', '--check']);
  if (ran === undefined) console.log('Solidity is not checked: there is no forge.');
  else if (ran.code !== 0) console.log(`${ran.out}\nSolidity is not formatted: npm run forge -- fmt`);
  return ran === undefined || ran.code === 0;
}

export async function lint(): Promise<boolean> {
  const all = await Promise.all([biome(), formatted()]);
  return all.every((ok) => ok);
}

if (import.meta.main) process.exitCode = (await lint()) ? 0 : 1;
