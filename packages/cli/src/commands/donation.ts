import { Command } from 'commander';
import { action, type Mount } from '../context.ts';
import { verifyDonationReceipt } from './donation-verify.ts';

const VERIFY_HELP = `
Nothing is sent anywhere. Without --signer the verdict only says that the receipt is whole and signed by the key that it names: learn the
gateway's signer by another way (it is the same that signs the receipts of calls) and give it.
Exit code 5: it does not verify.`;

export function donationCommand(mount: Mount): Command {
  const donation = new Command('donation').description('a key that was given to the pool');
  donation
    .command('verify <file>')
    .description('verify a donation receipt offline, from a file that holds it (-: standard input)')
    .option('--signer <address>', 'the gateway’s signing address, 0x and 40 hex digits')
    .addHelpText('after', VERIFY_HELP)
    .action(action(mount, verifyDonationReceipt));
  return donation;
}
