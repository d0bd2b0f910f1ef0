import { replayConformance } from '../../packages/server/src/ledger/conformance/replays.ts';
import { postgresEngine } from '../postgres/engine.ts';
import { describePostgres } from '../support/postgres.ts';

describePostgres('kept answers, as many as there may be', () => replayConformance(postgresEngine));
