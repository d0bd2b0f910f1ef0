import { ledger } from './ledger/ledger.ts';
import { overhead } from './overhead/overhead.ts';
import { overspend } from './overspend/overspend.ts';
import { streams } from './streams/streams.ts';

const HELP = `npm run bench -- <name> [options]

  overhead   what a gateway costs: added latency, requests per second and memory, beside its peers in one run
  streams    what a gateway costs a stream: time to first token with hundreds held open, frames, memory, beside the same peers
  ledger     durable holds and settlements per second, beside a bare group-commit loop on the same engine
  overspend  what gets past a limit, and what of it is lost, when callers race, hang up or the gateway is killed, beside other peers

npm run bench -- <name> --help tells its options.`;

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(HELP);
    return name === undefined ? 64 : 0;
  }
  if (name === 'overhead') return overhead(args);
  if (name === 'streams') return streams(args);
  if (name === 'ledger') return ledger(args);
  if (name === 'overspend') return overspend(args);
  console.error(`There is no benchmark ${name.slice(0, 32)}.\n\n${HELP}`);
  return 64;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
