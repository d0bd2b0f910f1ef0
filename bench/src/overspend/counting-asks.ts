/** What the counting upstream has billed to one credential since it started. */
export type Billed = {
  readonly tokens: number;
  readonly requests: number;
  /** Requests that are still generating, their caller there or gone. */
  readonly running: number;
};

/** The upstream is asked for nothing but its books; by credential. */
export type CountingAsk = { readonly do: 'books' };
export type CountingBooks = Readonly<Record<string, Billed>>;

export const NOTHING_BILLED: Billed = { tokens: 0, requests: 0, running: 0 };
