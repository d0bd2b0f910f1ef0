import { statfsSync, statSync } from 'node:fs';
import type { Config } from '#ground/config';
import { monthName } from '#ledger';
import type { Books } from './books.ts';
import { archiveFault, pendingSources } from './reconcile-archive.ts';

export type Finding = { readonly check: string; readonly ok: boolean; readonly detail: string };
export type Report = { readonly ok: boolean; readonly findings: readonly Finding[] };

const DISK_BYTES_MIN = 256 * 1024 * 1024;

/** Verifies both logs in full: the vault's audit log against its signed checkpoints, the books against their postings. */
export async function auditVerify(books: Pick<Books, 'vault' | 'ledger'>): Promise<Report> {
  const log = books.vault.auditVerify();
  const ledger = await books.ledger.verify();
  return report([
    ...several('audit log', log, 'agrees with its signed checkpoints'),
    ...several('books', ledger, 'agree with their postings, receipts and lanes'),
  ]);
}

/** Everything that an operator would otherwise have to look at by hand. */
export async function doctor(
  config: Config,
  books: Pick<Books, 'vault' | 'ledger' | 'isShared' | 'grant'> & { readonly burned?: number; readonly anchorFindings?: readonly string[] },
): Promise<Report> {
  const { findings } = await auditVerify(books);
  const holds = await books.ledger.openHolds(1_000_000);
  const sources = await books.ledger.accounts('source');
  const frozen = sources.filter(({ state }) => state === 'frozen');
  return report([
    ...findings,
    ...several('anchor', books.anchorFindings ?? [], 'the books are the latest that it knows'),
    { check: 'open holds', ok: true, detail: `${holds.length} calls hold something now` },
    ...burned(books.burned ?? 0),
    ...(await reconciliations(config, books)),
    ...(await archives(books)),
    {
      check: 'frozen sources',
      ok: frozen.length === 0,
      detail: frozen.length === 0 ? 'none' : frozen.map(({ id, stateReason }) => `${id}: ${stateReason}`).join('; '),
    },
    clockFinding(books.grant),
    privateMode('data folder', config.TALLY_DATA_DIR),
    privateMode('slots', config.TALLY_SLOT_DIR),
    separate(config),
    disk(config.TALLY_DATA_DIR),
    { check: 'node', ok: Number(process.versions.node.split('.')[0]) >= 24, detail: process.versions.node },
  ]);
}

/** What opens by time opens later than its date says where time was skipped; that may be right, so an operator has to look. */
function clockFinding({ skippedMs }: Books['grant']): Finding {
  const skipped = `${skippedMs} ms that the clock jumped forward by grant nothing: set it right, or say that it is (tally clock confirm)`;
  return { check: 'clock', ok: skippedMs === 0, detail: skippedMs === 0 ? 'has not jumped' : skipped };
}

/** What was given back rests on exports, which must still be what they were; and nothing that was announced may be left undone. */
async function reconciliations(config: Config, { ledger, isShared }: Pick<Books, 'ledger' | 'isShared'>): Promise<readonly Finding[]> {
  const all = await ledger.reconciliations();
  const hashes = new Set(all.flatMap(({ exportHash }) => (exportHash === '' ? [] : [exportHash])));
  const faults = [...hashes].flatMap((hash) => archiveFault(config, hash, isShared) ?? []);
  const pending = pendingSources(config).map((id) => `a reconciliation of source ${id} is in the audit log and not yet in the books`);
  return several('reconciliations', [...faults, ...pending], `${all.length} in the books, with their exports`);
}

/** What is archived is answered from its file, which must still be what it was. */
async function archives({ ledger }: Pick<Books, 'ledger'>): Promise<readonly Finding[]> {
  const all = await ledger.archives.list();
  const undone = all
    .filter(({ state }) => state !== 'done')
    .map(({ month }) => `${monthName(month)} is in its file and not yet out of the books`);
  return several('archives', [...(await ledger.archives.faults()), ...undone], `${all.length} months, each with its file`);
}

/** Opening the books ends what a crash left open, also when it is only to look at them: so it is said. */
function burned(calls: number): readonly Finding[] {
  const detail = `${calls} calls that a crash had left open were ended and spent when these books were opened`;
  return calls === 0 ? [] : [{ check: 'burned at opening', ok: true, detail }];
}

export function report(findings: readonly Finding[]): Report {
  return { ok: findings.every(({ ok }) => ok), findings };
}

export function several(check: string, wrong: readonly string[], right: string): readonly Finding[] {
  return wrong.length === 0 ? [{ check, ok: true, detail: right }] : wrong.map((detail) => ({ check, ok: false, detail }));
}

function privateMode(check: string, path: string): Finding {
  const mode = statSync(path).mode & 0o777;
  return {
    check,
    ok: (mode & 0o077) === 0,
    detail: `mode ${mode.toString(8)}${(mode & 0o077) === 0 ? '' : '; others can read it: set it to 700'}`,
  };
}

/** Advice, not an error: on one disk a copy of the folder takes slots and records together. */
function separate(config: Config): Finding {
  const same = statSync(config.TALLY_DATA_DIR).dev === statSync(config.TALLY_SLOT_DIR).dev;
  return {
    check: 'slots apart',
    ok: true,
    detail: same ? 'slots and records are on one disk; TALLY_SLOT_DIR can put them on another' : 'slots and records are on different disks',
  };
}

function disk(path: string): Finding {
  const { bavail, bsize } = statfsSync(path);
  const free = bavail * bsize;
  return { check: 'disk', ok: free >= DISK_BYTES_MIN, detail: `${Math.floor(free / 1_048_576)} MiB free` };
}
