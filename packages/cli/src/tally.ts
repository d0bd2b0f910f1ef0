#!/usr/bin/env -S node --disable-warning=ExperimentalWarning

// Imports wait until the version is known to be enough: a missing feature would otherwise speak first, and less clearly.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`error CONFIG_INVALID: tally needs Node 24 or newer; this is ${process.versions.node}. Use npx tally.\n`);
  process.exitCode = 78;
} else {
  const [{ run }, { systemIo }] = await Promise.all([import('./run.ts'), import('./io.ts')]);
  process.exitCode = await run(process.argv.slice(2), systemIo());
}
