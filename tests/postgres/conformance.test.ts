import { ledgerConformance } from '../../packages/server/src/ledger/conformance.ts';
import { describePostgres } from '../support/postgres.ts';
import { postgresEngine } from './engine.ts';

// tests/long/ has the same at full length.
const SHORT = { modelRuns: 3, reconcileRuns: 12, isLight: true };

describePostgres('on a real server', () => ledgerConformance('PostgreSQL', postgresEngine, SHORT));
