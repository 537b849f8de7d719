import { documentedLifetimeSeconds } from '../../webex/documented-values.ts';
import type { TokenForm } from './token-formats.ts';

/** How a sign-in ends, where Webex is known to differ or nobody outside knows. */
export interface SignInSettings {
  tokenForm: TokenForm;
  /** `expires_in` word for word as it is sent; null leaves it out. */
  expiresIn: string | null;
  /** How long the token is really accepted, whatever `expiresIn` says. Seconds. */
  lifetimeSeconds: number;
  /** RFC 6749 §4.2.2.1 puts errors in the fragment; Webex's own SDK reads them from the query. */
  errorsIn: 'query' | 'fragment';
  /** `iss` (RFC 9207): absent, this broker, or the other deployment's (a mix-up). */
  issuer: 'absent' | 'own' | 'other';
}

/** All of it may be changed while the simulator runs; the sign-in page's own choices go before. */
export interface WebexSettings extends SignInSettings {
  /** Whether `authorizations/tokenExpiry` answers, or wants a scope that the token lacks. */
  tokenExpiry: 'allowed' | 'forbidden';
  /** Whether the tenant URL has `/Groups`: the documents disagree. */
  groups: 'served' | 'missing';
}

/** The `expires_in` is the guides' own sample, which contradicts their 365 days. */
export function defaultSettings(): WebexSettings {
  return {
    tokenForm: 'opaque',
    expiresIn: '3887999',
    lifetimeSeconds: documentedLifetimeSeconds,
    errorsIn: 'query',
    issuer: 'absent',
    tokenExpiry: 'allowed',
    groups: 'served',
  };
}
