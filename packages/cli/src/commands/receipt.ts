import { Command } from 'commander';
import { action, type Mount } from '../context.ts';
import { showReceipt } from './receipt-show.ts';
import { verifyReceipt } from './receipt-verify.ts';

const VERIFY_HELP = `
Nothing is sent anywhere. Without --signer the verdict only says that the receipt is whole and signed by the key that it names:
learn the gateway's signer by another way and give it. --request and --response compare what you kept with what the receipt
commits to; that needs the virtual key of the call (--key-file), for only its holder can make the comparison.
Exit code 5: it does not verify.`;

export function receiptCommand(mount: Mount): Command {
  const receipt = new Command('receipt').description('the signed record of a call');
  receipt
    .command('show <id>')
    .description('fetch and verify a receipt by the id in x-tally-receipt (--json: the whole bundle, to keep and to verify)')
    .option('--wait <seconds>', 'wait this long for its signature', '10')
    .action(action(mount, showReceipt));
  receipt
    .command('verify <file>')
    .description('verify a receipt offline, from a file that holds its bundle (-: standard input)')
    .option('--signer <address>', 'the gateway’s signing address, 0x and 40 hex digits')
    .option('--key-file <file>', 'the virtual key that made the call')
    .option('--request <file>', 'the request body as it was sent')
    .option('--response <file>', 'the response body as it arrived')
    .addHelpText('after', VERIFY_HELP)
    .action(action(mount, verifyReceipt));
  return receipt;
}
