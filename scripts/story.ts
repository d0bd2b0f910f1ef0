/** `npm run story -- NAME`: tells one of the stories of `examples/stories` from end to end, with every figure asserted. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../examples/stories/', import.meta.url));
const NAMES = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));

const [name = ''] = process.argv.slice(2);
if (NAMES.includes(name)) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', `${FOLDER}${name}.ts`], { stdio: 'inherit' });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`Which story? There is: ${NAMES.join(', ')}. For example: npm run story -- ${NAMES[0] ?? 'chain'}`);
  process.exitCode = 1;
}
