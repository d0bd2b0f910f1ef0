import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { AccountDonor, sandboxKey } from '../support/donating.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon({ env: { TALLY_LOG_LEVEL: 'debug' } });
});
afterAll(async () => {
  console.log(daemon?.stderr());
  await daemon?.dispose();
});
it('x', async () => {
  const donor = await AccountDonor.make(() => daemon);
  const given = await donor.give({ provider: 'sandbox', api_key: sandboxKey(), donated_tokens: 1000 });
  console.log(JSON.stringify(given, null, 1));
  console.log(JSON.stringify(await donor.view(given.body.key_id), null, 1));
  console.log(JSON.stringify(await donor.act(given.body.key_id, 'destroy'), null, 1));
  expect(1).toBe(1);
});
