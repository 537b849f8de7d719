import type { Generated } from 'kysely';
import type { ProviderId } from '../../domain/providers.ts';
import type { ReviewReason, TokenSource, TokenState } from '../../domain/token.ts';
import type { AdminLevel } from '../../webex/api/admin-roles.ts';
import type { Deployment } from '../../webex/deployments.ts';

/*
 * The tables, which are the same on both engines. Times are epoch milliseconds, lists are JSON text, and IDs are UUIDs that the
 * program generates. No secret is stored in plain text: tokens are compact JWEs, and other secrets that grant access (states,
 * sessions, links, client secrets) are stored only as SHA-256. `docs/schema.md` is generated from this file.
 */

/** Values about the store itself: its identity, the active key rotation, the newest time seen. */
export interface MetaTable {
  key: string;
  value: string;
}

/** A key-encryption key: its kind and where to find it, never the key itself. */
export interface KeyEncryptionKeyTable {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  /** The data needed to find or derive the key, as JSON, such as a file name or a salt. */
  parameters: string;
  created_at: number;
  /** A label for people: `user@host`, where the key was created. */
  name: Generated<string>;
  /** Its public key (X25519, base64url). A new data key is wrapped with it if the key itself is on another host. */
  public_key: string | null;
  /** A JWE that only a holder of the data key can create. It authorizes this key with this public key. */
  authorization: string | null;
}

/** A data key, wrapped once for each key-encryption key that may unwrap it. */
export interface WrappedDataKeyTable {
  data_key_id: string;
  key_encryption_key_id: string;
  jwe: string;
  created_at: number;
  /** Numbers the data keys of this store, from 0. The data key with the highest number encrypts new tokens. */
  generation: Generated<number>;
}

/** When a key-encryption key was last used on a host. */
export interface KeyHostTable {
  key_encryption_key_id: string;
  host: string;
  seen_at: number;
}

/** A profile: a named slot for one Webex organization's token. */
export interface ProfileTable {
  id: string;
  name: string;
  /** The name that pages and emails show; null if they show `name`. */
  display_name: string | null;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  created_at: number;
  /** Orders profiles by urgency; see `profiles/derived-columns.ts`. */
  due_at: Generated<number>;
  /** The text that searches match, folded: in lowercase and without accents. Both engines index its trigrams. */
  search_text: Generated<string>;
  /** The email address that gets the reminders about this profile. */
  contact: string | null;
  /** A JSON list. For searches, `profile_tag` contains the tags too. */
  tags: Generated<string>;
  /** The effective expiry if a destination still has an earlier token than the current one; otherwise null. */
  undelivered_until: number | null;
  /** When the current token expires; null without one. */
  token_expires_at: number | null;
  /** The order of the table of organizations by name; see `profiles/derived-columns.ts`. */
  title_order: Generated<string>;
  /** The order by account; profiles without one last. */
  account_order: Generated<string>;
  /** The order by contact; profiles without one last. */
  contact_order: Generated<string>;
  /** The order by tags; profiles without one last. */
  tags_order: Generated<string>;
  /** The order by organization ID; profiles without one last. */
  organization_order: Generated<string>;
  /** The order by the providers of the destinations; profiles without any last. */
  destinations_order: Generated<string>;
  /** The effective expiry, for the order by days left; profiles without a token last. */
  ends_at: Generated<number>;
}

/**
 * The number of a profile in `profile_search`, the FTS5 index for searches. Only on SQLite; PostgreSQL has an index on the table
 * itself. Database triggers keep both up to date.
 */
export interface ProfileNumberTable {
  number: number;
  profile_id: string;
}

/** How many profiles are due on a day. Days are counted from 1970. Database triggers keep the numbers up to date. */
export interface ProfileDuePerDayTable {
  day: number;
  profiles: number;
}

/** The tags of a profile, one per row. They are written together with the list in the profile. */
export interface ProfileTagTable {
  tag: string;
  profile_id: string;
}

