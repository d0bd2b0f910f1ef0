import { limitChangeDigest } from '@tallystick/core';
import { Argument, Command } from 'commander';
import { type AskerOptions, asDonor, askerOf, donorOf } from '../../asker.ts';
import { CliError, usage } from '../../cli-error.ts';
import { action, type Context, type Mount } from '../../context.ts';
import { amount, when } from '../../parse.ts';
import { confirm } from '../../prompt.ts';
import { signingOf } from '../../wallet.ts';
import { verifyDonationReceipt } from './donation-verify.ts';
import { DONATION_COLUMNS, type DonationView, donationRow, printDonation } from './donation-view.ts';

const BASE = '/api/ai-pool/donations';
type Acting = AskerOptions & { readonly reason?: string };

const VERIFY_HELP = `
Nothing is sent anywhere. Without --signer the verdict only says that the receipt is whole and signed by the key that it names: learn the
gateway's signer by another way (it is the same that signs the receipts of calls) and give it.
Exit code 5: it does not verify.`;

export function donationCommand(mount: Mount): Command {
  const donation = new Command('donation').description('what was given: looked at, held back, taken back');
  asDonor(donation.command('list'))
    .description('all donations of a donor, oldest first; the operator’s: of everybody')
    .option('--after <id>', 'those after this one')
    .action(action(mount, list));
  asDonor(donation.command('show <id>'))
    .description('one donation, with the receipts of its calls, the newest first')
    .option('--before <n>', 'receipts before those of the page that named this number')
    .action(action(mount, show));
  actCommands(donation, mount);
  donation
    .command('verify <file>')
    .description('verify a donation receipt offline, from a file that holds it (-: standard input)')
    .option('--signer <address>', 'the gateway’s signing address, 0x and 40 hex digits')
    .addHelpText('after', VERIFY_HELP)
    .action(action(mount, verifyDonationReceipt));
  return donation;
}

function actCommands(donation: Command, mount: Mount): void {
  const pause = (verb: 'pause' | 'resume') => (context: Context, id: string, options: AskerOptions) => act(context, id, verb, options);
  asDonor(donation.command('pause <id>'))
    .description('take no new calls on it')
    .action(action(mount, pause('pause')));
  asDonor(donation.command('resume <id>'))
    .description('take calls again; a pause is ended only by who made it')
    .action(action(mount, pause('resume')));
  asDonor(donation.command('lower <id> <tokens>'))
    .description('lower its limit, and with --expires its time; neither is ever raised')
    .option('--expires <when>', 'when it ends by itself: date, time with zone, or span (30d)')
    .action(action(mount, lower));
  asDonor(donation.command('anonymous <id>'))
    .description('be unnamed where donors are listed, or named again')
    .addArgument(new Argument('<choice>', 'whether it is unnamed').choices(['on', 'off']))
    .action(action(mount, anonymous));
  asDonor(donation.command('destroy <id>'))
    .description('take it back: its key is destroyed; this is final')
    .option('--yes', 'do not ask')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, destroy));
}

const path = (id: string, verb = '') => `${BASE}/${encodeURIComponent(id)}${verb === '' ? '' : `/${verb}`}`;

async function list(context: Context, { after, ...options }: AskerOptions & { readonly after?: string }): Promise<void> {
  const { client, out } = context;
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  const as = await askerOf(context, options).reading('list', '');
  const answer = await client.get<{ donations: readonly DonationView[] }>(BASE + query, { as });
  out.table(answer, DONATION_COLUMNS, answer.donations.map(donationRow));
  if (answer.donations.length === 0) out.note('Nothing was given yet: tally pool donate.');
}

async function show(context: Context, id: string, { before, ...options }: AskerOptions & { readonly before?: string }): Promise<void> {
  printDonation(context, await viewOf(context, id, options, before === undefined ? '' : `?before=${encodeURIComponent(before)}`));
}

async function viewOf(context: Context, id: string, options: AskerOptions, query = ''): Promise<DonationView> {
  const as = await askerOf(context, options).reading('view', id);
  return context.client.get<DonationView>(path(id) + query, { as });
}

async function act(context: Context, id: string, verb: string, { reason, ...options }: Acting): Promise<void> {
  const { as, body } = await askerOf(context, options).doing(verb, id);
  printDonation(context, (await context.client.call<DonationView>('POST', path(id, verb), { as, body: { ...body, reason } })).body);
}

async function anonymous(context: Context, id: string, choice: 'on' | 'off', options: AskerOptions): Promise<void> {
  const isUnnamed = choice === 'on';
  const { as, body } = await askerOf(context, options).doing(`anonymous:${isUnnamed}`, id);
  const sent = { ...body, anonymous: isUnnamed };
  printDonation(context, (await context.client.call<DonationView>('POST', path(id, 'anonymous'), { as, body: sent })).body);
}

/** A wallet signs the change itself, so that the vault can hold it against the seal for ever after. */
async function lower(context: Context, id: string, tokens: string, { expires, ...options }: AskerOptions & { readonly expires?: string }) {
  const { io, client } = context;
  const asker = donorOf(context, options);
  const limit = amount(tokens, 'the limit');
  const expiry = expires === undefined ? {} : { expires_at: when(expires, io.now()) };
  const { wallet } = asker;
  if (wallet === null) {
    const { as } = await asker.doing('lower', id);
    printDonation(context, (await client.call<DonationView>('POST', path(id, 'lower'), { as, body: { limit, ...expiry } })).body);
    return;
  }
  const { next_seq: seq } = await viewOf(context, id, options);
  const { domain } = await signingOf(client);
  const signature = wallet.sign(limitChangeDigest({ id, seq, limit: BigInt(limit), expiry: expiry.expires_at ?? 0 }, domain));
  const body = { limit, ...expiry, seq, signature };
  printDonation(context, (await client.call<DonationView>('POST', path(id, 'lower'), { as: {}, body })).body);
}

async function destroy(context: Context, id: string, { yes = false, ...options }: Acting & { readonly yes?: boolean }): Promise<void> {
  const { io } = context;
  if (!yes) {
    if (io.stdin.isTTY !== true) throw usage('Destroying a donation is final and needs --yes where nobody can be asked.');
    const { provider, left } = await viewOf(context, id, options);
    if (!(await confirm(io, `Destroy this key of ${provider} (${left} tokens left) for good?`)))
      throw new CliError('CANCELLED', 'The donation was not destroyed.', 'failure');
  }
  await act(context, id, 'destroy', options);
}
