import type { Generated } from 'kysely';
import type { ProviderId } from '../../domain/providers.ts';
import type { ReviewReason, TokenSource, TokenState } from '../../domain/token.ts';
import type { AdminLevel } from '../../webex/api/admin-roles.ts';
import type { Deployment } from '../../webex/deployments.ts';

/*
 * The tables, the same on both engines. Instants are epoch milliseconds, lists are JSON text, identifiers are UUIDs that
 * the program generates. No secret is stored in plain text: a token is a compact JWE, and of what gives access (state,
 * session, link, client secret) only the SHA-256 is stored. `docs/schema.md` is generated from this file.
 */

/** Values that the store keeps about itself: its identity, a rotation under way, the clock it last saw. */
export interface MetaTable {
  key: string;
  value: string;
}

/** A key-encryption key: what kind it is and how to find it, never the key. */
export interface KeyEncryptionKeyTable {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  /** What is needed to find or derive it, as JSON: a file name, a salt. */
  parameters: string;
  created_at: number;
  /** A label for people: `user@host` of where it was created. */
  name: Generated<string>;
  /** Its public half (X25519, base64url): a new data key is wrapped for it while the key itself is on another host. */
  public_key: string | null;
  /** A JWE that only a holder of the data key can create: it authorizes this key with this public half. */
  authorization: string | null;
}

/** A data key, wrapped once for each key-encryption key that may unwrap it. */
export interface WrappedDataKeyTable {
  data_key_id: string;
  key_encryption_key_id: string;
  jwe: string;
  created_at: number;
  /** Counts the data keys of this store, from 0. The one with the highest number encrypts. */
  generation: Generated<number>;
}

/** On which host a key-encryption key was last used. */
export interface KeyHostTable {
  key_encryption_key_id: string;
  host: string;
  seen_at: number;
}

/** A profile: the slot for one Webex organization's token. */
export interface ProfileTable {
  id: string;
  name: string;
  /** The name that pages and mails show; null: the name. */
  display_name: string | null;
  deployment: Deployment;
  org_id: string | null;
  scopes: string;
  created_at: number;
  /** Orders profiles by urgency; see `profiles/derived-columns.ts`. */
  due_at: Generated<number>;
  /** The text that a search matches, in lower case. Both engines index its trigrams. */
  search_text: Generated<string>;
  /** The mail address that reminders about it go to. */
  contact: string | null;
  /** As a JSON list. `profile_tag` holds them again, for searches. */
  tags: Generated<string>;
  /** The effective end where a destination still holds an earlier token than the current one; null if none does. */
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
  /** The effective end, for the order by days left; profiles without a token last. */
  ends_at: Generated<number>;
}

/**
 * The number of a profile in `profile_search`, the FTS5 index for searches. Only on SQLite: PostgreSQL has an index on the
 * table itself. Triggers of the database keep both.
 */
export interface ProfileNumberTable {
  number: number;
  profile_id: string;
}

/** How many profiles are due on a day, counted from 1970. Triggers of the database keep it. */
export interface ProfileDuePerDayTable {
  day: number;
  profiles: number;
}

/** The tags of a profile, one in each row, written together with the list in the profile. */
export interface ProfileTagTable {
  tag: string;
  profile_id: string;
}

/** A renewal campaign: the profiles whose tokens expire before an instant, to be renewed one after another. */
export interface RenewalCampaignTable {
  id: string;
  /** Only the profiles with a token that ends before this; 0 if a person selected the profiles. */
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
 * A profile in a renewal campaign. It is renewed once its current token is another one than when the campaign started, and
 * every destination has it.
 */
export interface RenewalItemTable {
  campaign_id: string;
  profile_id: string;
  /** The token to replace; null if its current token only has to be delivered. */
  token_id: string | null;
  /** When that token expires, or the earlier one that a destination still holds. */
  expires_at: number;
  skipped_at: number | null;
}

/** A token of a profile, encrypted, with what is known about it. */
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
  /** The expiry in effect, by the rule of `expiryOf`; stored with its parts so that it can be indexed. */
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
  /** How many checks in a row got no answer. */
  check_failures: Generated<number>;
  checked_at: number | null;
  /** `ok`, `rejected`, or why there was no answer. */
  check_outcome: string | null;
}

