import { z } from 'zod';
import { utf8 } from '../crypto/bytes.ts';
import { type Check, check } from '../receipt/check.ts';
import { readAuditLine } from './audit-entry.ts';
import { type AuditCheckpoint, isCheckpointSigned } from './checkpoint.ts';
import { verifyConsistency, verifyInclusion } from './log-tree.ts';

export const AUDIT_BUNDLE_FORMAT = 'tallystick-audit/1';
/** A page of entries with their paths; what is longer is not parsed. */
export const AUDIT_BUNDLE_CHARS_MAX = 2_097_152;
export const AUDIT_BUNDLE_ENTRIES_MAX = 100;
export const AUDIT_HANDOVERS_MAX = 64;
/** A log of 2^53 entries has paths of at most this many steps; a consistency path has one more. */
const PATH_MAX = 54;
const LINE_CHARS_MAX = 8192;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `must be ${bytes} bytes of lower-case hex without 0x`);
const whole = z.int().min(0);
const path = z.array(hex(32)).max(PATH_MAX);
const checkpoint = z.strictObject({ at: whole, kek: hex(8), root: hex(32), sig: hex(64), size: whole });
const entry = z.strictObject({ index: whole, line: z.string().max(LINE_CHARS_MAX), path });

/**
 * Entries of an audit log, a signed checkpoint of the log, and what leads from one to the other. `since`: that the log as it was at that
 * size is the beginning of the log as it is now. `handovers`: each change of the master key brings another signing key, which the one
 * before it has signed. Nothing stands in it that no check covers, and unknown members are refused.
 */
export const auditBundleSchema = z.strictObject({
  format: z.literal(AUDIT_BUNDLE_FORMAT),
  vault_id: hex(16),
  /** Ed25519 public key. */
  signer: hex(32),
  checkpoint,
  entries: z.array(entry).max(AUDIT_BUNDLE_ENTRIES_MAX),
  since: z.strictObject({ size: whole, path }).nullable(),
  handovers: z.array(z.strictObject({ checkpoint, entry })).max(AUDIT_HANDOVERS_MAX),
});

export type AuditBundle = z.output<typeof auditBundleSchema>;
export type AuditBundleEntry = AuditBundle['entries'][number];
export type AuditVerdict = { readonly ok: boolean; readonly checks: readonly Check[]; readonly bundle: AuditBundle | null };

/** What the verifier knows by another way: the signing key, and a bundle of the same log that was kept from before. */
export type AuditExpected = { readonly signer?: string; readonly earlier?: unknown };

/**
 * Verifies a bundle with nothing but itself: the form, the checkpoint's signature, and each entry's path to the signed root. With
 * `earlier`, also that nothing that was in the log then has been changed or taken out since.
 *
 * What it cannot know is *whose* key `signer` is: give `expected.signer`, learned from the gateway by another way or kept from before.
 * @param input the bundle's JSON text, or its parsed value.
 */
export function verifyAuditBundle(input: unknown, expected: AuditExpected = {}): AuditVerdict {
  const bundle = readAuditBundle(input);
  if (typeof bundle === 'string') return { ok: false, checks: [{ name: 'format', ok: false, detail: bundle }], bundle: null };
  const checks: readonly Check[] = [
    { name: 'format', ok: true, detail: bundle.format },
    signatureCheck('signature', bundle),
    ...(expected.signer === undefined ? [] : [signerCheck('signer', bundle, expected.signer)]),
    ...bundle.entries.map((entry) => entryCheck(bundle, entry)),
    ...(expected.earlier === undefined ? [] : earlierChecks(bundle, expected.earlier)),
  ];
  return { ok: checks.every(({ ok }) => ok), checks, bundle };
}

/** @returns the bundle, or what is wrong with its form. */
function readAuditBundle(input: unknown): AuditBundle | string {
  if (typeof input === 'string' && input.length > AUDIT_BUNDLE_CHARS_MAX)
    return `A bundle has at most ${AUDIT_BUNDLE_CHARS_MAX} characters.`;
  let value = input;
  try {
    if (typeof input === 'string') value = JSON.parse(input);
  } catch {
    return 'This is not JSON.';
  }
  const parsed = auditBundleSchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}

function signatureCheck(name: string, { checkpoint, vault_id, signer }: AuditBundle): Check {
  return check(name, () => [
    isCheckpointSigned(checkpoint, vault_id, signer),
    `The root of the log’s first ${checkpoint.size} entries must be signed by ${signer}.`,
  ]);
}

/** Whether the bundle is signed by `known`, or by a key that `known` has handed the log over to, in one step or several. */
function signerCheck(name: string, { signer, vault_id, handovers }: AuditBundle, known: string): Check {
  return check(name, () => {
    const trusted = new Set([known]);
    for (const { checkpoint, entry } of handovers) {
      const said = readAuditLine(entry.line)?.entry;
      const next = said?.kind === 'master.rotating' ? said.data['signer'] : undefined;
      const isSaid = isIncluded(checkpoint, entry) && [...trusted].some((key) => isCheckpointSigned(checkpoint, vault_id, key));
      if (typeof next === 'string' && isSaid) trusted.add(next);
    }
    return [trusted.has(signer), `The log must be signed by ${known}, or by a key that it was handed over to.`];
  });
}

function entryCheck({ checkpoint }: AuditBundle, entry: AuditBundleEntry): Check {
  const { index } = entry;
  return check(`entry ${index}`, () => [isIncluded(checkpoint, entry), `Its line must be entry ${index} of the log that was signed.`]);
}

function isIncluded({ size, root }: AuditCheckpoint, { index, line, path }: AuditBundleEntry): boolean {
  return readAuditLine(line)?.entry.seq === index && verifyInclusion(utf8(line), { index, size, path, root });
}

function earlierChecks(bundle: AuditBundle, earlier: unknown): readonly Check[] {
  const before = readAuditBundle(earlier);
  if (typeof before === 'string') return [{ name: 'earlier', ok: false, detail: before }];
  const { size, root } = before.checkpoint;
  return [
    { name: 'same log', ok: before.vault_id === bundle.vault_id, detail: 'Both must be of the same log.' },
    signerCheck('same signer', bundle, before.signer),
    signatureCheck('earlier signature', before),
    check('consistency', () => [
      bundle.since?.size === size &&
        verifyConsistency({ earlierSize: size, earlierRoot: root, ...bundle.checkpoint, path: bundle.since.path }),
      `The log’s first ${size} entries must still be those that were signed then (the later bundle must say so: ask with since=${size}).`,
    ]),
  ];
}
