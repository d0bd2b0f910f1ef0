import { anthropicTotal } from './anthropic.ts';
import { googleTotal } from './google.ts';
import { openaiTotal } from './openai.ts';
import { plainTotal } from './plain.ts';
import { type ExportScope, refuse } from './refuse.ts';

export type { ExportScope } from './refuse.ts';

/** Whose account of what was used, and in which shape. `plain`: ours, for every server that has no report of its own. */
export const EXPORT_FORMATS = ['openai', 'anthropic', 'google', 'plain'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const READERS: Readonly<Record<ExportFormat, (text: string, scope: ExportScope) => bigint>> = {
  openai: openaiTotal,
  anthropic: anthropicTotal,
  google: googleTotal,
  plain: plainTotal,
};

/** Formats that name the key (with Google: the project) of each row. */
export function namesKey(format: ExportFormat): boolean {
  return format !== 'plain';
}

/**
 * Adds up the billable tokens of a provider's export: uncached input, cache reads and writes, output with reasoning, as `usageTotal` does
 * for one call. Whatever is not fully understood is refused: what an export leaves out would be given back, and spent a second time.
 * @throws TallyError INPUT_INVALID saying where.
 */
export function readUsageExport(format: ExportFormat, text: string, scope: ExportScope): bigint {
  if (namesKey(format) && scope.keyRef === '') refuse('its rows are of a key: say which one it is at the provider');
  return READERS[format](text, scope);
}
