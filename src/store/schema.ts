import type { Generated } from 'kysely';
import type { ReviewReason, TokenSource, TokenState } from '../domain/token.ts';
import type { AdminLevel } from '../webex/api/admin-roles.ts';
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
  /** Whose it is, for people: `user@host` where it was made. */
  name: Generated<string>;
  /** Its public half (X25519, base64url): what a new data key is wrapped for where the key itself is elsewhere. */
  public_key: string | null;
  /** A JWE that only a holder of the data key can create: it authorizes this key with this public half. */
  authorization: string | null;
}

/** A data key, wrapped once for each key-encryption key that may open it. */
export interface WrappedDataKeyTable {
  data_key_id: string;
  key_encryption_key_id: string;
  jwe: string;
  created_at: number;
  /** Counts the data keys of this store, from 0: the one with the highest seals. */
  generation: Generated<number>;
}

/** On which machine a key-encryption key was last used. */
export interface KeyHostTable {
  key_encryption_key_id: string;
  host: string;
  seen_at: number;
}

export interface ProfileTable {
  id: string;
  name: string;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  created_at: number;
  /** What orders profiles by urgency; see profile-standing.ts, which keeps it. */
  due_at: Generated<number>;
  /** What a search looks through, in lower case. */
  search_text: Generated<string>;
  /** The mail address that reminders about it go to. */
  contact: string | null;
  /** As a JSON list; `profile_tag` holds them once more, to be found by. */
  tags: Generated<string>;
}

/** How many profiles want attention on a day, counted from 1970: kept by triggers. */
export interface ProfileDuePerDayTable {
  day: number;
  profiles: number;
}

/** A profile's tags, one a row: kept by the same functions that write the profile's own list. */
export interface ProfileTagTable {
  tag: string;
  profile_id: string;
}

/** A round of renewals: the profiles whose tokens end before an instant, to be worked through. */
export interface RenewalCampaignTable {
  id: string;
  expires_before: number;
  /** Only the profiles with this tag. */
  tag: string | null;
  /** Only the profiles with this contact. */
  contact: string | null;
  created_at: number;
  /** When it was done with, or given up. */
  ended_at: number | null;
}

/** A profile in a round. It is renewed once its current token is another one than when the round began. */
export interface RenewalItemTable {
  campaign_id: string;
  profile_id: string;
  token_id: string | null;
  /** The end of that token. */
  expires_at: number;
  skipped_at: number | null;
}

export interface TokenTable {
  id: string;
  profile_id: string;
  state: TokenState;
  source: TokenSource;
  /** The token, encrypted: a compact JWE. */
  ciphertext: string;
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
  review_reason: ReviewReason | null;
  warnings: string;
  /** When the daily check comes to it next; 0 where it never has. */
  next_check_at: Generated<number>;
  /** How many checks in a row brought no answer. */
  check_failures: Generated<number>;
  checked_at: number | null;
  /** `ok`, `rejected`, or why there was no answer. */
  check_outcome: string | null;
}

/** When a channel next has to look at a current token: one row for each token and channel. */
export interface ReminderScheduleTable {
  token_id: string;
  channel: ReminderChannel;
  /** 0 or less: the instant has to be calculated again. Each time that happens to a row again, the number falls by one. */
  next_at: number;
}

export type ReminderChannel = 'mail' | 'webhook' | 'desktop';

/** The reminders sent, or to be sent: one row for each token, trigger, destination and channel. */
export interface ReminderTable {
  token_id: string;
  /** The days left, `expired`, `rejected` or `quarantine`. */
  trigger: string;
  /** The destination that a quarantine is about; null for what is about the token itself. */
  destination_id: string | null;
  channel: ReminderChannel;
  /** When the event happens or happened: the expiry as it was known, the rejection, the start of the quarantine. */
  event_at: number;
  /** `superseded`: it failed, and a more urgent one was sent instead. */
  state: 'sending' | 'sent' | 'failed' | 'superseded';
  attempts: number;
  /** The process that is sending it, and until when others leave it alone. */
  lease_owner: string | null;
  lease_expires_at: number | null;
  retry_at: number | null;
  sent_at: number | null;
  changed_at: number;
  /** Why the last attempt failed, or which recipients were not reached, as text for a person. */
  error: string | null;
  /** The addresses that already have it, as a JSON list, where it did not reach all of them. */
  delivered_to: string | null;
}

/** Counters that outlive a restart. */
export interface CounterTable {
  name: string;
  label: string;
  value: number;
}

/** The unguessable part of the calendar feed's address, as SHA-256. */
export interface CalendarFeedTable {
  secret_hash: string;
  created_at: number;
}

