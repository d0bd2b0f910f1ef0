import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { cell } from '../table.ts';

export type Finding = { readonly check: string; readonly ok: boolean; readonly detail: string };
export type Report = { readonly ok: boolean; readonly findings: readonly Finding[] };

/** One line per finding: aligned for a terminal, tab-separated when piped. */
export function reportLines({ out }: Context, findings: readonly Finding[], terminal: boolean): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, ok, detail }) =>
      terminal
        ? `${out.mark(ok)}  ${cell(check).padEnd(width)}  ${cell(detail)}`
        : `${ok ? 'ok' : 'FAIL'}\t${cell(check)}\t${cell(detail)}`,
    )
    .join('\n');
}

/** @throws ANSWER_INVALID where what answered is no report: something else listens there. */
function checkReport(report: Report): void {
  if (!Array.isArray(report?.findings))
    throw new CliError('ANSWER_INVALID', 'What answered is no report of a Tallystick daemon.', 'failure');
}

/** @returns an exit code that a script can trust. */
export function printReport(context: Context, report: Report): Exit {
  checkReport(report);
  context.out.result(report, ({ terminal }) => reportLines(context, report.findings, terminal));
  return report.ok ? 'ok' : 'unverified';
}
