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

/** @returns an exit code that a script can trust. */
export function printReport(context: Context, report: Report): Exit {
  context.out.result(report, ({ terminal }) => reportLines(context, report.findings, terminal));
  return report.ok ? 'ok' : 'unverified';
}
