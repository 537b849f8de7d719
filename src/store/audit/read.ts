import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { type AuditRow, type ChainEnd, pruneAction } from './chain.ts';
import { chainEnds } from './heads.ts';
import { harmlessOutcomes } from './outcomes.ts';

/** Filters rows; an absent field matches everything. Instants are epoch milliseconds. */
export interface AuditFilter {
  profile?: string;
  client?: string;
  action?: string;
  /** A code, with or without the text that the program appends to it; `failed`: every failure. */
  outcome?: string;
  /** From this instant on. */
  since?: number;
  /** Before this instant. */
  until?: number;
}

/** A position in the log: the number of a row in each chain. A chain that is not named is at its end. */
export type AuditPosition = ReadonlyMap<number, number>;

const columns = [
  'chain',
  'seq',
  'time',
  'action',
  'outcome',
  'profile',
  'client',
  'address',
  'user',
  'subject',
] as const;

/** How many rows of a chain are read at once. */
const rowsAtOnce = 500;

/**
 * All matching rows, oldest first, as a stream: there may be millions. Rows of several chains are ordered by time; rows of
 * one chain stay in its order, even if the clock was set back in between.
 */
export async function* auditRows(db: Db, filter: AuditFilter): AsyncGenerator<AuditRow> {
  const chains = (await chainEnds(db)).map(
    ({ chain }) =>
      new ChainReader((last = 0) =>
        rowsOfChain(db, filter, chain, rowsAtOnce).where('seq', '>', last).orderBy('seq').execute(),
      ),
  );
  yield* merged(chains, (one, other) => one.time - other.time);
}

/** The newest matching rows, newest first; with `before`, only rows before this position. */
export async function newestAuditRows(
  db: Db,
  filter: AuditFilter,
  limit: number,
  before?: AuditPosition,
): Promise<AuditRow[]> {
  const chains = (await chainEnds(db)).map(
    ({ chain }) =>
      new ChainReader((last = before?.get(chain) ?? Number.MAX_SAFE_INTEGER) =>
        rowsOfChain(db, filter, chain, Math.min(limit, rowsAtOnce))
          .where('seq', '<', last)
          .orderBy('seq', 'desc')
          .execute(),
      ),
  );
  const rows: AuditRow[] = [];
  for await (const row of merged(chains, (one, other) => other.time - one.time)) {
    rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** The position after a page of `newestAuditRows` that started at `before`. */
export function positionAfter(rows: readonly AuditRow[], before?: AuditPosition): AuditPosition {
  const position = new Map(before);
  for (const { chain, seq } of rows) position.set(chain, seq);
  return position;
}

/** Merges the rows of several chains. If rows are equal, the chain with the lower number comes first. */
async function* merged(
  chains: ChainReader[],
  order: (one: AuditRow, other: AuditRow) => number,
): AsyncGenerator<AuditRow> {
  let open = chains;
  for (;;) {
    if (open.some((chain) => chain.row === undefined)) {
      for (const chain of open) await chain.fill();
      open = open.filter((chain) => chain.row !== undefined);
    }
    let first: ChainReader | undefined;
    for (const chain of open) {
      if (first?.row === undefined) first = chain;
      else if (chain.row !== undefined && order(chain.row, first.row) < 0) first = chain;
    }
    if (first?.row === undefined) return;
    yield first.row;
    first.next();
  }
}

/** Reads the rows of one chain in batches. */
class ChainReader {
  readonly #read: (last?: number) => Promise<AuditRow[]>;
  #rows: AuditRow[] = [];
  #at = 0;
  #last: number | undefined;

  /** `read`: the rows that follow the one with the given number, or the first ones; none at the end. */
  constructor(read: (last?: number) => Promise<AuditRow[]>) {
    this.#read = read;
  }

  /** Undefined if it has to be read first, or after the last row. */
  get row(): AuditRow | undefined {
    return this.#rows[this.#at];
  }

  next(): void {
    this.#at += 1;
  }

  async fill(): Promise<void> {
    if (this.row !== undefined) return;
    this.#rows = await this.#read(this.#last);
    this.#at = 0;
    this.#last = this.#rows.at(-1)?.seq ?? this.#last;
  }
}

function rowsOfChain(db: Db, filter: AuditFilter, chain: number, limit: number) {
  return filtered(db, filter).select(columns).where('chain', '=', chain).limit(limit);
}

/** A code alone, with a reason, or with the number of times that it happened again. */
function isOutcome(code: string): Expression<SqlBool> {
  const starts = [`${code}, `, `${code}: `].map(
    (start) => sql<boolean>`substr(outcome, 1, ${sql.lit(start.length)}) = ${start}`,
  );
  return sql<boolean>`(${sql.join([sql<boolean>`outcome = ${code}`, ...starts], sql` or `)})`;
}

/** The conditions for a row that is not a failure. */
function harmless(): Expression<SqlBool>[] {
  return [
    ...harmlessOutcomes.map(isOutcome),
    sql<boolean>`action = ${pruneAction}`,
    sql<boolean>`(action = 'remove-token' and outcome = 'expired')`,
  ];
}

function filtered(db: Db, filter: AuditFilter): SelectQueryBuilder<Schema, 'audit', object> {
  let query: SelectQueryBuilder<Schema, 'audit', object> = db.selectFrom('audit');
  for (const column of ['profile', 'client', 'action'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (filter.outcome === 'failed') query = query.where((where) => where.not(where.or(harmless())));
  else if (filter.outcome !== undefined) query = query.where(isOutcome(filter.outcome));
  if (filter.since !== undefined) query = query.where('time', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('time', '<', filter.until);
  return query;
}

/** The number of rows in the log, calculated from the heads of its chains. */
export async function countAuditRows(db: Db): Promise<number> {
  const { rows } = await db
    .selectFrom('audit_head')
    .select(sql<number>`sum(seq - coalesce(start_seq, 0))`.as('rows'))
    .executeTakeFirstOrThrow();
  return Number(rows ?? 0);
}

/** When the newest of the chains' last rows was written. Epoch milliseconds; null if there is none. */
export async function lastAuditTime(db: Db): Promise<number | null> {
  const { time } = await db
    .selectFrom('audit_head')
    .select(
      sql<number | null>`max((select time from audit where audit.chain = audit_head.id
        order by audit.seq desc limit 1))`.as('time'),
    )
    .executeTakeFirstOrThrow();
  return time;
}

/** The row with this number, or the first one after it if that one was pruned; null if there is none. */
export async function firstAuditRowFrom(db: Db, chain: number, seq: number): Promise<ChainEnd | null> {
  const row = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('chain', '=', chain)
    .where('seq', '>=', seq)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether a row with an action other than these follows this position. */
export async function hasAuditRowAfter(
  db: Db,
  position: AuditPosition,
  except: readonly string[],
): Promise<boolean> {
  for (const { chain, seq } of await chainEnds(db)) {
    const known = position.get(chain) ?? 0;
    if (known >= seq) continue;
    const row = await db
      .selectFrom('audit')
      .select('seq')
      .where('chain', '=', chain)
      .where('seq', '>', known)
      .where('action', 'not in', except)
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) return true;
  }
  return false;
}
