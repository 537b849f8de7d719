import type { Client } from '../../domain/client.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import type { ProfileSummary, TokenSummary } from '../../domain/profile-summary.ts';
import type { ProviderId } from '../../domain/providers.ts';
import type { ErrorCode, ErrorEntry } from '../../errors/error-codes.ts';
import type { PageRemedy } from '../../errors/remedy.ts';
import type { Explanation } from '../../http/explanation.ts';
import type { DestinationView } from '../../provisioning/destinations.ts';
import type { Finding } from '../../provisioning/entra/review/finding.ts';
import type { Guide } from '../../provisioning/guide/guide.ts';
import type { Way } from '../../provisioning/guide/ways.ts';
import type { ManualSetup } from '../../provisioning/push/manual-setup.ts';
import type { StepResult } from '../../provisioning/push/push-context.ts';
import type { SettingSource } from '../../provisioning/settings-sources.ts';
import type { AuditVerification } from '../../store/audit/audit.ts';
import type { StatusTotals } from '../../store/profiles/status-totals.ts';
import type { Unfinished } from '../../store/profiles/unfinished.ts';
import type { RowResult } from '../../vault/profiles/import-profiles.ts';
import type { SavedChannelName } from '../../vault/reminders/channel-settings.ts';
import type { HookSummary } from '../../vault/renewals/hook-summary.ts';
import type { CheckId } from '../../vault/tokens/test-token.ts';
import type { VerificationResult } from '../../vault/tokens/verify-token.ts';
import type { OrganizationFormValues } from '../forms/organization-form.ts';
import type { MailFormValues } from '../forms/reminder-forms.ts';
import type { ChecklistStep } from './checklist.ts';
import type { ExpiryMonth } from './expiry-chart.ts';
import type { ExpiryEvidence } from './expiry-evidence.ts';
import type { ExpiryView } from './expiry-view.ts';
import type { OrganizationTable } from './organization-table.ts';
import type { Problem } from './problem.ts';
import type { ReminderView } from './reminder-view.ts';
import type { ActiveCampaign, CampaignCounts, CampaignForm, CampaignStep } from './renewals-view.ts';
import type { TimelineEntry } from './timeline.ts';

/** The data of each view, by its name in `views/`. */
export interface PageData {
  misdirected: { url: string | null; origin: string };
  'cross-site': { path: string };
  'access-link': { next: string };
  'error-reference': Omit<ErrorEntry, 'remedies'> & { code: ErrorCode; remedies: PageRemedy[] };
  problem: { problem: Problem; reason: string };
  capture: { error: Explanation | null };
  overview: OverviewPage;
  selection: SelectionPage;
  'sign-in': SignInPage;
  'redirect-to-webex': RedirectToWebexPage;
  'service-worker': ServiceWorkerPage;
  'private-window': {
    link: string;
    waitUrl: string;
    progressUrl: string;
    profile: string;
    organization: string;
    isRenewal: boolean;
  };
  waiting: { title: string; text: string; progressUrl: string };
  /** `profile`: the existing profile that the sign-in was to renew; null if it was to add one. */
  'sign-in-ended': { title: string; detail: string; help: string; profile: string | null };
  import: ImportPage;
  'csv-import': { errors: FieldError[] };
  'csv-import-preview': CsvImportPreview;
  'captured-token': CapturedTokenPage;
  profile: ProfilePage;
  'reveal-token': { profile: string; organization: string; accessToken: string };
  test: TestPage;
  tests: TestsPage;
  reminders: RemindersPage;
  'calendar-feed': { url: string };
  provider: ProviderPage;
  'push-job': PushJobPage;
  clients: ClientsPage;
  client: { client: ClientView; relayUrl: string | null; notice: string | null };
  'client-secret': ClientSecretPage;
  'offered-access': OfferedAccessPage;
  'audit-log': AuditLogPage;
  renewals: RenewalsPage;
  /** `accepted`: how many of the tokens Webex still accepts. */
  remove: { profile: string; organization: string; tokens: number; accepted: number; tokensUrl: string };
  'stored-token': StoredTokenPage;
}

