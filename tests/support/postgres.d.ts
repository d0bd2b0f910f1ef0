/** Why tests over PostgreSQL cannot run here; null where they can. */
export declare const postgresMissing: string | null;
/** As `describe`, for what needs a server; skipped aloud where there is none. */
export declare function describePostgres(title: string, body: () => void): void;
export type FreshDatabase = {
    /** For the role `postgres`, a superuser. */
    readonly url: string;
    /** Also ends the sessions that are in it. */
    drop(): Promise<void>;
};
/**
 * A database of one's own on the server that the whole run shares. A database and not a schema: advisory locks are kept by database, so
 * two tests would meet in one. It costs some 20 ms.
 */
export declare function freshDatabase(): Promise<FreshDatabase>;
