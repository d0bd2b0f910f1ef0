import { describe } from 'vitest';
import { archiveConformance } from './conformance/archive.ts';
import { chargesConformance } from './conformance/charges.ts';
import type { CreateEngine } from './conformance/engine.ts';
import { followingConformance } from './conformance/following.ts';
import { gateConformance } from './conformance/gates.ts';
import { holdConformance } from './conformance/holds.ts';
import { modelConformance } from './conformance/model.ts';
import { reconcileConformance } from './conformance/reconcile.ts';
import { recordConformance } from './conformance/records.ts';
import { recoveryConformance } from './conformance/recovery.ts';
import { replayConformance } from './conformance/replays.ts';
import { reservationModelConformance } from './conformance/reservation-model.ts';
import { reservationConformance } from './conformance/reservations.ts';
import { settleConformance } from './conformance/settlements.ts';
import { tamperConformance } from './conformance/tampering.ts';

/**
 * What every engine of the ledger must do. Run it from a test file of the engine.
 * @param create makes fresh, empty books for one test.
 * @param modelRuns random histories that are compared with a simple model.
 * @param reconcileRuns random providers that are compared with what they billed.
 */
export function ledgerConformance(name: string, create: CreateEngine, { modelRuns = 12, reconcileRuns = 40, isLight = false } = {}): void {
  describe(`${name}: hold`, () => holdConformance(create));
  describe(`${name}: gates`, () => gateConformance(create));
  describe(`${name}: settle`, () => settleConformance(create));
  describe(`${name}: replays`, () => replayConformance(create, isLight));
  describe(`${name}: reservations`, () => reservationConformance(create));
  describe(`${name}: recovery`, () => recoveryConformance(create));
  describe(`${name}: following`, () => followingConformance(create));
  describe(`${name}: reconcile`, () => reconcileConformance(create, reconcileRuns));
  describe(`${name}: records`, () => recordConformance(create));
  describe(`${name}: charges`, () => chargesConformance(create));
  describe(`${name}: archives`, () => archiveConformance(create));
  describe(`${name}: tampering`, () => tamperConformance(create));
  describe(`${name}: model`, () => modelConformance(create, modelRuns));
  describe(`${name}: model of reservations`, () => reservationModelConformance(create, modelRuns));
}