/** Asks for confirmation before a previous token is made current, or a token is deleted. */
export interface StoredTokenPage {
  action: 'activate' | 'remove';
  profile: string;
  organization: string;
  token: TokenSummary;
  /** RFC 3339. */
  now: string;
  /** Where the person who signed in can revoke the token. */
  tokensUrl: string;
}

export interface RemindersPage extends ReminderView {
  /** Why settings that were saved here cannot be used; null if they can. */
  problem: { message: string; remedies: PageRemedy[] } | null;
  /** The mail form: as entered, or what is saved. Never a password. */
  mail: MailFormValues;
  /** The host and port of the mail server in effect. */
  mailServer: string | null;
  /** What is saved here, whether or not it is in effect. */
  saved: { mail: boolean; password: boolean; webhook: boolean };
  /** The webhook in effect has a secret that signs requests. */
  signed: boolean;
  /** This computer can show notifications. */
  desktopFound: boolean;
  /** The result of a test that was just sent. */
  test: { channel: SavedChannelName; ok: boolean; message: string } | null;
  /** RFC 3339; null without a calendar subscription. */
  feedMadeAt: string | null;
  notice: string | null;
  errors: FieldError[];
}

export interface OverviewPage {
  /** Empty if there is a table. */
  cards: ProfileCard[];
  /** How many tokens expire in each month; null if few or none do, or the page is filtered. */
  months: ExpiryMonth[] | null;
  /** The dense view; null for the cards. */
  table: OrganizationTable | null;
  /** The setup checklist; null once all steps are done, or if the page is filtered. */
  checklist: ChecklistStep[] | null;
  notice: string | null;
  search: string;
  /** The tag filter. */
  tag: string | null;
  /** How many profiles match the search; without a search, all. */
  total: number;
  /** How many of them need attention: also those whose token is valid, but with provisioning in quarantine or a review to do. */
  attention: number;
  /** How many have a valid token and nothing to attend to. */
  ok: number;
  /** How many wait for their first sign-in. */
  waiting: number;
  /** How many profiles of each status match the search. */
  totals: StatusTotals;
  /** The status filter. */
  status: ProfileStatus | null;
  /** The most urgent profile; null if the page is filtered or no profile has a token. */
  next: {
    profile: string;
    title: string;
    expiry: ExpiryView;
    reminderAt: string | null;
    /** With `undelivered`: the destinations to update. */
    outdated: DestinationView[];
  } | null;
  /** The active renewal campaign, or how many tokens are due; null if few are due or the page is filtered. */
  renewals: { active: CampaignCounts | null; due: number } | null;
  /** Profiles whose provisioning Entra ID has quarantined, by the last status checks. */
  quarantined: { profile: string; title: string }[];
  /** Tokens that need review, of profiles whose cards are on other pages. */
  needsReviewElsewhere: { profile: string; title: string; tokenId: string }[];
  /** Every token is valid, verified and delivered, reminders are set up, and no token needs review. */
  upToDate: boolean;
  /** The first profile with something left to do, if nothing else needs attention. */
  unfinished: (Unfinished & { title: string }) | null;
  /** How many reminders could not be delivered. */
  failedReminders: number;
  /** No reminder channel is set up. */
  noReminders: boolean;
  earlierPage: string | null;
  laterPage: string | null;
}

/** Asks for confirmation before an action on all organizations that a filter finds. */
export interface SelectionPage {
  /** The action with the number of organizations. */
  label: string;
  /** Null: the organizations were selected one by one. */
  filter: { search: string | null; tag: string | null; status: ProfileStatus | null } | null;
  /** The first of them. */
  titles: string[];
  more: number;
  /** How many of them have what the action removes or replaces; null if it does neither. */
  loss: { count: number; what: string } | null;
  /** The fields of the form. */
  kept: Record<string, string>;
  /** The filter finds a different number than the confirmation page showed. */
  hasChanged: boolean;
  backUrl: string;
}