/** What a profile's calendar entry said when it was last given out, as a digest, and since when. */
export interface CalendarEntryTable {
  profile_id: string;
  digest: string;
  changed_at: number;
}

/** A sign-in under way: what its state was made for, and what became of it. */
export interface SignInTable {
  id: string;
  state_hash: string | null;
  /** SHA-256 of the secret in the browser session that may finish it. */
  session_binding_hash: string | null;
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
export interface AccessLinkTable {
  link_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

/** A provisioning tool that has, or should get, a profile's token. */
export interface DestinationTable {
  id: string;
  profile_id: string;
  kind: 'entra' | 'okta';
  /** The application's ID there; empty where it is not known. */
  app_id: string;
  app_name: string;
  /** Which of Microsoft's clouds; null for Okta. */
  cloud: string | null;
  method: 'push' | 'manual';
  /** The token that it has; null where none was handed over yet. */
  token_id: string | null;
  installed_at: number | null;
  /** The results of the last push, step by step, as JSON. */
  steps: string;
  /** How its provisioning stood when it was last looked at, as JSON. */
  provisioning_status: string | null;
  status_checked_at: number | null;
  /** Since when it is in quarantine there, as that look found; null where it is in none. */
  quarantined_since: number | null;
  /** When it is looked at by itself next; 0 where it never was. */
  next_check_at: Generated<number>;
  /** Why the last look failed, in words for a person; null where it did not. */
  last_check_error: string | null;
  /** What was odd about how it is set up there, as JSON; null where that was never read. */
  findings: string | null;
  findings_at: number | null;
}

/** A program that may fetch tokens. A secret it has only as its SHA-256, or none and public keys instead. */
export interface ClientTable {
  id: string;
  name: string;
  secret_hash: string | null;
  /** The secret before, for as long as it still works beside the new one. */
  previous_secret_hash: string | null;
  previous_secret_until: number | null;
  previous_secret_used_at: number | null;
  /** A JSON Web Key Set of public keys. */
  jwks: string | null;
  /** Addresses and networks that it may ask from, as a JSON list; empty: from anywhere. */
  addresses: string;
  expires_at: number | null;
  created_at: number;
  /** To the minute: written with a read, but not with each. */
  last_used_at: number | null;
  /** What it is told at most of how long a token is good for. Seconds; null: as every client. */
  max_expires_in: number | null;
}

/** Which profiles a client may fetch. */
export interface ClientProfileTable {
  client_id: string;
  profile_id: string;
}

/** A JWT client assertion that was used, by the SHA-256 of its `jti`, until it expires by itself. */
export interface ClientAssertionTable {
  client_id: string;
  jti_hash: string;
  expires_at: number;
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
  /** The key or file that it is about. */
  subject: string | null;
  previous_hash: string;
  hash: string;
}

/** The end of the audit chain, in one row: it makes writers queue, and a cut-off end show. */
export interface AuditHeadTable {
  id: Generated<number>;
  seq: number;
  hash: string;
  /** The last row that was pruned, which the first row left follows; null where none was. */
  start_seq: number | null;
  start_hash: string | null;
  /** Up to which row the chain is signed, and the signature over it and its start. */
  signed_seq: number | null;
  signature: string | null;
}

/** The message authentication code of a row that grants access. */
export interface RowMacTable {
  bucket: number;
  kind: string;
  id: string;
  mac: string;
}

/** What the rows of a bucket add up to. */
export interface RowMacBucketTable {
  bucket: number;
  digest: string;
}

/** Authenticates the digests of all buckets, in one row. */
export interface RowMacHeadTable {
  id: number;
  counter: number;
  mac: string;
}

export interface Schema {
  meta: MetaTable;
  key_encryption_key: KeyEncryptionKeyTable;
  wrapped_data_key: WrappedDataKeyTable;
  key_host: KeyHostTable;
  profile: ProfileTable;
  profile_due_per_day: ProfileDuePerDayTable;
  profile_tag: ProfileTagTable;
  renewal_campaign: RenewalCampaignTable;
  renewal_item: RenewalItemTable;
  token: TokenTable;
  sign_in: SignInTable;
  web_session: WebSessionTable;
  access_link: AccessLinkTable;
  destination: DestinationTable;
  client: ClientTable;
  client_profile: ClientProfileTable;
  client_assertion: ClientAssertionTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  reminder: ReminderTable;
  reminder_schedule: ReminderScheduleTable;
  counter: CounterTable;
  calendar_feed: CalendarFeedTable;
  calendar_entry: CalendarEntryTable;
  row_mac: RowMacTable;
  row_mac_bucket: RowMacBucketTable;
  row_mac_head: RowMacHeadTable;
}
