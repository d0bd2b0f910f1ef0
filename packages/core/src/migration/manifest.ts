import { z } from 'zod';
import { TallyError } from '../errors.ts';
import type { Domain, Hex } from '../receipt/types.ts';
import { type ManifestEntry, manifestId, manifestTree } from './manifest-tree.ts';

export const MANIFEST_FORMAT = 'tallystick-manifest/1';
/** More entries than this are refused. */
export const MANIFEST_ENTRIES_MAX = 1_000_000;

/** A provider's id holds chain and registry, so it has another on the destination chain. For readers: no root binds it. */
export type ProviderMove = { readonly source: Hex; readonly destination: Hex };

/**
 * Everything that a migration moves. `source` is the chain and address of `MigrationManifest`, `destination` those of `MigrationClaims`.
 * `root` and `total` are as frozen; entry i is `entryOf(i)` of the contract.
 */
export type Manifest = {
  readonly source: Domain;
  readonly destination: Domain;
  readonly manifestId: Hex;
  readonly root: Hex;
  readonly total: bigint;
  readonly entries: readonly ManifestEntry[];
  readonly providers: readonly ProviderMove[];
};

/** What a manifest is made of before anything is hashed. */
export type ManifestParts = Pick<Manifest, 'source' | 'destination' | 'entries'> & { readonly providers?: readonly ProviderMove[] };

const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`), `must be 0x and ${bytes} bytes of lower-case hex`)
    .transform((text) => text as Hex);
const decimal = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/, 'must be a decimal string')
  .transform(BigInt);
const address = hexOf(20);
const place = z
  .strictObject({ chainId: decimal, contract: address })
  .transform(({ chainId, contract }): Domain => ({ chainId, verifyingContract: contract }));
const schema = z.strictObject({
  format: z.literal(MANIFEST_FORMAT),
  source: place,
  destination: place,
  manifestId: hexOf(32),
  root: hexOf(32),
  total: decimal,
  entries: z
    .array(z.strictObject({ owner: address, recipient: address, amount: decimal }))
    .min(1)
    .max(MANIFEST_ENTRIES_MAX),
  providers: z
    .array(z.strictObject({ source: hexOf(32), destination: hexOf(32) }))
    .max(MANIFEST_ENTRIES_MAX)
    .default([]),
});

/** Makes the manifest over entries as they stand on the source chain, in their order. @throws TallyError INPUT_INVALID */
export function makeManifest(parts: ManifestParts): Manifest {
  checkParts(parts.entries, parts.providers ?? []);
  const id = manifestId(parts.source, parts.destination);
  const { root, total } = manifestTree(id, parts.entries);
  if (total === 0n) throw new TallyError('INPUT_INVALID', 'A manifest moves something: all amounts are 0.');
  return {
    source: parts.source,
    destination: parts.destination,
    manifestId: id,
    root,
    total,
    entries: parts.entries,
    providers: parts.providers ?? [],
  };
}

/**
 * Reads a manifest and makes it anew: what it says of id, root and total must be what follows from its entries.
 * Compare `root` with the frozen contract's and the entries with its own, which nobody but the chain can vouch for.
 * @throws TallyError INPUT_INVALID naming the first field that is wrong.
 */
export function parseManifest(json: unknown): Manifest {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw wrong(issue?.path.join('.') || 'its top', issue?.message ?? 'not valid');
  }
  const manifest = makeManifest(parsed.data);
  for (const field of ['manifestId', 'root', 'total'] as const) {
    if (parsed.data[field] !== manifest[field]) throw wrong(field, `does not follow from the entries, which have ${manifest[field]}`);
  }
  return manifest;
}

/** @returns the manifest as it is published: plain JSON, numbers as decimal strings. */
export function encodeManifest(manifest: Manifest) {
  const placeOf = ({ chainId, verifyingContract }: Domain) => ({ chainId: chainId.toString(), contract: verifyingContract });
  return {
    format: MANIFEST_FORMAT,
    source: placeOf(manifest.source),
    destination: placeOf(manifest.destination),
    manifestId: manifest.manifestId,
    root: manifest.root,
    total: manifest.total.toString(),
    entries: manifest.entries.map(({ owner, recipient, amount }) => ({ owner, recipient, amount: amount.toString() })),
    providers: manifest.providers,
  } as const;
}

/** What the contract makes impossible in the entries, and a mapping that is none. */
function checkParts(entries: readonly ManifestEntry[], providers: readonly ProviderMove[]): void {
  if (entries.length > MANIFEST_ENTRIES_MAX) throw wrong('entries', `has more than ${MANIFEST_ENTRIES_MAX}`);
  const owners = new Set<Hex>();
  for (const [index, { owner, recipient }] of entries.entries()) {
    if (isZero(owner) || isZero(recipient)) throw wrong(`entries.${index}`, 'names the zero address');
    if (owners.has(owner)) throw wrong(`entries.${index}.owner`, 'stands twice');
    owners.add(owner);
  }
  const sources = new Set(providers.map(({ source }) => source));
  if (sources.size !== providers.length) throw wrong('providers', 'maps one provider twice');
}

function isZero(hex: Hex): boolean {
  return /^0x0*$/.test(hex);
}

function wrong(field: string, what: string): TallyError {
  return new TallyError('INPUT_INVALID', `The manifest is not valid at ${field}: ${what}.`, { field });
}
