import { writeFileSync } from 'node:fs';

/** Which parts of a process's memory a core dump of it holds (core(5)), one bit each. Its children inherit it. */
const CORE_FILTER = '/proc/self/coredump_filter';

/** Takes away what would show this process's memory to others, or write it to a disk. */
export function guardMemory(): void {
  // At this signal Node opens a debugger on loopback, for every user of the host. Whoever listens to the signal takes its place.
  process.on('SIGUSR1', () => {});
  // Diagnostic reports are made where an operator asks for them; the environment has no place in one.
  process.report.excludeEnv = true;
  try {
    writeFileSync(CORE_FILTER, '0');
  } catch {
    // Only Linux has it. Elsewhere, and against who may trace this process, nothing here helps.
  }
}
