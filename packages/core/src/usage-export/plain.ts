import { z } from 'zod';
import { shaped } from './buckets.ts';
import { csvRows } from './csv.ts';
import { exportTime, exportTimeText } from './export-time.ts';
import { type ExportScope, exportJson, exportTokens, exportTotal, refuse } from './refuse.ts';

const total = z.strictObject({
  source: z.string(),
  from: z.string(),
  to: z.string(),
  total_tokens: z.union([z.int().min(0), z.string().regex(/^\d{1,18}$/, 'must be whole tokens')]),
});

/** `{"source":…,"from":…,"to":…,"total_tokens":…}`, or a table `timestamp,tokens` of what was billed and when. Times as in RFC 3339. */
export function plainTotal(text: string, scope: ExportScope): bigint {
  return /^\s*\{/.test(text) ? statedTotal(text, scope) : tableTotal(text, scope);
}

function statedTotal(text: string, { source, from, to }: ExportScope): bigint {
  const stated = shaped(total, exportJson(text));
  if (stated.source !== source) refuse('it is of another source');
  if (exportTime(stated.from, 'from') !== from || exportTime(stated.to, 'to') !== to) {
    refuse(`it is of another interval than ${exportTimeText(from)} to ${exportTimeText(to)}`);
  }
  return exportTotal([exportTokens(stated.total_tokens, 'total_tokens')]);
}

function tableTotal(text: string, { from, to }: ExportScope): bigint {
  return exportTotal(
    csvRows(text, ['timestamp', 'tokens']).map(({ timestamp, tokens }, index) => {
      const at = exportTime(timestamp, `row ${index + 2}: timestamp`);
      if (at < from || at >= to) refuse(`row ${index + 2} is not of the interval`);
      return exportTokens(tokens, `row ${index + 2}: tokens`);
    }),
  );
}
