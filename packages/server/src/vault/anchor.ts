import { join } from 'node:path';
import { type JsonObject, TallyError } from '@tallystick/core';
import { readFileIfThere, renameDurable, shredFile, writeDurable } from '#ground/files';
import type { GrantTime } from '#ground/grant-clock';
import type { LogHead } from './audit-scan.ts';
import { decodeMaced, encodeMaced, parseMaced } from './maced-json.ts';
import type { AccountHead, Generation } from './types.ts';

/**
 * What is remembered outside of database, vault folder and backups. `headsVersion`: how often the heads were written; `grant`: how far the
 * time had come by which things begin, which no database that is put back may change.
 */
export type AnchorBody = {
  readonly generation: Generation;
  readonly audit: LogHead;
  readonly headsVersion: number;
  readonly grant?: GrantTime;
};

type HeadsBody = { readonly version: number; readonly heads: readonly AccountHead[] };
export type AnchorKey = { readonly kekId: string; readonly key: Buffer };

const ANCHOR_DOMAIN = 'tallystick/anchor/v1';
const HEADS_DOMAIN = 'tallystick/heads/v1';

/**
 * Two MACed files in the slot folder: `anchor.json` (generation, the audit log's head) and `heads.json` (the accounts' heads,
 * larger and written more seldom). Each is replaced whole. Where both are missing this is a first start or a restored folder:
 * the generation reads 0, which no used database has.
 */
export class Anchor {
  readonly #folder: string;
  readonly #vaultId: string;
  #key: AnchorKey;
  #body: AnchorBody | null;
  #heads: HeadsBody | null;
  readonly problems: readonly string[];

  private constructor(
    folder: string,
    vaultId: string,
    key: AnchorKey,
    body: AnchorBody | null,
    heads: HeadsBody | null,
    problems: string[],
  ) {
    this.#folder = folder;
    this.#vaultId = vaultId;
    this.#key = key;
    this.#body = body;
    this.#heads = heads;
    this.problems = problems;
  }

  static async open(folder: string, vaultId: string, key: AnchorKey): Promise<Anchor> {
    await settleNext(folder, key.kekId);
    const problems: string[] = [];
    const read = <T>(name: string, domain: string, decode: (body: JsonObject) => T): T | null => {
      const bytes = readFileIfThere(join(folder, name));
      try {
        return bytes === null ? null : decode(decodeMaced(key.key, domainOf(domain, vaultId), bytes));
      } catch {
        problems.push(`${name} was changed`);
        return null;
      }
    };
    const body = read('anchor.json', ANCHOR_DOMAIN, (json) => json as unknown as AnchorBody);
    const heads = read('heads.json', HEADS_DOMAIN, decodeHeads);
    // The heads are written first, so they may be one ahead after a crash; behind, they are an old copy.
    const versions = body === null ? null : (heads?.version ?? 0) - body.headsVersion;
    if (problems.length === 0 && versions !== null && versions !== 0 && versions !== 1)
      problems.push('heads.json is not the last that was written');
    return new Anchor(folder, vaultId, key, body, heads, problems);
  }

  /** Null where there is no anchor. */
  get body(): AnchorBody | null {
    return this.#body;
  }

  get heads(): readonly AccountHead[] {
    return this.#heads?.heads ?? [];
  }

  async setGeneration(generation: Generation, audit: LogHead): Promise<void> {
    await this.#write({ headsVersion: this.#heads?.version ?? 0, ...this.#body, generation, audit });
  }

  /** As for the audit log: none is made where there is none. */
  async setGrant(grant: GrantTime): Promise<void> {
    if (this.#body !== null) await this.#write({ ...this.#body, grant });
  }

  /** Raises the remembered end of the audit log. Where there is no anchor none is made: its absence must stay visible. */
  async raiseAudit(audit: LogHead): Promise<void> {
    if (this.#body !== null && this.#body.audit.size < audit.size) await this.#write({ ...this.#body, audit });
  }

  async setHeads(heads: readonly AccountHead[], audit: LogHead): Promise<void> {
    const next = { version: Math.max(this.#heads?.version ?? 0, this.#body?.headsVersion ?? 0) + 1, heads };
    await writeDurable(join(this.#folder, 'heads.json'), this.#encodeHeads(this.#key, next));
    this.#heads = next;
    if (this.#body !== null) await this.#write({ ...this.#body, audit, headsVersion: next.version });
  }

  /** Writes both files under the next master, beside those in force. */
  async prepareNext(next: AnchorKey, audit: LogHead): Promise<void> {
    if (this.#body !== null) await writeDurable(join(this.#folder, 'anchor.json.next'), this.#encodeBody(next, { ...this.#body, audit }));
    if (this.#heads !== null) await writeDurable(join(this.#folder, 'heads.json.next'), this.#encodeHeads(next, this.#heads));
  }

  async commitNext(next: AnchorKey, audit: LogHead): Promise<void> {
    await settleNext(this.#folder, next.kekId);
    this.#key.key.fill(0);
    this.#key = next;
    if (this.#body !== null) this.#body = { ...this.#body, audit };
  }

  close(): void {
    this.#key.key.fill(0);
  }

  async #write(body: AnchorBody): Promise<void> {
    await writeDurable(join(this.#folder, 'anchor.json'), this.#encodeBody(this.#key, body));
    this.#body = body;
  }

  #encodeBody({ key, kekId }: AnchorKey, { generation, audit, headsVersion, grant }: AnchorBody): string {
    const remembered = grant === undefined ? {} : { grant: { ...grant } };
    const body = { kekId, generation: { ...generation }, audit: { ...audit }, headsVersion, ...remembered };
    return encodeMaced(key, domainOf(ANCHOR_DOMAIN, this.#vaultId), body);
  }

  #encodeHeads({ key, kekId }: AnchorKey, { version, heads }: HeadsBody): string {
    const rows = heads.map(({ accountId, seq, spent, head }) => [accountId, seq.toString(), spent.toString(), head]);
    return encodeMaced(key, domainOf(HEADS_DOMAIN, this.#vaultId), { kekId, version, heads: rows });
  }
}

function domainOf(domain: string, vaultId: string): string {
  return `${domain}/${vaultId}`;
}

function decodeHeads(json: JsonObject): HeadsBody {
  const { version, heads } = json as unknown as { version: number; heads: readonly (readonly [string, string, string, string])[] };
  return { version, heads: heads.map(([accountId, seq, spent, head]) => ({ accountId, seq: BigInt(seq), spent: BigInt(spent), head })) };
}

/** Puts prepared files of `kekId` in force, and shreds those of a rotation that was never decided. */
async function settleNext(folder: string, kekId: string): Promise<void> {
  for (const name of ['anchor.json', 'heads.json']) {
    const next = join(folder, `${name}.next`);
    const bytes = readFileIfThere(next);
    if (bytes === null) continue;
    if (peekKekId(bytes) === kekId) await renameDurable(next, join(folder, name));
    else await shredFile(next);
  }
}

function peekKekId(bytes: Buffer): unknown {
  try {
    return parseMaced(bytes).body['kekId'];
  } catch (error) {
    if (error instanceof TallyError) return null;
    throw error;
  }
}