/** A renewal campaign: profiles whose tokens expire before a certain time, to be renewed one after another. */
export interface RenewalCampaignTable {
  id: string;
  /** Only profiles whose token expires before this time; 0 if a person selected the profiles. */
  expires_before: number;
  /** Only the profiles with this tag. */
  tag: string | null;
  /** Only the profiles with this contact. */
  contact: string | null;
  created_at: number;
  /** When it was finished or abandoned. */
  ended_at: number | null;
}

/**
 * A profile in a renewal campaign. It is done when it has a different current token than at the start of the campaign, and every
 * destination has that token.
 */
export interface RenewalItemTable {
  campaign_id: string;
  profile_id: string;
  /** The token to replace; null if its current token only has to be delivered. */
  token_id: string | null;
  /** When that token expires, or the earlier token that a destination still has. */
  expires_at: number;
  skipped_at: number | null;
}

/** An encrypted token of a profile, and data about it. */
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
  /** The expiry in effect, as determined by `expiryOf`. Stored in addition to its parts so that it can be indexed. */
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
  /** When the daily check is next due; 0 before the first one. */
  next_check_at: Generated<number>;
  /** How many checks in a row got no response. */
  check_failures: Generated<number>;
  checked_at: number | null;
  /** `ok`, `rejected`, or why there was no response. */
  check_outcome: string | null;
}

/** When a profile last got a new current token, and the state of the renewal hook for it. */
export interface ActivationTable {
  profile_id: string;
  /** The ID of that token. */
  token_id: string;
  activated_at: number;
  /** How often the profile got a new current token. Several of them during a run of the hook cause only one more run. */
  count: number;
  /** `none`: no hook was set up. */
  hook_state: 'none' | 'pending' | 'succeeded' | 'failed';
  /** How often the hook was started since then. */
  hook_attempts: number;
  /** When it is to run next; null if it is not. */
  hook_next_at: number | null;
  hook_ended_at: number | null;
  /** Why the last run failed, as text for people. */
  hook_error: string | null;
  /** When the current series of failures started, and the token that was current then. */
  hook_failing_since: number | null;
  hook_failing_token_id: string | null;
  /** The process that runs the hook, and until when no other process may run it. */
  lease_owner: string | null;
  lease_expires_at: number | null;
}

/** When a channel next has to check a current token. One row for each token and channel. */
export interface ReminderScheduleTable {
  token_id: string;
  channel: ReminderChannel;
  /** 0 or less if the time has to be calculated again. Each further time, the number decreases by one. */
  next_at: number;
}

/** The name of a channel, such as `mail`. A new channel needs no change of the schema. */
export type ReminderChannel = string;

/** Reminders that were sent or have to be sent. One row for each token, trigger, destination and channel. */
export interface ReminderTable {
  token_id: string;
  /** The days left, `expired`, `rejected`, `quarantine`, `renewed` or `hook-failed`. */
  trigger: string;
  /** The destination of a quarantine; null if the reminder is about the token itself. */
  destination_id: string | null;
  channel: ReminderChannel;
  /** When the event happens or happened: the known expiry, the rejection, or the start of the quarantine. */
  event_at: number;
  /** `superseded`: it failed, and a more urgent one was sent instead; or it was sent while the clock was far ahead. */
  state: 'sending' | 'sent' | 'failed' | 'superseded';
  attempts: number;
  /** The process that is sending the reminder, and until when no other process may send it. */
  lease_owner: string | null;
  lease_expires_at: number | null;
  retry_at: number | null;
  sent_at: number | null;
  changed_at: number;
  /** Why the last attempt failed, or which recipients were not reached, as text for people. */
  error: string | null;
  /** The addresses that already have it, as a JSON list, where it did not reach all of them. */
  delivered_to: string | null;
}

