import { type Connection, DatabaseError, type FieldDef, type Submittable } from 'pg';
import { type Decode, decoderOf, encodeParam, type PgParam, type PgRow } from './postgres-values.ts';

export type PgStep = {
  readonly text: string;
  readonly values?: readonly PgParam[];
  /** Prepared once per connection under this name (at most 63 bytes); one name, one text. Absent = planned anew each time. */
  readonly name?: string;
};

export type PgResult = {
  readonly rows: readonly PgRow[];
  /** Rows inserted, updated, deleted or selected, as the command's tag tells; 0 where it tells none. */
  readonly rowCount: number;
};

type Column = { readonly name: string; readonly decode: Decode };

/** A statement that the server knows: by what text, and how its rows look. */
type Prepared = { readonly text: string; columns: readonly Column[] };

/** What one connection has prepared. A statement survives the rollback of the transaction that it was prepared in. */
export type PreparedStatements = Map<string, Prepared>;

const PARAMS_MAX = 65_535;
/** Of one step. The server ends a connection over a message of more than 1 GiB. */
const PARAM_BYTES_MAX = 1 << 28;
const NAME_BYTES_MAX = 63;

type Encoded = { readonly text: string; readonly name: string; readonly values: (string | Buffer | null)[] };

/** @throws PgValueError; Error where a step could never be sent. */
function encodeStep({ text, values = [], name = '' }: PgStep): Encoded {
  if (values.length > PARAMS_MAX) throw new Error(`a step has ${values.length} parameters; at most ${PARAMS_MAX}`);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new Error(`the name ${name} is too long for a prepared statement`);
  const encoded = values.map(encodeParam);
  const bytes = encoded.reduce((sum, value) => sum + (typeof value === 'string' ? 3 * value.length : (value?.length ?? 0)), 0);
  if (bytes > PARAM_BYTES_MAX) throw new Error(`the parameters of a step may be ${bytes} bytes; at most ${PARAM_BYTES_MAX}`);
  return { text, name, values: encoded };
}

/**
 * Several statements in one round trip: Parse, Describe, Bind and Execute of each, then one Sync. After an error the server skips the
 * rest up to the Sync, so `BEGIN` … `COMMIT` in one pipeline is all or nothing.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * It is handed to pg's client as a `Submittable`, which calls the `handle…` methods for each message of the server.
 */
export class Pipeline implements Submittable {
  readonly results: { rows: PgRow[]; rowCount: number }[] = [];
  /** The server's first refusal. Whether the session outlives it is known only when the next ReadyForQuery or the end has come. */
  refusal: DatabaseError | null = null;
  /** Whether bytes of it may have left. */
  sent = false;

  readonly #steps: readonly Encoded[];
  readonly #prepared: PreparedStatements;
  readonly #onNonsense: (problem: string) => void;
  /** Steps whose Parse was sent and not yet confirmed. */
  readonly #unparsed: Encoded[] = [];
  /** What the next RowDescription describes, and, for a step without a name, what its rows look like. */
  #described: Prepared = { text: '', columns: [] };
  #rows: PgRow[] = [];

  /** @param onNonsense called where the server answers what was not asked. */
  constructor(steps: readonly PgStep[], prepared: PreparedStatements, onNonsense: (problem: string) => void) {
    this.#steps = steps.map(encodeStep);
    this.#prepared = prepared;
    this.#onNonsense = onNonsense;
    const texts = new Map([...prepared].map(([name, { text }]) => [name, text]));
    for (const { name, text } of this.#steps) {
      if (name !== '' && (texts.get(name) ?? text) !== text) throw new Error(`the name ${name} is taken by another statement`);
      texts.set(name, text);
    }
  }

  get isComplete(): boolean {
    return this.refusal === null && this.results.length === this.#steps.length;
  }

  submit(connection: Connection): void {
    if (!connection.stream.writable) return;
    this.sent = true;
    const known = new Set(this.#prepared.keys());
    connection.stream.cork();
    for (const step of this.#steps) {
      if (step.name === '' || !known.has(step.name)) {
        this.#unparsed.push(step);
        connection.parse({ name: step.name, text: step.text, types: [] }, true);
        connection.describe({ type: 'S', name: step.name }, true);
        known.add(step.name);
      }
      connection.bind({ statement: step.name, values: step.values }, true);
      connection.execute(null, true);
    }
    connection.sync();
    connection.stream.uncork();
  }

  /** pg's client does not hand this message on: the session listens for it. */
  handleParseComplete(): void {
    const step = this.#unparsed.shift();
    if (step === undefined) {
      this.#onNonsense('an answer to no Parse');
      return;
    }
    this.#described = { text: step.text, columns: [] };
    if (step.name !== '') this.#prepared.set(step.name, this.#described);
  }

  handleRowDescription(message: { readonly fields: readonly FieldDef[] }): void {
    this.#described.columns = message.fields.map(({ name, dataTypeID }) => ({ name, decode: decoderOf(dataTypeID) }));
  }

  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    const name = this.#steps[this.results.length]?.name ?? '';
    const { columns } = this.#prepared.get(name) ?? this.#described;
    const row: PgRow = {};
    message.fields.forEach((text, index) => {
      const column = columns[index];
      if (column !== undefined) row[column.name] = text === null ? null : column.decode(text);
    });
    this.#rows.push(row);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.results.push({ rows: this.#rows, rowCount: Number(/\d+$/.exec(message.text)?.[0] ?? 0) });
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }

  handleError(error: Error): void {
    // Where the connection has ended, the session was told so before this.
    if (error instanceof DatabaseError && error.code !== undefined) this.refusal ??= error;
    else this.#onNonsense('a broken message');
  }

  /** The session settles a pipeline itself, in both cases: pg's client calls this only after a success. */
  handleReadyForQuery(): void {}

  handlePortalSuspended(): void {
    this.#onNonsense('a suspended portal');
  }

  handleCopyInResponse(): void {
    this.#onNonsense('COPY, which is not spoken here');
  }

  handleCopyData(): void {
    this.#onNonsense('COPY, which is not spoken here');
  }
}
