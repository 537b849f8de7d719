import { type Kysely, PostgresAdapter, sql } from 'kysely';

/*
 * The limit of `expires_in` comes under the MACs of clients: a client that has a MAC already gets the default.
 *
 * An index of every three characters in a row of `profile.search_text`, so that a search for part of a word does not read
 * every profile. The databases keep it up to date themselves. No MAC covers it: a profile that it finds is read and compared.
 */
export async function up(db: Kysely<never>): Promise<void> {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  await sql`update client set max_expires_in = null where exists (select 1 from row_mac_head)`.execute(db);
  for (const statement of isPostgres ? postgres : sqlite) await sql.raw(statement).execute(db);
}

/*
 * FTS5 finds a row by a whole number. The one that SQLite gives every row by itself may change with `vacuum`, so a table keeps
 * the numbers. The index stores no text (`content = ''`) and no positions.
 */
const sqlite = [
  `create table profile_number (
     number integer primary key,
     profile_id text not null unique references profile (id) on delete cascade
   )`,
  `create virtual table profile_search using fts5(
     search_text, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram'
   )`,
  'insert into profile_number (profile_id) select id from profile order by name',
  `insert into profile_search (rowid, search_text)
     select number, search_text from profile_number join profile on profile.id = profile_id order by number`,
  `create trigger profile_search_insert after insert on profile begin
     insert into profile_number (profile_id) values (new.id);
     insert into profile_search (rowid, search_text)
       select number, new.search_text from profile_number where profile_id = new.id;
   end`,
  `create trigger profile_search_update after update of search_text on profile
     when old.search_text <> new.search_text begin
     update profile_search set search_text = new.search_text
       where rowid = (select number from profile_number where profile_id = new.id);
   end`,
  `create trigger profile_search_delete before delete on profile begin
     delete from profile_search where rowid = (select number from profile_number where profile_id = old.id);
     delete from profile_number where profile_id = old.id;
   end`,
];

/*
 * The extension comes with PostgreSQL, and the owner of a database may create it. Where it is not installed, or not allowed,
 * searches read every profile. It may have been created in another schema before.
 */
const postgres = [
  `do $$ begin
     create extension if not exists pg_trgm;
   exception when others then
     raise notice 'pg_trgm is not available: %', sqlerrm;
   end $$`,
  `do $$ declare operators text; begin
     select quote_ident(nspname) || '.gin_trgm_ops' into operators
       from pg_opclass join pg_namespace on pg_namespace.oid = opcnamespace
       where opcname = 'gin_trgm_ops' and has_schema_privilege(pg_namespace.oid, 'usage');
     if operators is not null then
       execute 'create index profile_search_text on profile using gin (search_text ' || operators || ')';
     end if;
   end $$`,
];
