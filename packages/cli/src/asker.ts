import type { Command } from 'commander';
import { usage } from './cli-error.ts';
import type { Asking } from './client.ts';
import type { Context } from './context.ts';
import { refuseToTell } from './find-daemon.ts';
import { readBytes } from './parse.ts';
import { signingOf, Wallet } from './wallet.ts';

const TOKEN_BYTES_MAX = 200;

export type AskerOptions = { readonly accountTokenFile?: string; readonly walletKeyFile?: string };

/** What a request carries of who it is from. */
export type Said = { readonly as: Asking; readonly body: Readonly<Record<string, unknown>> };

/** Who a command speaks for: the operator, or a donor by an account's token or by a wallet that signs. */
export type Asker = {
  /** Null where it is no wallet. */
  readonly wallet: Wallet | null;
  /** For what is only read. @param subject of which a wallet signs that it may be read */
  reading(act: string, subject: string): Promise<Asking>;
  /** For what is done. */
  doing(act: string, subject: string): Promise<Said>;
};

const OPTIONS = [
  ['--account-token-file <file>', 'as the donor whose account’s token (dn_…) is in this file (else TALLY_DONOR_TOKEN)'],
  ['--wallet-key-file <file>', 'as the donor whose wallet’s key is in this file (32 bytes as hex, mode 0600)'],
] as const;

/** The options that say which donor a command speaks for. */
export function asDonor(command: Command): Command {
  return OPTIONS.reduce((made, [flags, description]) => made.option(flags, description), command);
}

/** The donor who is named, else the operator. */
export function askerOf(context: Context, options: AskerOptions): Asker {
  return donorNamed(context, options) ?? tokenAsker(() => context.client.asOperator());
}

/** @throws INPUT_INVALID where no donor is named */
export function donorOf(context: Context, options: AskerOptions): Asker {
  const donor = donorNamed(context, options);
  if (donor !== null) return donor;
  throw usage(
    'Only a donor can say this, and none is named.',
    'Give --account-token-file (or TALLY_DONOR_TOKEN), or --wallet-key-file; the operator makes an account with tally donor add.',
  );
}

function donorNamed(context: Context, { accountTokenFile, walletKeyFile }: AskerOptions): Asker | null {
  const { io } = context;
  if (accountTokenFile !== undefined && walletKeyFile !== undefined)
    throw usage('--account-token-file and --wallet-key-file name two donors.', 'Give one of them.');
  if (walletKeyFile !== undefined) return walletAsker(context, Wallet.read(io, walletKeyFile));
  if (accountTokenFile !== undefined) return tokenAsker(() => asBearer(context, accountTokenFile, '--account-token-file'));
  const token = io.env['TALLY_DONOR_TOKEN'] ?? '';
  return token === '' ? null : tokenAsker(() => bearer(context, token, 'TALLY_DONOR_TOKEN'));
}

/** Somebody whose token, of a donor or of a guardian, is in a file. @throws INPUT_INVALID, CONFIG_INVALID */
export function asBearer(context: Context, file: string, option: string): Asking {
  return bearer(context, readBytes(context.io, file, option, TOKEN_BYTES_MAX).toString('latin1').trim(), option);
}

function bearer({ io, client }: Context, token: string, from: string): Asking {
  // What a header cannot carry would fail later, with a message that quotes it.
  if (!/^[\x21-\x7e]+$/.test(token)) throw usage(`${from} holds no token.`, 'A token is one word on one line.');
  refuseToTell(io, client.place, 'The token');
  return { authorization: `Bearer ${token}` };
}

function tokenAsker(as: () => Asking): Asker {
  return { wallet: null, reading: async () => as(), doing: async () => ({ as: as(), body: {} }) };
}

function walletAsker({ client }: Context, wallet: Wallet): Asker {
  const signed = async (act: string, subject: string) => wallet.act(act, subject, (await signingOf(client)).domain);
  return {
    wallet,
    reading: async (act, subject) => {
      const { nonce, deadline, signature } = await signed(act, subject);
      return {
        'x-tally-donor': wallet.address,
        'x-tally-nonce': nonce,
        'x-tally-deadline': String(deadline),
        'x-tally-signature': signature,
      };
    },
    doing: async (act, subject) => ({ as: {}, body: { donor_address: wallet.address, auth: await signed(act, subject) } }),
  };
}
