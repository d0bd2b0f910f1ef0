/** Every way in which `tally` ends. docs/reference/cli.md lists the same codes; a test compares both ways. */
export const EXIT = {
  ok: { code: 0, meaning: 'Done.' },
  failure: { code: 1, meaning: 'It failed, here or inside the daemon (5xx).' },
  usage: { code: 2, meaning: 'The command line, or a file that it names, is wrong. Nothing was sent.' },
  unreachable: { code: 3, meaning: 'No daemon answers.' },
  refused: { code: 4, meaning: 'The daemon refused (4xx).' },
  unverified: {
    code: 5,
    meaning: 'What was checked does not hold: a receipt, the audit log, the books, an archive, or a finding of `doctor`.',
  },
  configuration: {
    code: 78,
    meaning: 'The configuration is not valid: a setting, the operator’s token, the master key, or the version of Node.',
  },
} as const;

export type Exit = keyof typeof EXIT;
