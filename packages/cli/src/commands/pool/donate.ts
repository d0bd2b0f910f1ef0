import { donatedKeyHash, donationDigest } from '@tallystick/core';
import { Command, Option } from 'commander';
import { readApiKey } from '../../api-key.ts';
import { type Asker, type AskerOptions, asDonor, donorOf, type Said } from '../../asker.ts';
import { action, type Context, type Mount } from '../../context.ts';
import type { Exit } from '../../exit-codes.ts';
import { refuseToTell } from '../../find-daemon.ts';
import { intoNewFile } from '../../new-file.ts';
import { count, when } from '../../parse.ts';
import { type Field, fields } from '../../table.ts';
import { type Signing, signingOf } from '../../wallet.ts';
import { reportLines } from '../report.ts';
import { checkGiven, DAY_MS, failedOf, type Terms } from './donation-check.ts';

/** Whoever gives waits to hear whether the key works. */
const TIMEOUT_MS = 60_000;

type DonateOptions = AskerOptions & {
  readonly provider: string;
  readonly tokens: string;
  readonly minutes?: string;
  readonly expires?: string;
  readonly label?: string;
  readonly countConsent?: boolean;
  readonly settle?: 'metered' | 'hold';
  readonly keepExhaustedDays: string;
  readonly anonymous?: boolean;
  readonly apiKeyFile?: string;
  readonly receipt?: string;
};

type Given = {
  readonly key_id: string;
  readonly state: string;
  readonly message: string;
  readonly donation_receipt: unknown;
};

const HELP = `
The key is read from standard input, or from --api-key-file; at a terminal it is asked for and not shown. It is never an argument.
The gateway's signed receipt is checked at once, against what was asked; --receipt keeps it (exit 5: it does not hold).
  tally pool donate --provider anthropic --tokens 500_000 --account-token-file token.txt --receipt gift.json < key.txt`;

export function donateCommand(mount: Mount): Command {
  return asDonor(new Command('donate'))
    .description('give a part of what a provider’s key may spend; the key comes from standard input')
    .requiredOption('--provider <provider>', 'whose key it is')
    .requiredOption('--tokens <tokens>', 'hard cap, 1 to 100_000_000; it is never raised, only lowered')
    .option('--minutes <minutes>', 'for how long calls with it may run, all together')
    .option('--expires <when>', 'when it ends by itself: date, time with zone, or span (30d)')
    .option('--label <name>', 'a name or address of another form (XAI…), shown and not trusted')
    .option('--count-consent', 'agree that calls are bounded by the provider’s own count of them where no proof fits under the cap')
    .addOption(
      new Option('--settle <mode>', 'metered gives back what was not used; hold spends the whole hold').choices(['metered', 'hold']),
    )
    .option('--keep-exhausted-days <days>', 'keep the key so long after calls of unknown outcome used it up', '0')
    .option('--anonymous', 'be unnamed where donors are listed')
    .option('--api-key-file <file>', 'read the API key from a file (-: standard input)')
    .option('--receipt <file>', 'write the signed donation receipt into a new file')
    .addHelpText('after', HELP)
    .action(action(mount, donate));
}

/** Everything that can be wrong is read before the key is asked for. */
async function donate(context: Context, options: DonateOptions): Promise<Exit> {
  const { io, client } = context;
  const asker = donorOf(context, options);
  const terms = termsOf(context, options);
  refuseToTell(io, client.place, 'The key');
  if (options.receipt === undefined) return give(context, asker, terms, options, () => {});
  return intoNewFile(io, options.receipt, (write) => give(context, asker, terms, options, write));
}

async function give(context: Context, asker: Asker, terms: Terms, options: DonateOptions, keep: (text: string) => void): Promise<Exit> {
  const { client, out } = context;
  const signing = await signingOf(client);
  const apiKey = await readApiKey(context, options.provider, options.apiKeyFile);
  const { as, body } = await saidOf(asker, terms, apiKey, signing);
  const named = options.label === undefined ? {} : { donor_address: options.label };
  const sent = { ...body, ...terms, ...named, api_key: apiKey };
  const given = (await client.call<Given>('POST', '/api/ai-pool/donate', { body: sent, as, timeoutMs: TIMEOUT_MS })).body;
  keep(`${JSON.stringify(given.donation_receipt)}\n`);
  const asked = { id: given.key_id, donor: asker.wallet?.address ?? null, label: options.label ?? null, terms };
  const checks = checkGiven(given.donation_receipt, asked, signing.signer);
  const ok = checks.every((check) => check.ok);
  out.result(given, (style) => {
    const pairs: readonly Field[] = [
      ['key id', given.key_id],
      ['state', given.state],
      ['message', given.message],
      ...(options.receipt === undefined ? [] : [['receipt', options.receipt] as const]),
      ['verified', ok ? `all ${checks.length} checks of the receipt hold` : 'the receipt does NOT hold'],
    ];
    return [fields(pairs, style), ...(ok ? [] : ['', reportLines(context, failedOf(checks), style.terminal)])].join('\n');
  });
  return ok ? 'ok' : 'unverified';
}

function termsOf({ io }: Context, options: DonateOptions): Terms {
  return {
    provider: options.provider,
    donated_tokens: count(options.tokens, '--tokens'),
    ...(options.minutes === undefined ? {} : { donated_minutes: count(options.minutes, '--minutes') }),
    ...(options.expires === undefined ? {} : { expires_at: when(options.expires, io.now()) }),
    count_consent: options.countConsent ?? false,
    settle: options.settle ?? 'metered',
    keep_exhausted_days: count(options.keepExhaustedDays, '--keep-exhausted-days'),
    anonymous: options.anonymous ?? false,
  };
}

/** A wallet signs the terms themselves, with the key's hash in them and never the key. */
async function saidOf(asker: Asker, terms: Terms, apiKey: string, { domain }: Signing): Promise<Said> {
  const { wallet } = asker;
  if (wallet === null) return asker.doing('donate', '');
  const once = wallet.once();
  const digest = donationDigest(
    {
      donor: wallet.address,
      provider: terms.provider,
      keyHash: donatedKeyHash(apiKey),
      tokens: BigInt(terms.donated_tokens),
      minutes: terms.donated_minutes ?? 0,
      expiry: terms.expires_at ?? 0,
      countConsent: terms.count_consent,
      holdSettle: terms.settle === 'hold',
      keepExhaustedMs: terms.keep_exhausted_days * DAY_MS,
      ...once,
    },
    domain,
  );
  const auth = { donor: wallet.address, ...once, signature: wallet.sign(digest) };
  return { as: {}, body: { donor_address: wallet.address, auth } };
}
