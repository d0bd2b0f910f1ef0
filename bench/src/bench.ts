import { USAGE } from './overhead/options.ts';
import { overhead } from './overhead/overhead.ts';

const HELP = `npm run bench -- <name> [options]

  overhead   what a gateway costs: added latency, requests per second and memory, beside its peers in one run

npm run bench -- overhead --help tells its options.`;

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(HELP);
    return name === undefined ? 64 : 0;
  }
  if (name === 'overhead') return overhead(args);
  console.error(`There is no benchmark ${name.slice(0, 32)}.\n\n${HELP}\n\n${USAGE}`);
  return 64;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
