import type { Generated } from 'kysely';
import type { SetAsideReason, TokenSource, TokenState } from '../tokens/token.ts';
import type { AdminLevel } from '../webex/admin-roles.ts';
import type { Deployment } from '../webex/deployments.ts';

/*
 * The tables, as both engines have them. Instants are epoch milliseconds, lists are JSON text,
 * identifiers are UUIDs made by the program. Nothing secret stands in the clear: a token is a compact
 * JWE, and of what lets somebody in (state, session, link) only the SHA-256 is kept.
 */

export interface MetaTable {
  key: string;
  value: string;
}

/** A key-encryption key: what kind it is and how to find it, never the key. */
export interface KeyEncryptionKeyTable {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  /** What its kind needs to find or derive it, as JSON: a path's name, a salt. */
  parameters: string;
  created_at: number;
}

/** A data key, wrapped once for each key-encryption key that may open it. */
export interface WrappedDataKeyTable {
  data_key_id: string;
  key_encryption_key_id: string;
  jwe: string;
  created_at: number;
}

export interface ProfileTable {
  id: string;
  name: string;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  created_at: number;
}

export interface TokenTable {
  id: string;
  profile_id: string;
  state: TokenState;
  source: TokenSource;
  sealed: string;
  captured_at: number;
  expires_confirmed: number | null;
  expires_reported: number | null;
  expires_documented: number | null;
  /** The instant to act on, by the rule of `expiryOf`: kept beside its parts so that it can be indexed. */
  expires_at: number;
  scopes: string;
  org_id: string | null;
  account_id: string | null;
  account_name: string | null;
  account_email: string | null;
  account_org_id: string | null;
  account_admin: AdminLevel | null;
  verified_at: number | null;
  rejected_at: number | null;
  set_aside_reason: SetAsideReason | null;
  warnings: string;
}

/** A sign-in under way: what its state was made for, and what became of it. */
export interface SignInTable {
  id: string;
  state_hash: string | null;
  /** SHA-256 of the secret in the browser session that may finish it. */
  binding_hash: string | null;
  /** SHA-256 of the one-time link that starts it in a browser, where a terminal asked for it. */
  link_hash: string | null;
  profile_name: string;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  fresh_sign_in: number;
  created_at: number;
  expires_at: number;
  consumed_at: number | null;
  token_id: string | null;
  /** The OAuth error code that ended it, and the words for it. */
  error: string | null;
  error_message: string | null;
}

export interface WebSessionTable {
  id_hash: string;
  data: string;
  expires_at: number;
}

/** A one-time link that lets a browser into the web app. */
export interface EntryLinkTable {
  link_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

export interface AuditTable {
  seq: number;
  time: number;
  action: string;
  outcome: string;
  profile: string | null;
  client: string | null;
  address: string | null;
  user: string | null;
  previous_hash: string;
  hash: string;
}

/** The end of the audit chain, in one row: it makes writers queue, and a cut-off end show. */
export interface AuditHeadTable {
  id: Generated<number>;
  seq: number;
  hash: string;
}

export interface Schema {
  meta: MetaTable;
  key_encryption_key: KeyEncryptionKeyTable;
  wrapped_data_key: WrappedDataKeyTable;
  profile: ProfileTable;
  token: TokenTable;
  sign_in: SignInTable;
  web_session: WebSessionTable;
  entry_link: EntryLinkTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
}
