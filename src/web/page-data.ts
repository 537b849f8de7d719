import type { ProfileSummary, TokenSummary } from '../tokens/summary.ts';
import type { CheckId } from '../vault/prove.ts';
import type { Deployment } from '../webex/deployments.ts';
import type { Explanation } from '../webex/explain-error.ts';
import type { Failure } from './failures.ts';
import type { LifeView } from './life-view.ts';
import type { LifetimeEvidence } from './lifetime-evidence.ts';

/** What each view is given, by its name in `views/`. */
export interface PageData {
  misdirected: { url: string | null; origin: string };
  'from-elsewhere': { path: string };
  failure: { failure: Failure; reason: string };
  capture: { error: Explanation | null };
  overview: OverviewPage;
  'sign-in': SignInPage;
  'to-webex': { url: string; host: string; profile: string };
  'private-window': { link: string; waitUrl: string; progressUrl: string; profile: string };
  waiting: { title: string; text: string; progressUrl: string };
  'sign-in-ended': { title: string; detail: string; help: string };
  import: ImportPage;
  captured: CapturedPage;
  profile: ProfilePage;
  token: { profile: string; accessToken: string };
  test: TestPage;
  remove: { profile: string; tokens: number; tokensUrl: string };
}

export interface OverviewPage {
  cards: ProfileCard[];
  notice: string | null;
  search: string;
  /** How many profiles the search finds; all where nothing is searched for. */
  total: number;
  attention: number;
  earlierPage: string | null;
  laterPage: string | null;
}

export interface ProfileCard extends LifeView {
  summary: ProfileSummary;
  deploymentTitle: string;
  /** Webex was not asked about the token yet, or could not tell. */
  unverified: boolean;
  /** A token that was set aside and waits for the person's word. */
  undecided: string | null;
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

export interface ImportPage {
  values: { name: string; deployment: Deployment; orgId: string };
  errors: FieldError[];
  profiles: string[];
  redirectUri: string;
}

export interface CapturedPage {
  outcome: 'current' | 'unverified' | 'rejected' | 'set-aside';
  token: TokenSummary;
  /** Its profile as it stands by its current token, which need not be this one. */
  profile: ProfileSummary;
  deploymentTitle: string;
  life: LifeView;
  evidence: LifetimeEvidence;
  /** Why Webex could not be asked. */
  why: Explanation | null;
  /** The store's file; null: the database that the settings name. */
  file: string | null;
  /** What guards the store's key. */
  guard: string;
  logoutUrl: string;
  /** Came in by the web app's own link, and may decide; others go back to their terminal. */
  entered: boolean;
  errors: FieldError[];
}

export interface ProfilePage {
  summary: ProfileSummary;
  deploymentTitle: string;
  current: TokenSummary | null;
  life: LifeView;
  evidence: LifetimeEvidence | null;
  undecided: TokenSummary[];
  earlier: TokenSummary[];
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
