import type { Schema } from './schema.ts';

/** Every table that is written to, those that others refer to before the others. */
export const tables = [
  'meta',
  'key_encryption_key',
  'wrapped_data_key',
  'key_holder',
  'profile',
  'profile_tag',
  'token',
  'renewal_round',
  'renewal_item',
  'sign_in',
  'web_session',
  'entry_link',
  'handoff',
  'client',
  'client_profile',
  'client_assertion',
  'reminder',
  'tally',
  'calendar_feed',
  'calendar_entry',
  'row_mac',
  'row_mac_bucket',
  'row_mac_head',
  'audit',
  'audit_head',
] as const satisfies (keyof Schema)[];

export type Table = (typeof tables)[number];

/** What the database keeps itself, from what is in the others. */
type Kept = 'attention_day';

/** Fails to compile where a table of the schema is missing above. */
export type Complete = Assert<[Exclude<keyof Schema, Table | Kept>] extends [never] ? true : false>;
type Assert<T extends true> = T;
