import { resolve } from 'node:path';
import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { offline } from '../offline.ts';
import {
  bodyOf,
  booksFields,
  type ChainBooksView,
  type DeployFlags,
  type DeployView,
  priceOf,
  type StatusView,
  statusFields,
} from './chain-view.ts';
import { printReport, type Report } from './report.ts';

/** One view of a contract for each figure. */
const VERIFY_MS = 120_000;

const PARTIES = `
Off the local chains every party is named: --governor, --guardian, --arbiter, --registrar, --proposer, --reserve, --protocol, --slash-beneficiary.
The deployer's key comes from TALLY_DEPLOYER_KEY, --key-file or --keystore with --password-file, never from an argument. It holds no role
when the deployment is done.`;

export function chainCommand(mount: Mount): Command {
  const chain = new Command('chain').description('the chain that the gateway works with, and the contracts on it');
  chain.command('status').description('which chain, and whether the contracts are there').action(action(mount, status));
  chain.command('books').description('sums of the chain’s books, rebuilt from its events').action(action(mount, books));
  chain.command('verify').description('compare the books with the contracts’ own views, unit for unit').action(action(mount, verify));
  parties(chain.command('plan').description('what would be deployed: addresses, gas, roles; asks no chain'))
    .option('--deployer <address>', 'who would deploy, where its key is not at hand')
    .action(action(mount, (context: Context, flags: DeployFlags) => print(context, 'chain-plan', flags)));
  parties(chain.command('deploy').description('deploy the contracts; what is there already is checked and skipped'))
    .option('--rpc <url>', 'endpoint of the chain (else the first of CHAIN_RPC_URL)')
    .option('--deployer <address>', 'who would deploy, in a dry run without its key')
    .option('--dry-run', 'on a fresh local chain with that chain id, which ends with the command')
    .option('--out <file>', 'where to write the addresses (else chain/deployment-ID.json in the data folder)')
    .option('--verify-input <folder>', 'write the compiler’s inputs there too')
    .action(action(mount, (context: Context, flags: DeployFlags) => print(context, 'chain-deploy', flags)));
  chain
    .command('verify-input <folder>')
    .description('write the compiler’s input of each contract, for a block explorer to verify it')
    .action(action(mount, verifyInput));
  return chain;
}

function parties(command: Command): Command {
  return command
    .requiredOption('--network <name>', 'base, base-sepolia or local')
    .option('--governor <address>', 'changes parameters, after two days')
    .option('--guardian <address>', 'pauses entry at once')
    .option('--arbiter <address>', 'decides appeals')
    .option('--registrar <address>', 'certifies providers')
    .option('--proposer <address>', 'proposes slashes of misuse')
    .option('--reserve <address>', 'gets the reserve’s share')
    .option('--protocol <address>', 'gets the protocol’s share')
    .option('--slash-beneficiary <address>', 'gets what slashes take')
    .option('--launch <time>', 'when the 90 days of the lockout begin (else now)')
    .option('--max-fee <gwei>', 'the most that is offered for a unit of gas (else 20)')
    .option('--key-file <file>', 'the deployer’s key as hex, mode 0600')
    .option('--keystore <file>', 'the deployer’s key as a keystore of version 3')
    .option('--password-file <file>', 'the keystore’s password, mode 0600')
    .addHelpText('after', PARTIES);
}

async function status({ client, out }: Context): Promise<void> {
  const view = await client.get<StatusView>('/api/admin/chain');
  out.fields(view, statusFields(view));
}

async function books({ client, out }: Context): Promise<void> {
  const view = await client.get<ChainBooksView>('/api/admin/chain/books');
  out.fields(view, booksFields(view));
}

async function verify(context: Context): Promise<Exit> {
  return printReport(context, await context.client.post<Report>('/api/admin/chain/verify', {}, VERIFY_MS));
}

async function print(context: Context, command: 'chain-plan' | 'chain-deploy', flags: DeployFlags): Promise<void> {
  const { io, out } = context;
  const view = await offline<DeployView>(io, command, JSON.stringify(bodyOf(io, flags)));
  const rows = view.steps.map(({ name, address, done, gas }) => [name, address, done, String(gas)]);
  const columns = [{ head: 'contract' }, { head: 'address' }, { head: 'state' }, { head: 'gas', number: true }];
  out.table(view, columns, [...rows, ['all', '', '', String(view.gas)]]);
  out.note(view.gas_is === 'measured' ? 'Gas as measured.' : 'Gas is estimated from the size of the code; a dry run measures it.');
  out.note(priceOf(view));
  for (const { role, holder, delay_s, functions } of view.roles) {
    out.note(`${role}: ${holder}, ${functions} functions, after ${delay_s} s`);
  }
  if (view.dry_run === true) out.note('DRY RUN on a fresh local chain: nothing was sent to any other.');
  if (view.file !== undefined) out.note(`Written: ${view.file}`);
}

async function verifyInput({ io, out }: Context, folder: string): Promise<void> {
  const ask = { order: { network: 'local' }, dry_run: false, verify_input: resolve(io.cwd, folder) };
  const written = await offline<{ contracts: Readonly<Record<string, string>> }>(io, 'chain-verify-input', JSON.stringify(ask));
  const names = Object.entries(written.contracts);
  out.table(
    written,
    [{ head: 'file' }, { head: 'contract' }],
    names.map(([name, contract]) => [`${name}.json`, contract]),
  );
}
