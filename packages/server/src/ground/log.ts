import { pino } from 'pino';

/** A structured log. Only facts that cannot hold a secret are ever passed in; the redaction list is the belt to those braces. */
export type Log = {
  readonly debug: (facts: LogFacts, message: string) => void;
  readonly info: (facts: LogFacts, message: string) => void;
  readonly warn: (facts: LogFacts, message: string) => void;
  readonly error: (facts: LogFacts, message: string) => void;
};
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined>>;

const SECRET_FIELDS = ['authorization', 'api_key', 'apiKey', 'key', 'secret', 'token', 'virtual_key', 'x-api-key', 'master'];

/** JSON lines on standard error; standard output belongs to what the user asked for. */
export function openLog(level: string): Log {
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths: SECRET_FIELDS, censor: '[redacted]' } },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (facts, message) => log.debug(facts, message),
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
  };
}