/** The settings of a reminder channel that was set up in the web app, as a compact JWE with addresses and secrets. */
export interface ReminderChannelTable {
  channel: ReminderChannel;
  settings: string;
  changed_at: number;
}

/** Counters that survive a restart. */
export interface CounterTable {
  name: string;
  label: string;
  value: number;
}

/** The secret part of the calendar feed's address, as SHA-256. */
export interface CalendarFeedTable {
  secret_hash: string;
  created_at: number;
}

/** A digest of the profile's calendar entry as last served, and when the entry last changed. */
export interface CalendarEntryTable {
  profile_id: string;
  digest: string;
  changed_at: number;
}

/** A sign-in: the request for which its state was created, and its outcome. */
export interface SignInTable {
  id: string;
  state_hash: string | null;
  /** SHA-256 of the secret in the browser session that may complete it. */
  session_binding_hash: string | null;
  /** SHA-256 of the one-time link that starts it in a browser, where it was requested in a terminal. */
  link_hash: string | null;
  profile_name: string;
  /** The display name of the profile, if the sign-in creates it; only shown. */
  display_name: string | null;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  fresh_sign_in: number;
  created_at: number;
  expires_at: number;
  consumed_at: number | null;
  token_id: string | null;
  /** The OAuth error code that ended it, and its description. */
  error: string | null;
  error_message: string | null;
}

/** A session of a browser in the web app, by the SHA-256 of its ID. */
export interface WebSessionTable {
  id_hash: string;
  data: string;
  expires_at: number;
}

