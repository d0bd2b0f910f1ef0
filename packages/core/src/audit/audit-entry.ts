import { canonicalJson, type JsonObject } from '../jcs.ts';

/** One entry of a gateway's audit log. `at`: Unix ms. */
export type AuditEntry = {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
};

/** A line of the log: its entry, and the gateway's own MAC over it, which only the gateway can check. */
export type AuditLine = { readonly entry: AuditEntry; readonly mac: string };

/** @param line without its line end. @returns null where it is not one entry in its canonical form. */
export function readAuditLine(line: string): AuditLine | null {
  try {
    const json = JSON.parse(line) as JsonObject;
    const { at, data, kind, mac, seq, subject } = json;
    const shaped = Number.isSafeInteger(at) && Number.isSafeInteger(seq) && typeof kind === 'string' && typeof subject === 'string';
    if (!shaped || typeof mac !== 'string' || typeof data !== 'object' || data === null) return null;
    if (Object.keys(json).length !== 6 || canonicalJson(json) !== line) return null;
    return { entry: { seq: seq as number, at: at as number, kind, subject, data: data as AuditEntry['data'] }, mac };
  } catch {
    return null;
  }
}
