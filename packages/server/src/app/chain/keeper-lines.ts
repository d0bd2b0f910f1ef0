/** What the daemon tells the keeper of the embedded chain at its start, and what the keeper says to it. */
export type KeeperOptions = {
  /** The program. */
  readonly anvil: string;
  readonly folder: string;
  /** null: the usual one, or a free one where that is taken. */
  readonly port: number | null;
  readonly chainId: number;
};

/** A process, and how the process list shows it. */
export type Running = { readonly pid: number; readonly command: string };

export type KeeperSays =
  | { readonly url: string; readonly chain_id: number; readonly anvil: Running }
  | { readonly deployed: { readonly contracts: number; readonly steps: number } }
  /** Why its state cannot be written; null where it is written again. */
  | { readonly unwritten: string | null }
  | { readonly failed: string };

export const PORT_USUAL = 8_545;
export const EMBEDDED_CHAIN_ID = 31_337;