export interface ProfileCard extends ExpiryView {
  /** The name of the organization as people know it. */
  title: string;
  summary: ProfileSummary;
  deploymentTitle: string;
  /** Webex has not verified the token yet. */
  unverified: boolean;
  /** The token is in use although it does not match the profile. */
  conflict: 'other-organization' | 'not-full-admin' | null;
  /** Entra ID has quarantined its provisioning, by the last status check. */
  quarantine: { daysLeft: number } | null;
  /** The ID of a token that needs review. */
  needsReview: string | null;
}

export interface FieldError {
  field: string;
  message: string;
  remedies: PageRemedy[];
}

export interface SignInPage {
  values: OrganizationFormValues & { fresh: boolean };
  errors: FieldError[];
  /** There are no organizations yet: the page is a welcome page. */
  first: boolean;
}

/** For pages that warn about the service worker of another app. */
interface ServiceWorkerWarning {
  /** The web app's origin. */
  main: string;
  /** The path of the one-time link at that origin. */
  link: string;
}

export interface RedirectToWebexPage extends ServiceWorkerWarning {
  /** Where to go if no service worker is found. */
  continueUrl: string;
  host: string;
  organization: string;
  /** Where to post the consent to remove it; null if nothing can be removed. */
  removeUrl: string | null;
  /** The status page of the sign-in, for authenticated sessions. */
  statusUrl: string | null;
}

export interface ServiceWorkerPage extends ServiceWorkerWarning {
  /** Makes the browser delete stored data; null if this page only checks. */
  clearUrl: string | null;
}

export interface ImportPage {
  values: OrganizationFormValues;
  errors: FieldError[];
  profiles: string[];
  redirectUri: string;
  /** The sign-in whose redirect the person pastes; null if a token from any sign-in is accepted. The address is shown once. */
  started: { signInId: string; organization: string; authorizeUrl: string | null } | null;
}

export interface CsvImportPreview {
  /** The first rows, invalid ones first. */
  rows: RowResult[];
  more: number;
  counts: Record<RowResult['outcome'], number>;
  tokens: number;
}

export interface CapturedTokenPage {
  outcome: VerificationResult['outcome'];
  token: TokenSummary;
  /** Its profile with the current token, which may be another one. */
  profile: ProfileSummary;
  /** The name of the organization as people know it. */
  title: string;
  /** The profile had a token before. */
  isRenewal: boolean;
  /** The providers to connect, the most likely one first. */
  offered: ProviderId[];
  deploymentTitle: string;
  expiry: ExpiryView;
  evidence: ExpiryEvidence;
  /** Why Webex could not verify the token. */
  why: Explanation | null;
  /** The SQLite file; null for PostgreSQL. */
  file: string | null;
  /** Where the encryption key is. */
  keyLocation: string;
  logoutUrl: string;
  /** Where the token of the profile is installed. */
  destinations: DestinationView[];
  /** A problem with a token that is in use. */
  issue: 'other-organization' | 'not-full-admin' | null;
  /** The names of other profiles of the same organization. */
  sameOrganization: string[];
  /** The progress of the renewal campaign that includes its profile; null if there is none. */
  campaign: CampaignStep | null;
  /** An authenticated session may decide; others return to their terminal. */
  authenticated: boolean;
  errors: FieldError[];
}

/** Get a first token, renew it, update destinations that lack it, or connect the first destination. */
export type NextAction = 'sign-in' | 'renew' | 'update' | 'connect';

