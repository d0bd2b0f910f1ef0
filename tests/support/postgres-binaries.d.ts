export declare const VERSION_MIN = 15;
/** Where the server's programs lie, and as whom they run: PostgreSQL refuses root. */
export type Binaries = {
    readonly bin: string;
    readonly version: number;
    readonly ids: {
        readonly uid?: number;
        readonly gid?: number;
    };
};
/** @returns the newest usable server of this machine, or why there is none. */
export declare function findPostgres(): Binaries | {
    readonly missing: string;
};
