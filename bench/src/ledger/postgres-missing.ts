import { findPostgres } from '../../../tests/support/postgres-binaries.ts';

const found = findPostgres();

/** Why PostgreSQL cannot be measured here; null where it can. */
export const postgresMissing: string | null = 'missing' in found ? found.missing : null;
