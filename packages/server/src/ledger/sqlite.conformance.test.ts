import { ledgerConformance } from './conformance.ts';
import { sqliteEngine } from './sqlite.engine.ts';

ledgerConformance('SQLite', sqliteEngine);
