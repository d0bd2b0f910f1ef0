import { TallyError } from '@tallystick/core';

/** What may be packed. Numbers and bigints become 8 bytes big-endian. */
export type Field = string | bigint | number | Uint8Array;

const LENGTH_BYTES = 4;

/**
 * Length-prefixed, domain-tagged bytes: for each of the domain and the fields, 4 bytes length (big-endian), then the bytes.
 * No two different lists of fields give the same bytes, and no two purposes share any, whatever the fields hold.
 */
export function packFields(domain: string, fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [];
  for (const field of [domain, ...fields]) {
    const bytes = fieldBytes(field);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

/** The fields of `packFields`, as views into `bytes`. @throws TAMPERED where the shape is not exactly `count` fields of `domain`. */
export function unpackFields(bytes: Buffer, domain: string, count: number): readonly Buffer[] {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length && fields.length <= count) {
    const end = at + LENGTH_BYTES <= bytes.length ? at + LENGTH_BYTES + bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new TallyError('TAMPERED');
    fields.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  const tag = fields.shift();
  if (at !== bytes.length || fields.length !== count || tag?.toString('utf8') !== domain) throw new TallyError('TAMPERED');
  return fields;
}

function fieldBytes(field: Field): Buffer {
  if (typeof field === 'string') return Buffer.from(field, 'utf8');
  if (typeof field === 'object') return Buffer.from(field.buffer, field.byteOffset, field.byteLength);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(field));
  return bytes;
}