export interface ProfilePage {
  /** The name of the organization as people know it. */
  title: string;
  newDisplayName: string;
  summary: ProfileSummary;
  deploymentTitle: string;
  current: TokenSummary | null;
  expiry: ExpiryView;
  /** The current token is in use although it does not match the profile. */
  conflict: 'other-organization' | 'not-full-admin' | null;
  /** The action that the page offers first; null if there is nothing to do. */
  nextAction: NextAction | null;
  evidence: ExpiryEvidence | null;
  needsReview: TokenSummary[];
  previous: TokenSummary[];
  /** Where its token is installed. */
  destinations: DestinationView[];
  /** Null if no renewal hook is set up. */
  renewalHook: HookSummary | null;
  /** Oldest first; `at` in RFC 3339. */
  timeline: (Omit<TimelineEntry, 'at'> & { at: string })[];
  /** RFC 3339. */
  today: string;
  channels: ReminderView['channels'];
  /** Reminders for its token that could not be delivered. */
  failed: ReminderView['failed'];
  /** The SCIM relay; null if it is not used. */
  relay: RelayView | null;
  /** The API clients that get its token. */
  clients: string[];
  tokenEndpoint: string;
  tags: string[];
  /** The mail address for its reminders; null: the default recipients. */
  contact: string | null;
  notice: string | null;
  errors: FieldError[];
  newName: string;
  /** The form of tags and contact, as entered or as stored. */
  values: { tag: string; contact: string };
}

/** The tests of several tokens. */
export interface TestsPage {
  /** `ok` is null while the test waits or runs. */
  rows: { profile: string; title: string; ok: boolean | null; message: string | null }[];
  waiting: number;
  failed: number;
}

export interface TestPage {
  profile: string;
  organization: string;
  /** RFC 3339; null if no test has run since the server started. */
  at: string | null;
  ok: boolean;
  checks: { id: CheckId; title: string; ok: boolean | null; message: string; remedies: PageRemedy[] }[];
}

/** The SCIM relay of a profile; timestamps in RFC 3339. */
export interface RelayView {
  tenantUrl: string;
  clients: string[];
  charts: TrafficChart[];
  lastSuccessAt: string | null;
  lastError: { at: string; text: string } | null;
}

/** Bars of requests; sizes in the units of the SVG. */
export interface TrafficChart {
  title: string;
  /** The period that one bar covers. */
  each: string;
  width: number;
  height: number;
  /** `good` and `bad` are the heights of the requests that succeeded and failed. */
  bars: { x: number; width: number; good: number; bad: number }[];
  requests: number;
  failed: number;
}

/** An API client; timestamps in RFC 3339. */
export interface ClientView {
  name: string;
  profiles: string[];
  /** The names of these organizations as people know them, in the same order. */
  titles: string[];
  authentication: Client['authentication'];
  workloadIdentity: Client['workloadIdentity'];
  /** Null for a client that gets tokens. */
  relayRights: Client['relayRights'];
  addresses: string[];
  /** Its expiry date has passed. */
  ended: boolean;
  expiresAt: string | null;
  createdAt: string;
  lastUsedAt: string | null;
  previousSecret: { until: string; lastUsedAt: string | null } | null;
}

/** As entered. `use` is `tokens`, or the rights of a client of the SCIM relay. */
export interface ClientFormValues {
  name: string;
  use: string;
  /** The selected technical names, or the lines as entered. */
  profiles: string[];
  until: string;
  addresses: string;
  jwks: string;
  /** Workload identity; empty: none. */
  issuer: string;
  subject: string;
  audience: string;
  anyScope: boolean;
}

export interface ClientsPage {
  clients: ClientView[];
  /** The profiles to choose from; null if there are too many to list, so their names are typed. */
  boxes: { profile: string; title: string }[] | null;
  values: ClientFormValues;
  errors: FieldError[];
  notice: string | null;
}

export interface ClientSecretPage {
  client: ClientView;
  secret: string | null;
  /** For how many days the previous secret keeps working; null if there was none. */
  overlapDays: number | null;
  tokenEndpoint: string;
  /** The tenant URL of a client of the SCIM relay; null for a client that gets tokens. */
  relayUrl: string | null;
  /** Selects one of several profiles (RFC 8707). */
  resource: string | null;
}

export interface AuditLogRow {
  seq: number;
  time: string;
  action: string;
  /** In plain words. */
  outcome: string;
  /** The outcome as the log stores it. */
  code: string;
  /** `note`: neither a success nor a failure. */
  tone: 'valid' | 'note' | 'rejected';
  profile: string | null;
  /** The API client or provider, or else the user. */
  who: string | null;
  isClient: boolean;
  address: string | null;
  /** A key or a file. */
  subject: string | null;
}

