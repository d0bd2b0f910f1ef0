import { resolve } from 'node:path';
import { creditsText } from '@tallystick/core';
import { usage } from '../cli-error.ts';
import type { Io } from '../io.ts';
import { moment } from '../parse.ts';
import type { Field } from '../table.ts';

export type DeployFlags = {
  readonly network: string;
  readonly rpc?: string;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly verifyInput?: string;
  readonly deployer?: string;
  readonly governor?: string;
  readonly guardian?: string;
  readonly arbiter?: string;
  readonly registrar?: string;
  readonly proposer?: string;
  readonly reserve?: string;
  readonly protocol?: string;
  readonly slashBeneficiary?: string;
  readonly launch?: string;
  readonly maxFee?: string;
  readonly keyFile?: string;
  readonly keystore?: string;
  readonly passwordFile?: string;
};

export type DeployView = {
  readonly gas: number;
  readonly gas_is: string;
  readonly steps: readonly { readonly name: string; readonly address: string; readonly done: string; readonly gas: number }[];
  readonly roles: readonly { readonly role: string; readonly holder: string; readonly delay_s: number; readonly functions: number }[];
  /** Wei per gas that is never passed. */
  readonly max_fee_wei: string;
  /** Wei that were paid. */
  readonly fee_wei?: string;
  readonly dry_run?: boolean;
  readonly file?: string;
};

export type StatusView = {
  readonly mode: string;
  readonly state: string;
  readonly chain_id: number | null;
  readonly rpc: string | null;
  readonly reason: string | null;
  readonly deployment: {
    readonly network: string;
    readonly registry: string;
    readonly contracts: Readonly<Record<string, { readonly address: string }>>;
  } | null;
};

/** What the daemon's program is asked for. */
export function bodyOf(io: Io, flags: DeployFlags): object {
  const path = (text: string | undefined) => (text === undefined ? undefined : resolve(io.cwd, text));
  const { network, deployer, governor, guardian, arbiter, registrar, proposer, reserve, protocol, slashBeneficiary } = flags;
  return {
    order: {
      network,
      deployer,
      governor,
      guardian,
      arbiter,
      registrar,
      proposer,
      reserve,
      protocol,
      slashBeneficiary,
      launchAt: launchOf(flags.launch),
    },
    rpc: rpcOf(flags.rpc),
    max_fee_wei: maxFeeOf(flags.maxFee),
    dry_run: flags.dryRun === true,
    out: path(flags.out),
    key_file: path(flags.keyFile),
    keystore: path(flags.keystore),
    password_file: path(flags.passwordFile),
    verify_input: path(flags.verifyInput),
  };
}

/** @returns Unix seconds. */
function launchOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = moment(text, '--launch');
  if (at < 1_000)
    throw usage('--launch is no time that can be written down on a chain.', 'The contracts take up to a day before now, and a year after.');
  return Math.floor(at / 1_000);
}

/** Not quoted where it is wrong: it may hold a key. */
function rpcOf(text: string | undefined): string | undefined {
  if (text === undefined || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) return text;
  throw usage('--rpc is no http or https URL.', 'For example https://node.example.');
}

/** @returns wei of gwei. */
function maxFeeOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, whole = '', part = ''] = /^(\d{1,6})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  const wei = BigInt(`${whole}${part.padEnd(9, '0')}`);
  if (whole === '' || wei === 0n) throw usage('--max-fee is no price of gas.', 'Write gwei, for example 20 or 0.5.');
  return String(wei);
}

/** What is known of the price: what was paid, or what is the most that can be. */
export function priceOf({ gas, max_fee_wei, fee_wei }: DeployView): string {
  if (fee_wei !== undefined) return `Paid: ${decimal(BigInt(fee_wei), 18)} ether.`;
  const most = decimal(BigInt(gas) * BigInt(max_fee_wei), 18);
  return `At most ${most} ether for gas, at ${decimal(BigInt(max_fee_wei), 9)} gwei (--max-fee); a rollup takes the price of its data besides.`;
}

function decimal(value: bigint, decimals: number): string {
  const unit = 10n ** BigInt(decimals);
  const part = String(value % unit)
    .padStart(decimals, '0')
    .replace(/0+$/, '');
  return part === '' ? String(value / unit) : `${value / unit}.${part}`;
}

export function statusFields({ mode, state, chain_id, rpc, reason, deployment }: StatusView): Field[] {
  const contracts = Object.entries(deployment?.contracts ?? {});
  return [
    ['chain', chain_id === null ? '-' : String(chain_id)],
    ['mode', mode === 'embedded' ? 'embedded (LOCAL: test assets without value)' : mode],
    ['state', state],
    ['rpc', rpc ?? '-'],
    ['reason', reason ?? '-'],
    ['registry', deployment?.registry ?? '-'],
    ...contracts.map(([name, { address }]): Field => [name, address]),
  ];
}

/** `GET /api/admin/chain/books`, as far as it is shown. */
export type ChainBooksView = {
  readonly head_block: number;
  readonly final_block: number | null;
  readonly at_head: boolean;
  readonly trouble: string | null;
  readonly events: number;
  readonly mismatches: number;
  readonly credits: { readonly supply: string; readonly in_channels: string; readonly owed: string };
  readonly channels: { readonly open: number; readonly withdrawing: number; readonly closed: number };
  readonly receipts: {
    readonly lanes: number;
    readonly posted: number;
    readonly final: number;
    readonly faulty: number;
    readonly count: string;
  };
  readonly providers: number;
  readonly stakes: {
    readonly providers_and_oracles: string;
    readonly buyers: string;
    readonly open_slashes: number;
    readonly slashed: string;
  };
  readonly oracle_set: number;
  readonly compute_tokens: string;
};

export function booksFields(view: ChainBooksView): Field[] {
  const { credits, channels, receipts, stakes } = view;
  return [
    ['block', `${view.head_block}${view.at_head ? '' : ' (catching up)'}, final ${view.final_block ?? 'nothing yet'}`],
    ['followed', view.trouble ?? 'yes'],
    ['events', `${view.events}, ${view.mismatches} that do not add up`],
    [
      'credits',
      `${creditsText(BigInt(credits.supply))}: ${creditsText(BigInt(credits.in_channels))} in channels, ${creditsText(BigInt(credits.owed))} owed`,
    ],
    ['channels', `${channels.open} open, ${channels.withdrawing} withdrawing, ${channels.closed} closed`],
    [
      'batches',
      `${receipts.posted} posted, ${receipts.final} final, ${receipts.faulty} faulty, with ${receipts.count} receipts in ${receipts.lanes} lanes`,
    ],
    ['providers', String(view.providers)],
    ['stakes', `${stakes.providers_and_oracles} wei of providers and oracles, ${stakes.buyers} wei of buyers`],
    ['slashes', `${stakes.open_slashes} open, ${stakes.slashed} wei taken`],
    ['oracle set', view.oracle_set === 0 ? 'none yet' : String(view.oracle_set)],
    ['compute tokens', `${view.compute_tokens} base units`],
  ];
}
