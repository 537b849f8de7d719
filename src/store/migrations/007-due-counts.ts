import { type Kysely, sql } from 'kysely';
import { engineOf } from '../engine.ts';

/**
 * How many profiles want attention on each day, kept by the database itself with every change: totals of a million
 * profiles are sums over some hundreds of days.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('attention_day')
    .addColumn('day', 'integer', (column) => column.primaryKey())
    .addColumn('profiles', 'integer', (column) => column.notNull())
    .execute();
  await sql`insert into attention_day (day, profiles)
    select attention_at / 86400000, count(*) from profile group by 1`.execute(db);
  for (const statement of triggers[engineOf(db)]) await sql.raw(statement).execute(db);
}

/** Whole numbers divide to whole numbers, towards zero, on both engines. */
const triggers = {
  sqlite: [
    `create trigger profile_attention_insert after insert on profile begin
       insert into attention_day (day, profiles) values (new.attention_at / 86400000, 1)
         on conflict (day) do update set profiles = profiles + 1;
     end`,
    `create trigger profile_attention_delete after delete on profile begin
       update attention_day set profiles = profiles - 1 where day = old.attention_at / 86400000;
     end`,
    `create trigger profile_attention_update after update of attention_at on profile
       when old.attention_at / 86400000 <> new.attention_at / 86400000 begin
       update attention_day set profiles = profiles - 1 where day = old.attention_at / 86400000;
       insert into attention_day (day, profiles) values (new.attention_at / 86400000, 1)
         on conflict (day) do update set profiles = profiles + 1;
     end`,
  ],
  postgres: [
    `create function profile_attention() returns trigger language plpgsql as $$
     begin
       if tg_op <> 'INSERT' then
         update attention_day set profiles = attention_day.profiles - gone.profiles
           from (select attention_at / 86400000 as day, count(*) as profiles from before group by 1) as gone
           where attention_day.day = gone.day;
       end if;
       if tg_op <> 'DELETE' then
         insert into attention_day (day, profiles)
           select attention_at / 86400000, count(*) from after group by 1
           on conflict (day) do update set profiles = attention_day.profiles + excluded.profiles;
       end if;
       return null;
     end $$`,
    `create trigger profile_attention_insert after insert on profile
       referencing new table as after for each statement execute function profile_attention()`,
    `create trigger profile_attention_delete after delete on profile
       referencing old table as before for each statement execute function profile_attention()`,
    `create trigger profile_attention_update after update on profile
       referencing old table as before new table as after for each statement execute function profile_attention()`,
  ],
};
