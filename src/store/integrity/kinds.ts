/*
 * The rows that grant access, and the columns of each that decide what is granted. Columns that change with every read,
 * or that are only shown, are not included. A column that is null counts as absent, so that a migration can add one
 * without new MACs for the existing rows.
 */
export const kinds = {
  client: {
    table: 'client',
    id: ['id'],
    columns: [
      'id',
      'name',
      'secret_hash',
      'previous_secret_hash',
      'previous_secret_until',
      'jwks',
      'addresses',
      'expires_at',
      'relay_rights',
      'issuer',
      'subject',
      'audience',
      'any_scope',
      'max_expires_in',
    ],
  },
  grant: {
    table: 'client_profile',
    id: ['client_id', 'profile_id'],
    columns: ['client_id', 'profile_id'],
  },
  profile: { table: 'profile', id: ['id'], columns: ['id', 'name', 'deployment', 'org_id', 'scopes'] },
  token: {
    table: 'token',
    id: ['id'],
    columns: [
      'id',
      'profile_id',
      'state',
      'source',
      'ciphertext',
      'scopes',
      'org_id',
      'rejected_at',
      'review_reason',
    ],
  },
  destination: {
    table: 'destination',
    id: ['id'],
    columns: ['id', 'profile_id', 'provider', 'app_id', 'cloud', 'via', 'client_id'],
  },
  signIn: {
    table: 'sign_in',
    id: ['id'],
    columns: [
      'id',
      'state_hash',
      'session_binding_hash',
      'link_hash',
      'profile_name',
      'deployment',
      'org_id',
      'scopes',
      'fresh_sign_in',
      'expires_at',
      'consumed_at',
    ],
  },
  session: { table: 'web_session', id: ['id_hash'], columns: ['id_hash', 'data', 'expires_at'] },
  accessLink: { table: 'access_link', id: ['link_hash'], columns: ['link_hash', 'expires_at', 'used_at'] },
  calendarFeed: { table: 'calendar_feed', id: ['secret_hash'], columns: ['secret_hash', 'created_at'] },
  // A planted row would send reminders elsewhere, and a removed one would silence them.
  reminderChannel: { table: 'reminder_channel', id: ['channel'], columns: ['channel', 'settings'] },
  // Detects that a whole chain of the audit log is missing.
  auditChain: { table: 'audit_chain', id: ['id'], columns: ['id', 'created_at'] },
} as const;

export type Kind = keyof typeof kinds;

export type Column<K extends Kind> = (typeof kinds)[K]['columns'][number];

/** At least the columns that the MAC covers. */
export type ProtectedRow<K extends Kind> = Record<Column<K>, string | number | null>;

export const kindNames = Object.keys(kinds) as Kind[];

/** The name of each kind of row in an error message. */
export const kindTitles: Record<Kind, string> = {
  client: 'An API client',
  grant: "An API client's permission for a profile",
  profile: 'A profile',
  token: 'A stored token',
  destination: 'A destination of a token',
  signIn: 'A sign-in',
  session: 'A browser session',
  accessLink: 'A one-time link',
  calendarFeed: 'The address of the calendar feed',
  reminderChannel: 'The settings of a reminder channel',
  auditChain: 'A chain of the audit log',
};

/** The ID of a row within its kind. */
export function rowId<K extends Kind>(kind: K, row: ProtectedRow<K>): string {
  return kinds[kind].id.map((column) => String(row[column as Column<K>])).join('/');
}

/** The text that the MAC of a row authenticates. It is the same on both engines. */
export function rowContent<K extends Kind>(kind: K, row: ProtectedRow<K>): string {
  const fields: (string | number)[] = [kind];
  for (const column of kinds[kind].columns) {
    const value = row[column as Column<K>];
    if (value !== null) fields.push(column, value);
  }
  return JSON.stringify(fields);
}
