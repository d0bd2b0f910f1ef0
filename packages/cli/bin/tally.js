#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// Plain JavaScript on purpose: a Node that is too old cannot even read the TypeScript beside it, and should say so in words.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `error CONFIG_INVALID: tally needs Node 24 or newer; this is ${process.versions.node}. In the repository, npx tally uses the right one.\n`,
  );
  process.exitCode = 78;
} else {
  await import('../src/tally.ts');
}