/** A one-time link that signs a browser in to the web app. */
export interface AccessLinkTable {
  link_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

/** An application in a provisioning tool that has a profile's token or should get it. */
export interface DestinationTable {
  id: string;
  profile_id: string;
  provider: ProviderId;
  /** The application's ID there; empty while unknown. */
  app_id: string;
  app_name: string;
  /** The Microsoft cloud; null for Okta. */
  cloud: string | null;
  method: 'push' | 'manual';
  /** The token that it has; null if none was installed yet. */
  token_id: string | null;
  installed_at: number | null;
  /** The expiry and rejection of that token, recorded when the token itself was deleted here; null before. */
  token_expires_at: number | null;
  token_rejected_at: number | null;
  /** The results of the last push, step by step, as JSON. */
  steps: string;
  /** The provisioning status as of the last check, as JSON. */
  provisioning_status: string | null;
  status_checked_at: number | null;
  /** Since when provisioning has been in quarantine, as of that check; null if it is not. */
  quarantined_since: number | null;
  /** When the next status check is due; 0 before the first one. */
  next_check_at: Generated<number>;
  /** Why the last status check failed, as text for people; null if it did not fail. */
  last_check_error: string | null;
  /** The findings of the last setup review, as JSON; null if there was none. */
  findings: string | null;
  findings_at: number | null;
  /** How it authenticates: with the Webex token (null), through the SCIM relay, or with a token from the token endpoint. */
  via: 'relay' | 'oauth' | null;
  /** The ID of the API client that it uses, or whose values a person has to enter there; null with the Webex token. */
  client_id: string | null;
}

/** An API client: a program that may fetch tokens, with the SHA-256 of a secret or with public keys. */
export interface ClientTable {
  id: string;
  name: string;
  secret_hash: string | null;
  /** The previous secret, as long as it works in addition to the new one. */
  previous_secret_hash: string | null;
  previous_secret_until: number | null;
  previous_secret_used_at: number | null;
  /** A JSON Web Key Set of public keys. */
  jwks: string | null;
  /** Addresses and networks that it may connect from, as a JSON list; empty if it may connect from anywhere. */
  addresses: string;
  expires_at: number | null;
  created_at: number;
  /** Accurate to the minute, because not every read updates it. */
  last_used_at: number | null;
  /** The maximum `expires_in` in its responses. Seconds; null for the default. */
  max_expires_in: number | null;
  /** Its rights at the SCIM relay; null if it is not a relay client. Relay clients get no tokens. */
  relay_rights: 'read' | 'write' | 'all' | null;
  /** Workload identity: the issuer, subject and audience that its JWT must have; null if it authenticates in another way. */
  issuer: string | null;
  subject: string | null;
  audience: string | null;
  /** 1: an unknown `scope` in its requests is ignored. */
  any_scope: 1 | null;
}

/** The profiles whose tokens a client may fetch. */
export interface ClientProfileTable {
  client_id: string;
  profile_id: string;
}

/** A used JWT client assertion, by the SHA-256 of its `jti`. The row is kept until the assertion expires. */
export interface ClientAssertionTable {
  client_id: string;
  jti_hash: string;
  expires_at: number;
}

/** A step of the guide for a provider that a person marked as done. */
export interface GuideStepTable {
  profile_id: string;
  provider: ProviderId;
  /** The section and the step, for example `connect/save`. */
  step: string;
  done_at: number;
}

/** How many requests the SCIM relay forwarded for a profile in five minutes. Rows older than a day are removed. */
export interface RelayTrafficTable {
  profile_id: string;
  /** The start of the five minutes. */
  slot: number;
  /** Requests to which Webex responded with a status below 400. */
  succeeded: number;
  /** Requests to which Webex responded with another status, or did not respond. */
  failed: number;
}

/** The latest success and error of a profile's SCIM relay. */
export interface RelayStateTable {
  profile_id: string;
  last_success_at: number | null;
  last_error_at: number | null;
  /** The status that Webex returned, such as `409`, or a short reason, such as `unreachable`. */
  last_error: string | null;
}

/**
 * The chains of the audit log after the first one, which always exists. One writer at a time appends to a chain. Their
 * numbers have no gap.
 */
export interface AuditChainTable {
  id: number;
  created_at: number;
}

/** The audit log. Each row has the hash of the row before it in its chain. */
export interface AuditTable {
  /** 1 for the chain of the transactions that change the store. Each other chain belongs to one server at a time. */
  chain: number;
  /** The number of the row in its chain. */
  seq: number;
  time: number;
  action: string;
  outcome: string;
  profile: string | null;
  client: string | null;
  address: string | null;
  user: string | null;
  /** The subject of the row: a key, a file, a method and resource type, or the claim of an assertion that did not match. */
  subject: string | null;
  previous_hash: string;
  hash: string;
}

/** The end of each chain of the audit log. It reveals if rows are missing at the end. */
export interface AuditHeadTable {
  /** The chain. */
  id: number;
  seq: number;
  hash: string;
  /** The last pruned row, which is the predecessor of the first remaining row; null if none was pruned. */
  start_seq: number | null;
  start_hash: string | null;
  /** The row up to which the chain is signed, and the signature over that row and the chain's start. */
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

/** The sum over the MACs of the rows in a bucket. */
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
  profile_number: ProfileNumberTable;
  profile_tag: ProfileTagTable;
  renewal_campaign: RenewalCampaignTable;
  renewal_item: RenewalItemTable;
  token: TokenTable;
  activation: ActivationTable;
  sign_in: SignInTable;
  web_session: WebSessionTable;
  access_link: AccessLinkTable;
  destination: DestinationTable;
  client: ClientTable;
  client_profile: ClientProfileTable;
  client_assertion: ClientAssertionTable;
  relay_traffic: RelayTrafficTable;
  relay_state: RelayStateTable;
  guide_step: GuideStepTable;
  audit_chain: AuditChainTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  reminder: ReminderTable;
  reminder_schedule: ReminderScheduleTable;
  reminder_channel: ReminderChannelTable;
  counter: CounterTable;
  calendar_feed: CalendarFeedTable;
  calendar_entry: CalendarEntryTable;
  row_mac: RowMacTable;
  row_mac_bucket: RowMacBucketTable;
  row_mac_head: RowMacHeadTable;
}
