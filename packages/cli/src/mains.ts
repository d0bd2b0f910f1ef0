import { fileURLToPath } from 'node:url';

/** The programs that `tally` starts as processes. It asks for their paths and never imports them. */
export const daemonMain = (): string => fileURLToPath(import.meta.resolve('@tallystick/server/main'));
export const sandboxMain = (): string => fileURLToPath(import.meta.resolve('@tallystick/sandbox/main'));
