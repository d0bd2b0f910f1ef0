import { ledgerConformance } from '../../packages/server/src/ledger/conformance.ts';
import { postgresEngine } from '../postgres/engine.ts';
import { describePostgres } from '../support/postgres.ts';

describePostgres('on a real server, at full length', () => ledgerConformance('PostgreSQL', postgresEngine));
