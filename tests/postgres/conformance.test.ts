import { ledgerConformance } from '../../packages/server/src/ledger/conformance.ts';
import { describePostgres } from '../support/postgres.ts';
import { postgresEngine } from './engine.ts';

describePostgres('on a real server', () => ledgerConformance('PostgreSQL', postgresEngine, { modelRuns: 3, isLight: true }));
