import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { type AuditRow, pruneAction } from './chain.ts';
import { harmlessOutcomes } from './outcomes.ts';
import type { ChainEnd } from './signature.ts';

/** Filters rows; an absent field matches everything. Instants are epoch milliseconds. */
export interface AuditFilter {
  profile?: string;
  client?: string;
  action?: string;
  /** A code, also with what the program appended to it; `failed`: every failure. */
  outcome?: string;
  /** From this instant on. */
  since?: number;
  /** Before this instant. */
  until?: number;
}

const columns = [
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

/** All matching rows, oldest first, as a stream: there may be millions. */
export function auditRows(db: Db, filter: AuditFilter): AsyncIterableIterator<AuditRow> {
  return filtered(db, filter).select(columns).orderBy('seq').stream();
}

/** The newest matching rows, newest first; for the next page, pass the number of the last one. */
export async function newestAuditRows(
  db: Db,
  filter: AuditFilter,
  limit: number,
  beforeSeq?: number,
): Promise<AuditRow[]> {
  let query = filtered(db, filter).select(columns).orderBy('seq', 'desc').limit(limit);
  if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
  return await query.execute();
}

/** A code alone, with a reason, or with the number of times that it happened again. */
function isOutcome(code: string): Expression<SqlBool> {
  const starts = [`${code}, `, `${code}: `].map(
    (start) => sql<boolean>`substr(outcome, 1, ${sql.lit(start.length)}) = ${start}`,
  );
  return sql<boolean>`(${sql.join([sql<boolean>`outcome = ${code}`, ...starts], sql` or `)})`;
}

/** What is no failure. */
const harmless = [
  ...harmlessOutcomes.map(isOutcome),
  sql<boolean>`action = ${pruneAction}`,
  sql<boolean>`(action = 'remove-token' and outcome = 'expired')`,
];

function filtered(db: Db, filter: AuditFilter): SelectQueryBuilder<Schema, 'audit', object> {
  let query: SelectQueryBuilder<Schema, 'audit', object> = db.selectFrom('audit');
  for (const column of ['profile', 'client', 'action'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (filter.outcome === 'failed') query = query.where((where) => where.not(where.or([...harmless])));
  else if (filter.outcome !== undefined) query = query.where(isOutcome(filter.outcome));
  if (filter.since !== undefined) query = query.where('time', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('time', '<', filter.until);
  return query;
}

/** When the last row was written. Epoch milliseconds; null where there is none. */
export async function lastAuditTime(db: Db): Promise<number | null> {
  const row = await db.selectFrom('audit').select('time').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.time ?? null;
}

/** The row with this number, or the first one after it where that one was pruned; null where there is none. */
export async function firstAuditRowFrom(db: Db, seq: number): Promise<ChainEnd | null> {
  const row = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('seq', '>=', seq)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether a row with another action than these follows the row with this number. */
export async function hasAuditRowAfter(db: Db, seq: number, except: readonly string[]): Promise<boolean> {
  const row = await db
    .selectFrom('audit')
    .select('seq')
    .where('seq', '>', seq)
    .where('action', 'not in', except)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