/** When a profile last got a new current token, and the renewal hook that runs after it. */
export interface ActivationTable {
  profile_id: string;
  /** That token. */
  token_id: string;
  activated_at: number;
  /** How many times the profile got a new current token: several during a run of the hook cause one more run. */
  count: number;
  /** `none`: no hook was set up. */
  hook_state: 'none' | 'pending' | 'succeeded' | 'failed';
  /** How often it was started since then. */
  hook_attempts: number;
  /** When it is to run next; null if it is not. */
  hook_next_at: number | null;
  hook_ended_at: number | null;
  /** Why it failed the last time, as text for a person. */
  hook_error: string | null;
  /** Since when it has failed every time, and the token that was current then. */
  hook_failing_since: number | null;
  hook_failing_token_id: string | null;
  /** The process that runs it, and until when others leave it alone. */
  lease_owner: string | null;
  lease_expires_at: number | null;
}

/** When a channel next has to look at a current token: one row for each token and channel. */
export interface ReminderScheduleTable {
  token_id: string;
  channel: ReminderChannel;
  /** 0 or less: the instant has to be calculated again. Each time that happens to a row again, the number falls by one. */
  next_at: number;
}

/** The name of a channel, such as `mail`. A new channel needs no change of the schema. */
export type ReminderChannel = string;

/** The reminders sent, or to be sent: one row for each token, trigger, destination and channel. */
export interface ReminderTable {
  token_id: string;
  /** The days left, `expired`, `rejected`, `quarantine`, `renewed` or `hook-failed`. */
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

/** The settings of a reminder channel that was set up in the web app, encrypted: a compact JWE with addresses and secrets. */
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

/** A digest of the profile's calendar entry as it was last served, and since when it has been so. */
export interface CalendarEntryTable {
  profile_id: string;
  digest: string;
  changed_at: number;
}

/** A sign-in: what its state was created for, and its outcome. */
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

/** An application of a provisioning tool that has, or should get, a profile's token. */
export interface DestinationTable {
  id: string;
  profile_id: string;
  provider: ProviderId;
  /** The application's ID there; empty while unknown. */
  app_id: string;
  app_name: string;
  /** Which of Microsoft's clouds; null for Okta. */
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
  /** Why the last status check failed, as text for a person; null if it did not. */
  last_check_error: string | null;
  /** What was found when the configuration there was reviewed, as JSON; null if it never was. */
  findings: string | null;
  findings_at: number | null;
  /** How it authenticates: with the Webex token (null), through the SCIM relay, or with a token from our token endpoint. */
  via: 'relay' | 'oauth' | null;
  /** The API client that it uses, or that a person was given the values of, by its ID; null with the Webex token. */
  client_id: string | null;
}

/** An API client: a program that may fetch tokens, with the SHA-256 of a secret or with public keys. */
export interface ClientTable {
  id: string;
  name: string;
  secret_hash: string | null;
  /** The previous secret, for as long as it works next to the new one. */
  previous_secret_hash: string | null;
  previous_secret_until: number | null;
  previous_secret_used_at: number | null;
  /** A JSON Web Key Set of public keys. */
  jwks: string | null;
  /** Addresses and networks that it may connect from, as a JSON list; empty: from anywhere. */
  addresses: string;
  expires_at: number | null;
  created_at: number;
  /** To the minute: not every read updates it. */
  last_used_at: number | null;
  /** The highest `expires_in` in its responses. Seconds; null: the default. */
  max_expires_in: number | null;
  /** What it may do through the SCIM relay. A relay client gets no tokens; null: it is not a relay client. */
  relay_rights: 'read' | 'write' | 'all' | null;
  /** Workload identity: the issuer, subject and audience that its JWT must have; null: it authenticates otherwise. */
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

/** A JWT client assertion that was used, by the SHA-256 of its `jti`, until it expires. */
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
  /** When the five minutes began. */
  slot: number;
  /** Answered by Webex with a status below 400. */
  succeeded: number;
  /** Answered with another status, or not at all. */
  failed: number;
}

/** The latest success and error of a profile's SCIM relay. */
export interface RelayStateTable {
  profile_id: string;
  last_success_at: number | null;
  last_error_at: number | null;
  /** A status of Webex, such as `409`, or a short reason, such as `unreachable`. */
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
  /** 1: the chain of the transactions that change the store. The others each belong to one server at a time. */
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
  /** What the row is about: a key, a file, a method and resource type, or the claim of an assertion that did not match. */
  subject: string | null;
  previous_hash: string;
  hash: string;
}

/** The end of each chain of the audit log. It reveals that rows at the end are missing. */
export interface AuditHeadTable {
  /** The chain. */
  id: number;
  seq: number;
  hash: string;
  /** The last row that was pruned, which the first remaining row follows; null if none was. */
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
