import { CompiledQuery, type QueryResult, sql } from 'kysely';
import { isMissingKey } from '../../errors/missing-key.ts';
import type { Db } from '../db.ts';
import { NotAuthentic } from '../integrity/authenticated-set.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { untrusted } from '../integrity/untrusted.ts';
import { identityHolds, storeIdentity } from '../meta/incarnation.ts';
import { isConnectionLost } from '../postgres/failures.ts';
import { prepared } from '../postgres/prepared.ts';
import { together } from '../postgres/together.ts';
import { appendAudits } from './audit.ts';
import { type AuditEntry, nextRows } from './chain.ts';
import { chainIsSigned, chainState } from './heads.ts';
import { registerChain, registeredChains } from './register.ts';
import { type ChainState, signature, startOf } from './signature.ts';

/*
 * A chain of the audit log that only one process on PostgreSQL writes, so that its batches do not wait for other writers. The
 * process knows the end of its chain, calculates the hashes of the next rows, and writes rows and head in one statement, which is
 * a transaction. The writing connection holds an advisory lock, which shows that the chain is in use. PostgreSQL releases the lock
 * when the connection or the process ends, and another process can then continue the chain. The lock only prevents processes from
 * choosing the same chain. The statement itself has the condition that the new rows follow the last row.
 */

/** The first number of the advisory locks; the second one is the chain. Arbitrary. */
const lockSpace = 723_317;

/** How often a write is tried if others replace the signature, and how often a chain is added if none is free. */
const maxAttempts = 5;

/** The data that a batch writes together with its audit rows, and the conditions for it. */
export interface BatchWrites {
  /** The change counter of the row MACs on which the decisions of the batch are based; null if the rows were read just now. */
  counter: number | null;
  /** Clients that used a credential, and whether it was the previous one. */
  uses: readonly { client: string; previous: boolean }[];
  /** Assertions that may be used once. Instants are epoch milliseconds. */
  assertions: readonly { client: string; jti: string; expires: number }[];
  /** Used assertions that expired before this instant are deleted. */
  forgetBefore: number;
  /** The query to run after the commit, in the same round trip. */
  thenRead: CompiledQuery<unknown> | null;
}

const noWrites: BatchWrites = { counter: null, uses: [], assertions: [], forgetBefore: 0, thenRead: null };

/** The result of a write. */
export interface Appended {
  /** The assertions that were not used before. */
  assertions: readonly NewAssertion[];
  /** The rows of `thenRead`; null without that query. */
  rows: readonly unknown[] | null;
}

/** An assertion of a batch that was new. */
export interface NewAssertion {
  client: string;
  jti: string;
}

interface LockedChain {
  connection: Db;
  release: () => void;
  state: ChainState;
  /** The incarnation of the store when the chain was locked. */
  incarnation: string;
}

const rowTypes = `as row(seq bigint, time bigint, action text, outcome text, profile text, client text, address text,
  "user" text, subject text, previous_hash text, hash text)`;

const head = `head as (
    update audit_head set seq = $2, hash = $3, signed_seq = $4, signature = $5
    where id = $1 and hash = $6 and signature is not distinct from $7
      and ($9::bigint is null or exists (select 1 from row_mac_head where counter = $9)) returning id
  )`;

const insertRows = `insert into audit (chain, seq, time, action, outcome, profile, client, address, "user", subject, previous_hash, hash)
    select head.id, row.seq, row.time, row.action, row.outcome, row.profile, row.client, row.address, row."user", row.subject,
      row.previous_hash, row.hash
    from head cross join json_to_recordset($8::json) ${rowTypes}`;

/** Inserts nothing if the chain does not end as expected, or if rows that grant access have changed. */
const writeRows = prepared('audit-rows', `with ${head} ${insertRows}`);

/**
 * The same, and writes the other changes of the batch. It does not wait for other batches: rows that another one is writing at
 * the same time are skipped. It only waits for a transaction that is using the same assertion.
 */
const writeBatch = prepared(
  'audit-batch',
  `with ${head}, added as (${insertRows}), used as (
    update client set last_used_at = $10,
      previous_secret_used_at = case when use.previous then $10 else client.previous_secret_used_at end
    from head cross join json_to_recordset($11::json) as use(client text, previous boolean)
    where client.id = use.client and client.id in (
      select id from client where id in (select value from json_array_elements_text($12::json)) for no key update skip locked)
  ), new_assertion as (
    insert into client_assertion (client_id, jti_hash, expires_at)
    select assertion.client, assertion.jti, assertion.expires
    from head cross join json_to_recordset($13::json) as assertion(client text, jti text, expires bigint)
    join client on client.id = assertion.client
    on conflict do nothing returning client_id as client, jti_hash as jti
  ), forgotten as (
    delete from client_assertion where (client_id, jti_hash) in (
      select client_id, jti_hash from client_assertion where expires_at < $14 limit 1000 for update skip locked)
  )
  select (select count(*) from head) as heads, (select coalesce(json_agg(new_assertion), '[]') from new_assertion) as new`,
);

