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

/** Looks for the canaries in any form. */
export class CanarySearch {
  readonly #forms: readonly { readonly canary: string; readonly form: string; readonly bytes: Buffer }[];

  constructor(canaries: readonly Canary[]) {
    this.#forms = canaries.flatMap(({ name, secret }) => formsOf(secret).map(([form, bytes]) => ({ canary: name, form, bytes })));
  }

  in(where: string, haystack: Buffer | string): Found[] {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
    return this.#forms.flatMap((form) => {
      const at = bytes.indexOf(form.bytes);
      return at < 0 ? [] : [{ canary: form.canary, form: form.form, where, at }];
    });
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

/** Journals of a database come and go while it is in use. */
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
  // Each thread has children of its own.
  const children = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim());
  return [
    pid,
    ...children
      .join(' ')
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => processTree(Number(child))),
  ];
}
