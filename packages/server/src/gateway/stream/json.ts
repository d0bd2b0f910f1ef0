/** Reading an upstream's JSON without trusting its shape. */
export type Json = Readonly<Record<string, unknown>>;

/** Names from an upstream are shown and logged, so they are kept short and printable. */
const NAME_CHARS_MAX = 64;

/** @returns the object, or null where the bytes are no JSON object. */
export function parseObject(data: Uint8Array): Json | null {
  try {
    return asObject(JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')));
  } catch {
    return null;
  }
}

export function asObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** @returns a short printable name, or null where the value is no string or number. */
export function asName(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  return String(value)
    .slice(0, NAME_CHARS_MAX)
    .replace(/[^\x20-\x7e]/g, '?');
}

export function asIndex(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
}

/** @returns the UTF-8 bytes of a text, 0 where the value is none. */
export function textBytes(value: unknown): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

/** @returns the UTF-8 bytes of all names and scalars in a value. Without recursion: an upstream can nest deeper than the stack goes. */
export function bytesWithin(value: unknown): number {
  const open: unknown[] = [value];
  let bytes = 0;
  while (open.length > 0) {
    const next = open.pop();
    if (Array.isArray(next)) {
      for (const item of next) open.push(item);
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, member] of Object.entries(next)) {
        bytes += Buffer.byteLength(name);
        open.push(member);
      }
    } else if (next !== null && next !== undefined) bytes += Buffer.byteLength(String(next));
  }
  return bytes;
}

/** @returns the code of an error object (its code, else its type), or `unknown`. */
export function errorCode(error: unknown): string {
  const object = asObject(error);
  return asName(object?.code) ?? asName(object?.type) ?? 'unknown';
}