export class OwnChain {
  readonly #db: Db;
  readonly #now: () => number;
  #chain: LockedChain | null = null;
  /** Resolves when the last write has ended. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(db: Db, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /**
   * Writes rows and the other changes of their batch durably, in one round trip, after those of earlier calls. Returns null and
   * writes nothing if the change counter has moved on. Throws `E_STORE_ROLLED_BACK` if the chain was cut.
   */
  async append(
    time: number,
    entries: readonly AuditEntry[],
    writes: BatchWrites = noWrites,
  ): Promise<Appended | null> {
    const write = this.#last.then(() => this.#append(time, entries, writes));
    this.#last = write.catch(() => {});
    return await write;
  }

  /** Unlocks the chain, so that other processes can continue it. */
  async close(): Promise<void> {
    await this.#last;
    await this.#unlock();
  }

  async #append(time: number, entries: readonly AuditEntry[], writes: BatchWrites): Promise<Appended | null> {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const isNew = this.#chain === null;
      try {
        const missing = macKeysOf(this.#db)?.refreshError ?? null;
        if (isMissingKey(missing)) throw missing;
        this.#chain ??= await this.#lock();
        const written = await this.#write(this.#chain, time, entries, writes);
        if (written !== null) return written;
        if (await this.#isUnchanged(this.#chain)) return null;
      } catch (error) {
        // The chain was cut, so this process does not continue it and writes to no other chain.
        if ((error as { code?: unknown }).code === 'E_STORE_ROLLED_BACK') throw error;
        const isLost = isConnectionLost(error);
        await this.#unlock(isLost);
        // Decisions based on rows that were read before the key was removed are made again first.
        if (isMissingKey(error))
          return writes.counter === null ? await this.#appendUnsigned(time, entries) : null;
        // The database was restarted since the last write. If that write was stored after all, the log contains it twice.
        if (!isLost || isNew) throw error;
      }
    }
    throw new Error('the audit chain of this process keeps changing');
  }

  /** A process whose key was removed no longer issues tokens, but still records rejected requests. */
  async #appendUnsigned(time: number, entries: readonly AuditEntry[]): Promise<Appended> {
    await this.#db.transaction().execute((trx) => appendAudits(trx, time, entries));
    return { assertions: [], rows: null };
  }

  /** Returns null and writes nothing if the end of the chain, or the change counter, is not the one that this process knows. */
  async #write(
    chain: LockedChain,
    time: number,
    entries: readonly AuditEntry[],
    writes: BatchWrites,
  ): Promise<Appended | null> {
    const { connection, state } = chain;
    const { rows, end } = nextRows(state.id, state, time, entries);
    const keys = macKeysOf(connection);
    const next: ChainState =
      keys === null
        ? { ...state, ...end }
        : {
            ...state,
            ...end,
            signed_seq: end.seq,
            signature: signature(keys, state.id, startOf(state), end),
          };
    const { seq, hash, signed_seq } = next;
    const parameters = [state.id, seq, hash, signed_seq, next.signature, state.hash, state.signature];
    const { counter, uses, assertions, forgetBefore, thenRead } = writes;
    parameters.push(JSON.stringify(rows), counter);
    if (uses.length === 0 && assertions.length === 0) {
      const query = CompiledQuery.raw(writeRows, parameters);
      const [{ numAffectedRows }, then] = await executed(connection, query, thenRead);
      if (numAffectedRows === 0n && rows.length > 0) return null;
      chain.state = next;
      return { assertions: [], rows: then };
    }
    parameters.push(time, JSON.stringify(uses), JSON.stringify(uses.map(({ client }) => client)));
    parameters.push(JSON.stringify(assertions), forgetBefore);
    const query = CompiledQuery.raw(writeBatch, parameters) as CompiledQuery<{
      heads: number;
      new: NewAssertion[];
    }>;
    const [result, then] = await executed(connection, query, thenRead);
    const [written] = result.rows;
    if (written === undefined || written.heads === 0) return null;
    chain.state = next;
    return { assertions: written.new, rows: then };
  }

  /** Pruning and a new data key replace the signature, and a restore replaces the whole chain. Any other change is an attack. */
  async #isUnchanged(chain: LockedChain): Promise<boolean> {
    const { connection, state } = chain;
    const now = await chainState(connection, state.id);
    if (now?.seq === state.seq && now.hash === state.hash && now.signature === state.signature) return true;
    if (now !== null && (await follows(connection, now, state)) && (await isUsable(connection, now))) {
      chain.state = now;
      return false;
    }
    if (await isReplaced(connection, chain.incarnation)) {
      await this.#unlock();
      return false;
    }
    throw untrusted(new NotAuthentic('older', `chain ${state.id} of its audit log was cut`));
  }

  /** Locks a chain that no other process uses, or adds one. */
  async #lock(): Promise<LockedChain> {
    const { connection, release } = await reserveConnection(this.#db);
    const chain = { connection, release, incarnation: '' };
    try {
      // With these, PostgreSQL soon notices that this host is gone, and a write waits for locks as long as any other one.
      await sql
        .raw(
          "set lock_timeout = '10s'; set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3",
        )
        .execute(connection);
      const { incarnation } = await storeIdentity(connection);
      for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
        for (const { id } of await registeredChains(connection)) {
          const state = await lockIfFree(connection, id);
          if (state !== null) return { ...chain, incarnation, state };
        }
        await this.#db.transaction().execute((trx) => registerChain(trx, this.#now()));
      }
      throw new Error('no audit chain is free');
    } catch (error) {
      if (!isConnectionLost(error)) await unlock(connection);
      release();
      throw error;
    }
  }

  async #unlock(isLost = false): Promise<void> {
    const chain = this.#chain;
    this.#chain = null;
    if (chain === null) return;
    if (!isLost) await unlock(chain.connection);
    chain.release();
  }
}

