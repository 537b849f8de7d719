import { sql } from 'kysely';
import { engineOf } from '../../../src/store/database/engine.ts';
import type { Db } from '../../../src/store/db.ts';

/** Everything that makes up the schema of a store: tables with their columns in order, indexes, constraints, triggers. */
export async function schemaOf(db: Db): Promise<unknown[]> {
  const { rows } = await (engineOf(db) === 'sqlite' ? sqliteSchema : postgresSchema).execute(db);
  return rows;
}

const sqliteSchema = sql`select type, name, tbl_name, sql from sqlite_schema
  where name not like 'kysely%' and tbl_name not like 'kysely%' and name not like 'sqlite_stat%' order by name`;

const postgresSchema = sql`
  select 'column' as type, table_name || '.' || ordinal_position as name,
    concat_ws(' ', column_name, data_type, is_nullable, column_default, collation_name) as definition
    from information_schema.columns where table_schema = 'public' and table_name not like 'kysely%'
  union all select 'index', indexname, indexdef from pg_indexes
    where schemaname = 'public' and tablename not like 'kysely%'
  union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'kysely%'
  union all select 'trigger', tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all select 'function', proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace
  order by 1, 2`;
