import type { TallyError } from '@tallystick/core';
import { ANTHROPIC } from '../../packages/server/src/gateway/providers/anthropic/dialect.ts';
import type { Dialect } from '../../packages/server/src/gateway/providers/dialect.ts';
import { GOOGLE } from '../../packages/server/src/gateway/providers/google/dialect.ts';
import { OPENAI } from '../../packages/server/src/gateway/providers/openai/dialect.ts';
import { type RefusedAnswer, upstreamRefusal } from '../../packages/server/src/gateway/upstream-error.ts';
import { between, pick } from '../support/random.ts';
import { UPSTREAM_ERRORS } from './corpus.ts';
import { jsonMaker } from './make.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { must, type Random, type Target } from './target.ts';

/** Keys of every shape that a provider or an operator may choose; none shares six characters with our own words. */
const SECRETS = [
  'sk-proj-9fQ2xZ7LmW4tR8vB1nK5cD3hJ6gT0yPqS_uAeXiOw',
  'sk-ant-api03-Zx81Qw-Lk29_Mn47Vb65Cc30Xx-AA',
  'AIzaSyD4k2Qm9Rt7Wv1Xz3Bn5Hj8Lp6Fc0Gd',
  'Cnry.a1b2c3:d4e5f6:0a1b2c!zq9',
  'qzqzqzqzqzqzxjxjxjxjxj',
  '7711229944880033665500',
  '$&+,/:;=?@#<>[]{}|\\^%',
  'Qz7-Xj',
];
const RUN = 6;
const STATUSES = [300, 307, 400, 401, 403, 404, 408, 413, 422, 429, 499, 500, 503, 529];

const DIALECTS = [OPENAI, ANTHROPIC, GOOGLE];

type Refuse = (answer: RefusedAnswer, secret: string) => { readonly error: TallyError };

/**
 * Nothing that is passed on of an upstream's error shares six characters in a row with the source's secret, whole, in parts, escaped or cut.
 * The first three bytes of an input choose the secret, the status and the dialect.
 */
export function redactionTarget(speak: Refuse = upstreamRefusal): Target {
  const make = jsonMaker(UPSTREAM_ERRORS);
  return {
    name: 'redaction',
    share: 4,
    make: (random) => {
      const choice = between(random, 0, SECRETS.length - 1);
      const text = Buffer.from(make(random)).toString('latin1');
      const planted = text.replace(/KEY/g, () => JSON.stringify(planting(SECRETS[choice] as string, random)).slice(1, -1));
      const bytes = Buffer.from(planted, 'latin1');
      const body = random() < 0.2 ? mutateBytes(bytes, random, [bytes]) : bytes;
      return Buffer.concat([Buffer.of(choice, between(random, 0, STATUSES.length - 1), between(random, 0, 2)), body]);
    },
    check: (input) => {
      const secret = SECRETS[(input[0] ?? 0) % SECRETS.length] as string;
      const status = STATUSES[(input[1] ?? 0) % STATUSES.length] as number;
      const dialect = DIALECTS[(input[2] ?? 0) % DIALECTS.length] as Dialect;
      const body = Buffer.from(input.subarray(3));
      const { error } = speak({ dialect, host: 'api.example.com', status, headers: {}, body, nowMs: 0 }, secret);
      // Brackets of our own are no part of a secret, even where one stands beside what is left of it.
      const shown = `${error.message}\n${JSON.stringify(error.facts)}\n${JSON.stringify(dialect.errorBody(error, null))}`.replaceAll(
        '[redacted]',
        '\n',
      );
      must(error.message.length <= 600, 'passes on too much');
      must(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(error.message), 'passes on what a terminal would act on');
      for (let at = 0; at + RUN <= secret.length; at += 1) {
        must(!shown.includes(secret.slice(at, at + RUN)), `a part of the secret survives: ${secret.slice(at, at + RUN)}`);
      }
    },
  };
}

/** The secret as it may turn up: whole, cut, masked, doubled, with characters between that later drop out, escaped. */
function planting(secret: string, random: Random): string {
  const at = between(random, 0, secret.length - 2);
  const part = secret.slice(at, at + between(random, 3, secret.length));
  const hidden = pick(random, ['\u200b', '\u0000', '\u202e', '\u2028', '*', '[redacted]', ' ', secret]);
  const kinds = [
    secret,
    part,
    secret + secret,
    part + secret,
    `${'x '.repeat(between(random, 200, 260))}${secret}`,
    `${secret.slice(0, 8)}****${secret.slice(-4)}`,
    Array.from(secret).join(hidden),
    secret.slice(0, at) + hidden + secret.slice(at),
    `sk-${part}${hidden}${part}`,
    part + secret.slice(at, at + 5) + part,
    secret.split('').toReversed().join(''),
  ];
  return pick(random, kinds);
}
