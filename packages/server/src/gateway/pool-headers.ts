import type { IncomingHttpHeaders } from 'node:http';
import { TallyError } from '@tallystick/core';
import type { KeyUse } from '#ledger';

/** What a key of the pool asks for beside the call: this source and no other, and a reservation to take its amounts out of. */
export type PoolHeaders = { readonly sourceId?: string | undefined; readonly reservationId?: string | undefined };

const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** @throws INPUT_INVALID, also where the key is none of the pool's: the header would otherwise be believed to have had its effect. */
export function readPoolHeaders(headers: IncomingHttpHeaders, use: KeyUse): PoolHeaders {
  return { sourceId: read(headers, 'x-tally-source', use), reservationId: read(headers, 'x-tally-reservation', use) };
}

function read(headers: IncomingHttpHeaders, name: string, use: KeyUse): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (use === 'calls') throw new TallyError('INPUT_INVALID', `The header \`${name}\` is for the pool’s own keys.`, { field: name });
  if (typeof value !== 'string' || !ID.test(value))
    throw new TallyError('INPUT_INVALID', `The header \`${name}\` must be one id.`, { field: name });
  return value;
}