export interface AuditLogPage {
  rows: AuditLogRow[];
  values: Record<'profile' | 'client' | 'action' | 'outcome' | 'since' | 'until', string>;
  filtered: boolean;
  actions: { value: string; text: string }[];
  outcomes: readonly { value: string; text: string }[];
  /** Null if the log is so long that it is verified only on request. */
  chain: AuditVerification | null;
  /** The first entry at which the chain is broken; null if it is intact or not verified. */
  brokenAt: string | null;
  /** How many entries the log has. */
  entries: number;
  olderPage: string | null;
  newestPage: string | null;
}

/** The active renewal campaign, or else the form that starts one. */
export interface RenewalsPage {
  campaign: ActiveCampaign | null;
  form: CampaignForm | null;
  errors: FieldError[];
  notice: string | null;
}

/** Sending the token to a provider, automatically or manually with a guide. */
export interface ProviderPage {
  provider: 'entra' | 'okta';
  providerName: string;
  /** The name of the organization as people know it. */
  title: string;
  summary: ProfileSummary;
  expiry: ExpiryView;
  destinations: DestinationView[];
  guide: Guide;
  /** The steps of the guide that are done, by their names. */
  doneSteps: string[];
  /** True: the next step is open. False: the guide's questions are. */
  started: boolean;
  /** The ways in which it can reach Webex. Those that need no pasting come first. */
  ways: Way[];
  /** The chosen way. */
  way: DestinationView['via'];
  /** The requirements of the ways that need no pasting. */
  requirements: string[];
  /** Why the provider most likely does not reach this server. */
  addressWarnings: string[];
  /** An alternative that Cisco offers. */
  alternative: { text: string; source: SettingSource } | null;
  /** How this app signs in there; `missing` if settings are missing. */
  signIn: 'device-code' | 'client-secret' | 'certificate' | 'settings' | 'missing';
  clouds: { value: string; title: string }[];
  cloud: string;
  app: string;
  errors: FieldError[];
  notice: string | null;
}

/** The values that a person enters at a provider, with the secret, which is shown once. */
export interface OfferedAccessPage {
  profile: string;
  organization: string;
  provider: 'entra' | 'okta';
  providerName: string;
  title: string;
  client: string;
  secret: string;
  setup: ManualSetup;
}

export interface PushTaskView {
  provider: 'entra' | 'okta';
  providerName: string;
  cloud: string | null;
  state: 'to-do' | 'under-way' | 'done' | 'failed';
  appName: string | null;
  steps: StepResult[];
  waiting: string | null;
  deviceCode: { code: string; url: string | null; minutes: number } | null;
  failure: { message: string; remedies: PageRemedy[] } | null;
  /** The applications to choose from, if several match. */
  apps: { id: string; name: string }[];
  /** The application that provisions another organization or profile today; null if there is no conflict. */
  conflict: { id: string; name: string } | null;
  /** A person canceled it. */
  canceled: boolean;
  via: DestinationView['via'];
  /** Reasons why the provider may not be able to reach this server. */
  warnings: string[];
  /** Set if the provider does not allow this to be automated. The application's ID is empty if there is none yet. */
  manualSetup: { via: DestinationView['via']; app: string; reason: string } | null;
  status: string[] | null;
  findings: Finding[] | null;
}

export interface PushJobPage {
  title: string;
  profile: string;
  /** The name of the organization as people know it. */
  organization: string;
  /** The progress of the renewals that the delivery was part of; null without any, or before the end. */
  campaign: CampaignStep | null;
  over: boolean;
  failed: boolean;
  /** The job only checks the provisioning status. */
  statusOnly: boolean;
  url: string;
  /** Changes when the page gets other sections; its script then reloads it. */
  stage: string;
  tasks: PushTaskView[];
}
