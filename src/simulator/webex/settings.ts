import { documentedLifetimeSeconds } from '../../webex/documented-values.ts';
import type { TokenForm } from './token-formats.ts';

/** The details of a sign-in's result that vary or that Webex does not document. */
export interface SignInSettings {
  tokenForm: TokenForm;
  /** The exact text of `expires_in`; null omits it. */
  expiresIn: string | null;
  /** How long the token is accepted, regardless of `expiresIn`. Seconds. */
  lifetimeSeconds: number;
  /** RFC 6749 §4.2.2.1 puts errors in the fragment; Webex's own SDK reads them from the query. */
  errorsIn: 'query' | 'fragment';
  /** `iss` (RFC 9207): absent, this broker, or the other deployment's (a mix-up). */
  issuer: 'absent' | 'own' | 'other';
}

/** Can be changed while the simulator runs. Choices on the sign-in page take precedence. */
export interface WebexSettings extends SignInSettings {
  /** Whether `authorizations/tokenExpiry` returns the expiry, or requires a scope that the token does not have. */
  tokenExpiry: 'allowed' | 'forbidden';
  /** Whether responses of the REST API have a date, as those of Webex do. Hidden by default, because many tests set their own clock. */
  date: 'hidden' | 'shown';
  /** Whether the tenant URL has `/Groups`: the documents disagree. */
  groups: 'served' | 'missing';
}

/** The `expires_in` is the example of Cisco's guides, which contradicts their 365 days. */
export function defaultSettings(): WebexSettings {
  return {
    tokenForm: 'opaque',
    expiresIn: '3887999',
    lifetimeSeconds: documentedLifetimeSeconds,
    errorsIn: 'query',
    issuer: 'absent',
    tokenExpiry: 'allowed',
    date: 'hidden',
    groups: 'served',
  };
}
