import { csvRows } from './csv.ts';
import { exportTime } from './export-time.ts';
import { type ExportScope, exportTokens, exportTotal, refuse } from './refuse.ts';

const COLUMNS = ['usage_start_time', 'usage_end_time', 'project_id', 'sku', 'amount', 'unit'] as const;

/**
 * Cloud Billing's standard usage cost data, as a query of BigQuery exports it to CSV: `usage_start_time`, `usage_end_time`, `project.id AS
 * project_id`, `sku.description AS sku`, `usage.amount AS amount`, `usage.unit AS unit`. It knows projects, not keys: the project must have
 * this key alone. Rows are of an hour and come only for what was used. Which unit the tokens have is not documented, so just those that
 * say that they count tokens are taken, and everything else in the project is refused by its name.
 * Source: https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage
 */
export function googleTotal(text: string, scope: ExportScope): bigint {
  return exportTotal(
    csvRows(text, COLUMNS).map((row, index) => {
      const where = `row ${index + 2}`;
      const from = exportTime(row.usage_start_time, `${where}: usage_start_time`);
      const to = exportTime(row.usage_end_time, `${where}: usage_end_time`);
      if (from < scope.from || to > scope.to || from > to) refuse(`${where} is not within the interval`);
      if (row.project_id !== scope.keyRef) refuse(`${where} is of another project`);
      if (!/\btokens?\b/i.test(row.sku) || /\b(storage|hours?)\b/i.test(row.sku) || !/^(count|tokens?)$/i.test(row.unit)) {
        refuse(`${where} does not count tokens: ${row.sku.slice(0, 80)} in ${row.unit.slice(0, 40)}`);
      }
      return exportTokens(row.amount, `${where}: amount`);
    }),
  );
}
