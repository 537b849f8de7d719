import {
  type Dialect,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import pg from 'pg';
import { absolutePath } from '../../environment/environment.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { processCertificates, processSecureContext } from '../../http/connect/certificates.ts';
import { readTextFile } from '../../text/decode-text.ts';
import { requireWholeNumbers } from '../database/whole-numbers.ts';
import { SqlCursor } from './cursor.ts';
import { isConnectionLost, postgresFailure } from './failures.ts';
import { preparedStatements } from './prepared.ts';
import { type PostgresAddress, type PostgresTls, redactedUrl } from './url.ts';

/** How many connections one process holds at most. A command uses one. */
const poolSize = 10;
/** How long a statement may take before the connection counts as dead, and how long a transaction may be idle. */
const statementTimeoutMs = 60_000;
/** The same while this process, or one that it waits for, changes the schema. */
const migrationTimeoutMs = 3_600_000;
/** How long one writer waits for the others, as on SQLite. */
export const lockTimeoutMs = 10_000;

/**
 * A transaction that may write first takes the one lock of all writers, and releases it when it ends. What it reads
 * therefore stays true until its end, for every process on every host. This matches SQLite's `begin immediate`, which
 * the queries rely on. A batch of API requests does not take the lock; see `audit/own-chain.ts`. Its number is arbitrary.
 */
function beginWriting(waitMs: number): string {
  return [
    'begin',
    `set local lock_timeout = ${waitMs}`,
    // A process that hangs or loses its connection does not block the others forever.
    `set local idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    'select pg_advisory_xact_lock(7233178471018)',
  ].join('; ');
}

/** Not `insert`: it locks only its new row, for which no other transaction waits. */
const changesRows = /^\s*(update|delete)\b/i;

/** Slow statements: a change of a large table, or waiting for the migrator of another process. */
const isSchemaChange = /^\s*(create|alter|drop)\b|pg_advisory_lock\(/i;

/** kysely's PostgreSQL dialect on `pg`. A writer waits `waitMs` milliseconds for the others. */
export function postgresDialect(address: PostgresAddress, waitMs: number = lockTimeoutMs): Dialect {
  // Created on first use, so that a store that was never used has nothing to close.
  return new PostgresDialect({ pool: () => Promise.resolve(brokerPool(address, waitMs)), cursor: SqlCursor });
}

function brokerPool(address: PostgresAddress, waitMs: number): PostgresPool {
  const shown = redactedUrl(address);
  const begin = beginWriting(waitMs);
  const pool = new pg.Pool({
    host: address.host,
    port: address.port,
    ...(address.user !== undefined && { user: address.user }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.database !== undefined && { database: address.database }),
    ssl: address.tls === null ? false : tlsOptions(address.tls, address.host),
    application_name: address.applicationName,
    ...(address.options !== undefined && { options: address.options }),
    types: { getTypeParser },
    max: poolSize,
    connectionTimeoutMillis: address.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    // After a failover, connections move to the new server over time.
    maxLifetimeSeconds: 1800,
    query_timeout: statementTimeoutMs,
    // Statements that are sent together take one round trip; see `together.ts`.
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // A connection that is lost while idle is replaced when the next one is needed.
  pool.on('error', () => {});
  // If one is lost between two statements, the next statement fails; without a listener, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const clients = new WeakMap<pg.PoolClient, BrokerClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw postgresFailure(error, shown);
      }
      let known = clients.get(client);
      if (known === undefined) {
        known = new BrokerClient(client, shown, begin);
        clients.set(client, known);
      }
      return known;
    },
  };
}

/** One connection, as kysely uses it: translates errors, tracks the transaction, reads long results in batches. */
class BrokerClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #shown: string;
  /** The statement that begins a transaction. */
  readonly #begin: string;
  #lost = false;
  /** Within a transaction that changes tables. */
  #migrating = false;
  inTransaction = false;

  constructor(client: pg.PoolClient, shown: string, begin: string) {
    this.#client = client;
    this.#shown = shown;
    this.#begin = begin;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    statement: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof statement === 'string') return this.#run<R>(statement, parameters);
    if (statement instanceof SqlCursor) statement.attach(this);
    return statement;
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#lost);
  }

  async #run<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    requireWholeNumbers(parameters);
    if (this.inTransaction || !changesRows.test(sql)) return await this.#send<R>(sql, parameters);
    // A single statement takes the writers' lock too: otherwise two that change many rows could deadlock.
    await this.#send('begin');
    try {
      const result = await this.#send<R>(sql, parameters);
      await this.#send('commit');
      return result;
    } catch (error) {
      await this.#send('rollback').catch(() => {
        this.#lost = true;
      });
      throw error;
    }
  }

  async #send<R>(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    const begins = sql === 'begin' || sql.startsWith('start transaction');
    try {
      if (begins) this.inTransaction = true;
      const text = sql === 'begin' ? this.#begin : sql;
      if (isSchemaChange.test(sql)) this.#migrating = true;
      const query_timeout = this.#migrating ? migrationTimeoutMs : statementTimeoutMs;
      const name = preparedStatements.get(text);
      const result: unknown = await this.#client.query({
        ...(name !== undefined && { name }),
        text,
        values: [...parameters],
        query_timeout,
      } as pg.QueryConfig);
      if (sql === 'commit' || sql === 'rollback') this.inTransaction = this.#migrating = false;
      // Several statements in one query return a list.
      return (Array.isArray(result) ? result.at(-1) : result) as PostgresQueryResult<R>;
    } catch (error) {
      const failure = postgresFailure(error, this.#shown, sql.split(' ', 1)[0]);
      // Nothing ends a transaction whose start failed.
      this.#lost ||= begins || isConnectionLost(failure);
      throw failure;
    }
  }
}

/** Returns integers as numbers (all values of this program are safe integers), on these connections only. */
function getTypeParser(id: number, format?: 'text' | 'binary'): (value: string) => unknown {
  const { INT8, NUMERIC } = pg.types.builtins;
  if (id === INT8 || id === NUMERIC) return Number;
  return pg.types.getTypeParser(id, format as 'text') as (value: string) => unknown;
}

function tlsOptions({ verify, rootCertificate, certificate, key }: PostgresTls, host: string) {
  return {
    // The name that the certificate must contain; pg itself passes on host names only, not IP addresses.
    host,
    rejectUnauthorized: verify !== 'nothing',
    ...(rootCertificate !== null && { ca: pem(rootCertificate, 'sslrootcert') }),
    // Created once: it takes tens of milliseconds.
    ...(rootCertificate === null &&
      verify !== 'nothing' &&
      (certificate === null ? { secureContext: processSecureContext() } : { ca: processCertificates() })),
    ...(certificate !== null && { cert: pem(certificate, 'sslcert') }),
    ...(key !== null && { key: pem(key, 'sslkey') }),
    ...(verify === 'authority' && { checkServerIdentity: () => undefined }),
  };
}

function pem(path: string, parameter: string): string {
  try {
    return readTextFile(absolutePath(parameter, path), 'E_STORE');
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw new BrokerError('E_STORE', `The file ${path} in ${parameter} cannot be read.`, {
      cause: error,
    });
  }
}
