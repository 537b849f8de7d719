import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from '../db.ts';
import { engineOf } from './engine.ts';

/**
 * The condition that a column has one of these values. They are one parameter, because the query builder takes longer for
 * hundreds of parameters than the database takes for the whole query.
 */
export function oneOf(db: Db, column: string, values: readonly string[]): RawBuilder<SqlBool> {
  return engineOf(db) === 'postgres'
    ? sql<SqlBool>`${sql.ref(column)} = any(${values})`
    : sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`;
}
