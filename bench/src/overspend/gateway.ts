import type { House } from '../house/house.ts';
import type { Way } from '../house/subjects.ts';
import type { Scenario } from './scenarios.ts';

/** A limit of its own for one scenario in one round: nothing else may be paid from it. */
export type Lot = {
  readonly scenario: Scenario;
  /** Also the model's, so that a gateway can route and price by it. */
  readonly name: string;
  /** What the upstream bills to. */
  readonly credential: string;
  /** What the caller shows to a gateway that has keys of its own. */
  readonly key: string;
};

/** Every lot has the same limit, since some gateways have one limit for all models alike. */
export const LIMIT_TOKENS = 3000;

/** How a caller reaches a lot, and the model that it asks for there. */
export type LotWay = Way & { readonly model: string };

/** One gateway, started with a limit of `LIMIT_TOKENS` on each lot. */
export type Gateway = {
  /** Its name and version. */
  readonly version: string;
  /** How the limit was configured, in its own words; null where it has no cap on tokens or cost. */
  readonly cap: string | null;
  way(lot: Lot): LotWay;
  /** `kill -9`, then a start with the same configuration and data, ready to serve. */
  crash(): Promise<void>;
  stop(): Promise<void>;
  /** What its books say is spent of a lot, tokens; null where it does not tell. */
  spentOf(lot: Lot): Promise<number | null>;
};

/** Where a gateway is started. */
export type Site = { readonly house: House; readonly upstreamPort: number; readonly lots: readonly Lot[] };

/** A way to get one gateway. */
export type Column = {
  readonly name: string;
  /** Why it cannot run here; null where it can. */
  missing(): string | null;
  /** How it is installed, where `--install` can do it. */
  readonly install?: () => void;
  open(site: Site): Promise<Gateway>;
};

/** @param column of which the lots are: the upstream bills every gateway by itself. */
export function lotsOf(column: string, scenarios: readonly Scenario[], rounds: number): Lot[] {
  return scenarios.flatMap((scenario) =>
    Array.from({ length: rounds }, (_, round) => {
      const name = `${scenario}-${round + 1}`;
      return { scenario, name, credential: `sk-upstream-${column}-${name}-0123456789`, key: `sk-caller-${column}-${name}-0123456789` };
    }),
  );
}
