import type { Column } from './gateway.ts';
import { eggrd } from './gateways/eggrd.ts';
import { litellm } from './gateways/litellm.ts';
import { literLlm } from './gateways/liter-llm.ts';
import { passthrough } from './gateways/passthrough.ts';
import { portkey } from './gateways/portkey.ts';
import { tallystick, tallystickOnPostgres } from './gateways/tallystick.ts';

/** Everything that can be measured, in the order of the report. */
export const COLUMNS: readonly Column[] = [
  passthrough,
  portkey,
  litellm('budget'),
  litellm('tokens'),
  literLlm,
  eggrd('buffers'),
  eggrd('streams'),
  tallystick('tallystick', []),
  tallystick('tallystick-workers', ['--workers', '4']),
  tallystickOnPostgres,
];

/** What a run measures unless it is told otherwise. */
export const DEFAULT_NAMES = COLUMNS.map(({ name }) => name);
/** The two ends, and the peer whose budgets are built the same way. */
export const QUICK_NAMES: readonly string[] = ['pass-through', 'eggrd-streams', 'tallystick'];

export function isOurs(name: string): boolean {
  return name.startsWith('tallystick');
}
