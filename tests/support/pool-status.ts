/** What the public status says, as a reader of the API sees it. */
export type PoolStatus = {
  readonly total_keys_donated: number;
  readonly total_tokens_donated: number;
  readonly total_tokens_used: number;
  readonly total_tokens_remaining: number;
  readonly utilization_percent: number;
  readonly by_provider: Readonly<Record<string, Readonly<Record<string, number | boolean>>>>;
  readonly tokens: Readonly<
    Record<'donated' | 'used' | 'held' | 'remaining' | 'lapsed' | 'available' | 'dust' | 'paused' | 'frozen', number>
  >;
  readonly keys_by_state: Readonly<Record<string, number>>;
  readonly pending: { readonly keys: number; readonly tokens: number };
  readonly simulated: { readonly keys: number; readonly tokens_donated: number; readonly tokens_used: number };
  readonly lockout: { readonly locked: boolean; readonly launched_at: number; readonly unlocks_at: number; readonly override: boolean };
  readonly stops: {
    readonly all: boolean;
    readonly pool: { readonly stopped: boolean; readonly reason: string | null };
    readonly providers: Readonly<Record<string, { readonly stopped: boolean; readonly reason: string | null }>>;
  };
  readonly tasks: Readonly<Record<string, number>>;
  readonly switches: number;
  readonly breaches: number;
};
