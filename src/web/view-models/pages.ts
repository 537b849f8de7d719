import type { Client } from '../../domain/client.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import type { ProfileSummary, TokenSummary } from '../../domain/profile-summary.ts';
import type { Explanation } from '../../http/explanation.ts';
import type { DestinationView } from '../../provisioning/destinations.ts';
import type { Finding } from '../../provisioning/entra/review/finding.ts';
import type { Guide } from '../../provisioning/guide/guide.ts';
import type { StepResult } from '../../provisioning/push/push-context.ts';
import type { SettingSource } from '../../provisioning/settings-sources.ts';
import type { AuditVerification } from '../../store/audit/audit.ts';
import type { StatusTotals } from '../../store/profiles/query.ts';
import type { CheckId } from '../../vault/tokens/test-token.ts';
import type { VerificationResult } from '../../vault/tokens/verify-token.ts';
import type { Deployment } from '../../webex/deployments.ts';
import type { ExpiryEvidence } from './expiry-evidence.ts';
import type { ExpiryView } from './expiry-view.ts';
import type { Problem } from './problem.ts';
import type { ReminderView } from './reminder-view.ts';
import type { ActiveCampaign, CampaignForm, CampaignStep } from './renewals-view.ts';
import type { TimelineEntry } from './timeline.ts';

/** What each view is given, by its name in `views/`. */
export interface PageData {
  misdirected: { url: string | null; origin: string };
  'cross-site': { path: string };
  'access-link': { next: string };
  problem: { problem: Problem; reason: string };
  capture: { error: Explanation | null };
  overview: OverviewPage;
  'sign-in': SignInPage;
  'redirect-to-webex': RedirectToWebexPage;
  'service-worker': ServiceWorkerPage;
  'private-window': { link: string; waitUrl: string; progressUrl: string; profile: string };
  waiting: { title: string; text: string; progressUrl: string };
  'sign-in-ended': { title: string; detail: string; help: string };
  import: ImportPage;
  'captured-token': CapturedTokenPage;
  profile: ProfilePage;
  'reveal-token': { profile: string; accessToken: string };
  test: TestPage;
  reminders: ReminderView & { feedMadeAt: string | null; notice: string | null };
  'calendar-feed': { url: string };
  provider: ProviderPage;
  'push-job': PushJobPage;
  clients: ClientsPage;
  client: { client: ClientView; notice: string | null };
  'client-secret': ClientSecretPage;
  'audit-log': AuditLogPage;
  renewals: RenewalsPage;
  remove: { profile: string; tokens: number; tokensUrl: string };
  'stored-token': StoredTokenPage;
}

/** Asks before an earlier token is used again, or deleted. */
export interface StoredTokenPage {
  action: 'activate' | 'remove';
  profile: string;
  token: TokenSummary;
  /** Where the person who signed in can revoke it. */
  tokensUrl: string;
}

export interface OverviewPage {
  cards: ProfileCard[];
  notice: string | null;
  search: string;
  /** How many profiles the search finds; all where nothing is searched for. */
  total: number;
  attention: number;
  /** How many there are of each status that the search finds. */
  totals: StatusTotals;
  /** The status that is shown alone. */
  status: ProfileStatus | null;
  /** What ends next, where nothing is searched for. */
  next: { profile: string; expiry: ExpiryView; expiresAt: string } | null;
  /** A renewal round to go on with, or to begin; null where few are due, or the page is filtered. */
  round: { underWay: boolean; due: number } | null;
  /** The profiles whose provisioning Entra ID has put aside, as the last looks found. */
  quarantined: string[];
  /** Tokens set aside, of profiles that are not among the cards. */
  needsReviewElsewhere: { profile: string; tokenId: string }[];
  /** How many reminders did not get through. */
  failedReminders: number;
  /** Nobody is reminded in any way. */
  noReminders: boolean;
  earlierPage: string | null;
  laterPage: string | null;
}

export interface ProfileCard extends ExpiryView {
  summary: ProfileSummary;
  deploymentTitle: string;
  /** Webex was not asked about the token yet, or could not tell. */
  unverified: boolean;
  /** Entra ID has put its provisioning aside, as the last look found. */
  quarantine: { daysLeft: number } | null;
  /** A token that was set aside and waits for the person's word. */
  needsReview: string | null;
}

export interface FieldError {
  field: string;
  message: string;
  help: string | null;
  /** Where the person can do what they meant. */
  link?: { url: string; text: string };
}

export interface SignInPage {
  values: { name: string; deployment: Deployment; orgId: string; fresh: boolean };
  errors: FieldError[];
  /** Nothing is held yet: the page welcomes. */
  first: boolean;
}

/** What a page needs that may find another project's service worker. */
interface ServiceWorkerWarning {
  /** The web app's origin. */
  main: string;
  /** The path of the one-time link that is on the way, at that origin. */
  link: string;
}

export interface RedirectToWebexPage extends ServiceWorkerWarning {
  /** Where to go once nothing was found. */
  continueUrl: string;
  host: string;
  profile: string;
  /** What to post the person's consent to; null where nothing can be removed. */
  removeUrl: string | null;
  /** Where to see how a sign-in in another window stands, for who may. */
  statusUrl: string | null;
}

export interface ServiceWorkerPage extends ServiceWorkerWarning {
  /** What has the browser forget; null where it is only looked. */
  clearUrl: string | null;
}

