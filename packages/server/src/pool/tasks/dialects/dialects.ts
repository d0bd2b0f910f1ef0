import type { DialectName } from '../ports.ts';
import { ANTHROPIC } from './anthropic.ts';
import type { PoolDialect } from './dialect.ts';
import { GOOGLE } from './google.ts';
import { OPENAI } from './openai.ts';

export const POOL_DIALECTS: Readonly<Record<DialectName, PoolDialect>> = { openai: OPENAI, anthropic: ANTHROPIC, google: GOOGLE };