/** The result of a query, and the rows of another one that is sent with it; null without one. */
async function executed<Row>(
  connection: Db,
  query: CompiledQuery<Row>,
  then: CompiledQuery<unknown> | null,
): Promise<[QueryResult<Row>, readonly unknown[] | null]> {
  if (then === null) return [await connection.executeQuery(query), null];
  const [result, { rows }] = await together(connection, query, then);
  return [result, rows];
}

/** Reserves a connection until `release` is called. */
async function reserveConnection(db: Db): Promise<{ connection: Db; release: () => void }> {
  const released = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<Db>();
  db.connection()
    .execute(async (connection) => {
      taken.resolve(connection);
      await released.promise;
    })
    .catch(taken.reject);
  return { connection: await taken.promise, release: released.resolve };
}

/** Releases the lock and resets the settings of the connection. */
async function unlock(connection: Db): Promise<void> {
  await sql
    .raw(
      'select pg_advisory_unlock_all(); reset lock_timeout; reset tcp_keepalives_idle; reset tcp_keepalives_interval; reset tcp_keepalives_count',
    )
    .execute(connection)
    .catch(() => {});
}

/** Locks a chain and returns its state; null if another process uses it, or if it was modified outside the program. */
async function lockIfFree(connection: Db, chain: number): Promise<ChainState | null> {
  const { rows } = await sql<{
    locked: boolean;
  }>`select pg_try_advisory_lock(${lockSpace}::int, ${chain}::int) as locked`.execute(connection);
  if (rows[0]?.locked !== true) return null;
  const state = await chainState(connection, chain);
  if (state !== null && (await isUsable(connection, state))) return state;
  await sql`select pg_advisory_unlock(${lockSpace}::int, ${chain}::int)`.execute(connection);
  return null;
}

/** Rows are appended only to a chain that is signed up to its end. Otherwise the next signature would cover unsigned rows. */
async function isUsable(connection: Db, state: ChainState): Promise<boolean> {
  if (macKeysOf(connection) === null) return true;
  return state.signed_seq === state.seq && (await chainIsSigned(connection, state)) === true;
}

/** Whether a chain still has the row at which it ended, or its rows up to there were pruned. */
async function follows(connection: Db, now: ChainState, before: ChainState): Promise<boolean> {
  if (now.seq === before.seq) return now.hash === before.hash;
  if (now.seq < before.seq) return false;
  if (startOf(now).seq > before.seq) return true;
  const row = await connection
    .selectFrom('audit')
    .select('hash')
    .where('chain', '=', before.id)
    .where('seq', '=', before.seq)
    .executeTakeFirst();
  return row === undefined ? startOf(now).hash === before.hash : row.hash === before.hash;
}

async function isReplaced(connection: Db, incarnation: string): Promise<boolean> {
  const identity = await storeIdentity(connection);
  return identity.incarnation !== incarnation && (await identityHolds(connection, identity)) !== false;
}
