import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export type Canary = { readonly name: string; readonly secret: Buffer };
export type Found = { readonly canary: string; readonly form: string; readonly where: string; readonly at: number };

/** A part of a secret that is as good as the whole to who guesses the rest. */
const PART_BYTES = 16;

/** Every form in which the secret, or a part of it, could stand in a file or an answer. */
function formsOf(secret: Buffer): (readonly [string, Buffer])[] {
  const parts: (readonly [string, Buffer])[] = [['whole', secret]];
  for (const at of [0, Math.floor((secret.length - PART_BYTES) / 2), secret.length - PART_BYTES]) {
    if (at >= 0) parts.push([`bytes ${at} to ${at + PART_BYTES}`, secret.subarray(at, at + PART_BYTES)]);
  }
  return parts.flatMap(([part, bytes]) => writtenForms(bytes).map(([form, written]) => [`${form}, ${part}`, written] as const));
}

function writtenForms(bytes: Buffer): (readonly [string, Buffer])[] {
  const forms: [string, Buffer][] = [
    ['as it is', bytes],
    ['reversed', Buffer.from(bytes).reverse()],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['UTF-16', Buffer.from(bytes.toString('latin1'), 'utf16le')],
    ['URL', Buffer.from(encodeURIComponent(bytes.toString('latin1')))],
    ['JSON', Buffer.from(JSON.stringify(bytes.toString('latin1')).slice(1, -1))],
  ];
  // In base64 the same bytes look different at each of three offsets; the characters at the rims depend on the neighbours.
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    for (const alphabet of ['base64', 'base64url'] as const) {
      const text = padded.toString(alphabet).replace(/=+$/, '');
      forms.push([
        `${alphabet} at offset ${offset}`,
        Buffer.from(text.slice(offset === 0 ? 0 : offset + 1, (padded.length % 3 === 0 ? 0 : -1) || undefined)),
      ]);
    }
  }
  return forms;
}

/** The first bytes of a pattern, by which it is looked up. */
const HEAD_BYTES = 4;

/** Finds any of many patterns in one pass: there are thousands of forms, and many megabytes to look through. */
export class Patterns<T extends { readonly bytes: Buffer }> {
  readonly #byHead = new Map<number, T[]>();
  /** By the first two bytes: whether any pattern begins so. */
  readonly #begins = new Uint8Array(65_536);

  constructor(patterns: readonly T[]) {
    for (const pattern of patterns) {
      if (pattern.bytes.length < HEAD_BYTES) throw new Error('too short to be looked for');
      const head = pattern.bytes.readUInt32BE();
      this.#byHead.set(head, [...(this.#byHead.get(head) ?? []), pattern]);
      this.#begins[pattern.bytes.readUInt16BE()] = 1;
    }
  }

  find(bytes: Buffer, found: (pattern: T, at: number) => void): void {
    let pair = bytes[0] ?? 0;
    for (let at = 0; at + HEAD_BYTES <= bytes.length; at += 1) {
      pair = ((pair << 8) | (bytes[at + 1] ?? 0)) & 0xffff;
      if (this.#begins[pair] === 0) continue;
      for (const pattern of this.#byHead.get(bytes.readUInt32BE(at)) ?? []) {
        if (pattern.bytes.equals(bytes.subarray(at, at + pattern.bytes.length))) found(pattern, at);
      }
    }
  }
}

type Form = { readonly canary: string; readonly form: string; readonly bytes: Buffer };

/** Looks for the canaries in any form. */
export class CanarySearch {
  readonly #patterns: Patterns<Form>;

  constructor(canaries: readonly Canary[]) {
    this.#patterns = new Patterns(
      canaries.flatMap(({ name, secret }) => formsOf(secret).map(([form, bytes]) => ({ canary: name, form, bytes }))),
    );
  }

  /** @returns each form that is there, where it stands first. */
  in(where: string, haystack: Buffer | string): Found[] {
    const found = new Map<Form, Found>();
    this.#patterns.find(typeof haystack === 'string' ? Buffer.from(haystack) : haystack, (pattern, at) => {
      if (!found.has(pattern)) found.set(pattern, { canary: pattern.canary, form: pattern.form, where, at });
    });
    return [...found.values()];
  }

  /** @param except paths under the folder that are documented to hold a secret. */
  inFolder(folder: string, except: readonly string[] = []): { found: Found[]; files: string[] } {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
      .filter((path) => !except.includes(relative(folder, path)));
    // File names are data as well.
    const names = this.in('file names', files.join('\n'));
    return { found: [...names, ...files.flatMap((path) => this.in(relative(folder, path), contentOf(path)))], files };
  }
}

/** Journals of a database come and go while it is in use: what is gone has nothing in it. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** A process and all that it has started. */
export function processTree(pid: number): number[] {
  // Each thread has children of its own, and threads come and go.
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => contentOf(`/proc/${pid}/task/${thread}/children`).toString());
  const children = threads.join(' ').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => processTree(Number(child)))];
}
