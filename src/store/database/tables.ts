import type { Schema } from './schema.ts';

/** Every table that the program writes to, in the order of their foreign keys: a table follows those it refers to. */
export const tables = [
  'meta',
  'key_encryption_key',
  'wrapped_data_key',
  'key_host',
  'profile',
  'profile_tag',
  'token',
  'activation',
  'renewal_campaign',
  'renewal_item',
  'sign_in',
  'web_session',
  'access_link',
  'destination',
  'client',
  'client_profile',
  'client_assertion',
  'relay_traffic',
  'relay_state',
  'reminder_schedule',
  'reminder',
  'reminder_channel',
  'guide_step',
  'counter',
  'calendar_feed',
  'calendar_entry',
  'row_mac',
  'row_mac_bucket',
  'row_mac_head',
  // The heads are last, because emptying a store starts with them. The writers of the other chains then wait.
  'audit_chain',
  'audit',
  'audit_head',
] as const satisfies (keyof Schema)[];

export type Table = (typeof tables)[number];

/** The tables that database triggers derive from the others. */
type Derived = 'profile_due_per_day' | 'profile_number';

/** Fails to compile if a table of the schema is missing above. */
export type Complete = Assert<[Exclude<keyof Schema, Table | Derived>] extends [never] ? true : false>;
type Assert<T extends true> = T;