export interface ImportPage {
  values: { name: string; deployment: Deployment; orgId: string };
  errors: FieldError[];
  profiles: string[];
  redirectUri: string;
}

export interface CapturedTokenPage {
  outcome: VerificationResult['outcome'];
  token: TokenSummary;
  /** Its profile as it stands by its current token, which need not be this one. */
  profile: ProfileSummary;
  deploymentTitle: string;
  expiry: ExpiryView;
  evidence: ExpiryEvidence;
  /** Why Webex could not be asked. */
  why: Explanation | null;
  /** The store's file; null: the database that the settings name. */
  file: string | null;
  /** What keyLocations the store's key. */
  keyLocation: string;
  logoutUrl: string;
  /** Where the profile's token is handed to. */
  destinations: DestinationView[];
  /** What is wrong with a token that is in use all the same. */
  issue: 'other-organization' | 'not-full-admin' | null;
  /** How far the renewal round is that its profile is in; null where it is in none. */
  round: CampaignStep | null;
  /** Came in by the web app's own link, and may decide; others go back to their terminal. */
  entered: boolean;
  errors: FieldError[];
}

export interface ProfilePage {
  summary: ProfileSummary;
  deploymentTitle: string;
  current: TokenSummary | null;
  expiry: ExpiryView;
  evidence: ExpiryEvidence | null;
  needsReview: TokenSummary[];
  earlier: TokenSummary[];
  /** Where its token is handed to. */
  destinations: DestinationView[];
  /** Oldest first; `at` in RFC 3339. */
  timeline: (Omit<TimelineEntry, 'at'> & { at: string })[];
  /** RFC 3339. */
  today: string;
  channels: ReminderView['channels'];
  /** Reminders of its token that did not get through. */
  failed: ReminderView['failed'];
  /** The programs that may fetch it. */
  clients: string[];
  tokenEndpoint: string;
  notice: string | null;
  errors: FieldError[];
  newName: string;
}

export interface TestPage {
  profile: string;
  /** RFC 3339; null where nothing was asked since the program started. */
  at: string | null;
  ok: boolean;
  checks: { id: CheckId; title: string; ok: boolean | null; message: string; help: string | null }[];
}

/** A program as it is shown; instants RFC 3339. */
export interface ClientView {
  name: string;
  profiles: string[];
  authentication: Client['authentication'];
  addresses: string[];
  /** Its last day is over. */
  ended: boolean;
  expiresAt: string | null;
  createdAt: string;
  lastUsedAt: string | null;
  previousSecret: { until: string; lastUsedAt: string | null } | null;
}

export interface ClientsPage {
  clients: ClientView[];
  /** The profiles to tick; null where there are so many that they are typed. */
  boxes: string[] | null;
  values: { name: string; profiles: string[]; until: string; addresses: string; jwks: string };
  errors: FieldError[];
  notice: string | null;
}

export interface ClientSecretPage {
  client: ClientView;
  secret: string | null;
  /** For how many days the secret before works on; null where there was none. */
  overlapDays: number | null;
  tokenEndpoint: string;
  /** What names one of several profiles (RFC 8707). */
  resource: string | null;
}

export interface AuditLogRow {
  seq: number;
  time: string;
  action: string;
  outcome: string;
  ok: boolean;
  profile: string | null;
  /** The program or tool, or else the user. */
  who: string | null;
  isClient: boolean;
  address: string | null;
  /** A key or file. */
  subject: string | null;
}

export interface AuditLogPage {
  rows: AuditLogRow[];
  values: Record<'profile' | 'client' | 'action' | 'outcome' | 'since' | 'until', string>;
  filtered: boolean;
  actions: { value: string; text: string }[];
  /** Null where the log is so long that it is followed only when asked for. */
  chain: AuditVerification | null;
  /** The number of the newest row. */
  held: number;
  olderPage: string | null;
  newestPage: string | null;
}

/** A renewal round: the one under way, else what one would be of. */
export interface RenewalsPage {
  round: ActiveCampaign | null;
  form: CampaignForm | null;
  errors: FieldError[];
  notice: string | null;
}

/** Handing the token to one provisioning tool: by this program, or by hand with a guide. */
export interface ProviderPage {
  provider: 'entra' | 'okta';
  providerName: string;
  summary: ProfileSummary;
  expiry: ExpiryView;
  destinations: DestinationView[];
  guide: Guide;
  /** Another way that Cisco offers. */
  alternative: { text: string; source: SettingSource } | null;
  /** How this program would sign in there; `missing`: it cannot, for settings are missing. */
  signIn: 'device-code' | 'client-secret' | 'certificate' | 'settings' | 'missing';
  clouds: { value: string; title: string }[];
  cloud: string;
  app: string;
  errors: FieldError[];
  notice: string | null;
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
  failure: { message: string; help: string | null } | null;
  /** The applications to choose from, where several fit. */
  apps: { id: string; name: string }[];
  /** The application that serves another organization or profile today; null where that is no question. */
  conflict: { id: string; name: string } | null;
  /** The provider's API does not serve the application: a person has to do it. */
  manualSetup: boolean;
  status: string[] | null;
  findings: Finding[] | null;
}

export interface PushJobPage {
  title: string;
  profile: string;
  over: boolean;
  failed: boolean;
  /** Nothing is handed over: it is only looked how things stand. */
  looking: boolean;
  url: string;
  /** What the page is made of; where it changes, the page is loaded anew. */
  stage: string;
  tasks: PushTaskView[];
}
