import { relative } from 'node:path';
import type { ChainView } from './chain/chain.ts';
import type { Running } from './serve.ts';

/** The one line of `--json`. */
export function readyLine({ url, seeded }: Running, chain: ChainView): string {
  const { virtualKey, sourceId, cap } = seeded;
  return JSON.stringify({
    url,
    virtual_key: virtualKey,
    source_id: sourceId,
    cap: cap === null ? null : Number(cap),
    pid: process.pid,
    chain: chain.rpc === null ? null : { chain_id: chain.chain_id, rpc: chain.rpc },
  });
}

/** What a person sees when the daemon is ready. */
export function welcome(running: Running, chain: ChainView): string {
  const { url, seeded, daemon } = running;
  const data = relative(process.cwd(), daemon.config.TALLY_DATA_DIR) || '.';
  const workers = daemon.front.workers();
  const source =
    seeded.sourceId === null
      ? 'none yet: npx tally source add'
      : `${seeded.sourceId} (SANDBOX: simulated answers, no account), cap ${seeded.cap} tokens`;
  const lines = [
    '',
    'Tallystick is ready.',
    '',
    `  gateway      ${url}/v1 (OpenAI SDKs), ${url} (Anthropic and Google SDKs)`,
    `  source       ${source}`,
    ...(workers === null ? [] : [`  workers      ${workers.up} processes that serve callers`]),
    `  signer       ${daemon.signer.address} (signs the receipts)`,
    `  chain        ${chainLine(chain)}`,
  ];
  if (seeded.virtualKey !== null) {
    lines.push(
      `  virtual key  ${seeded.virtualKey} (shown once, stored hashed)`,
      `  data         ${data} (the master key is in it: move it off this disk and keep a copy)`,
    );
    if (seeded.sourceId !== null) lines.push('', 'Try it:', '', curl(url, seeded.virtualKey));
  } else {
    lines.push(`  data         ${data} (all kept from before; virtual keys are shown only when made: npx tally key create)`);
  }
  if (daemon.config.TALLY_POOL_LOCKOUT_OFF)
    lines.push('', '  ATTENTION    TALLY_POOL_LOCKOUT_OFF: the donation pool runs tasks although it is locked');
  for (const finding of daemon.anchorFindings()) lines.push('', `  ATTENTION    ${finding}`);
  return `${lines.join('\n')}\n`;
}

function chainLine({ mode, state, chain_id, rpc, reason, deployment }: ChainView): string {
  if (mode === 'off') return 'off';
  if (mode === 'none') return `NONE: ${reason} (docs/guides/chain.md). The gateway works without it`;
  if (state === 'failed') return `FAILED: ${reason}. The gateway works without it`;
  const known = (deployment?.['contracts'] ?? {}) as Readonly<Record<string, unknown>>;
  if (mode === 'rpc') return `${chain_id} at ${rpc}, ${reason ?? `${Object.keys(known).length} contracts`}`;
  const contracts = deployment === null ? 'contracts are being deployed' : `${Object.keys(known).length} contracts`;
  return `${chain_id} at ${rpc ?? 'a port to be known'}, ${contracts} (LOCAL: test assets without value)`;
}

function curl(url: string, key: string): string {
  const body = JSON.stringify({ model: 'sandbox-small', max_completion_tokens: 40, messages: [{ role: 'user', content: 'Hello' }] });
  return [
    `  curl -i ${url}/v1/chat/completions \\`,
    `    -H 'authorization: Bearer ${key}' \\`,
    "    -H 'content-type: application/json' \\",
    `    -d '${body}'`,
  ].join('\n');
}
