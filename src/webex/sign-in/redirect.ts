import { BrokerError } from '../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { describeAccessToken } from './access-token.ts';
import { assertBearerSyntax } from './bearer-syntax.ts';
import { rejectCommonMistakes } from './common-mistakes.ts';
import { readExpiresIn } from './expires-in.ts';
import { readParameters } from './form-parameters.ts';

/** What the ID broker answered (RFC 6749 §4.2.2). */
export type Redirect = TokenRedirect | ErrorRedirect;

export interface TokenRedirect {
  kind: 'token';
  accessToken: string;
  /** Seconds, or null where `expires_in` is absent or makes no sense; a warning then says so. */
  expiresIn: number | null;
  /** As answered: scopes separated by spaces, or null. */
  scope: string | null;
  /** As answered and unchecked. Compare it first, before anything is believed. */
  state: string | null;
  /** `iss` (RFC 9207), as answered and unchecked, or null. */
  issuer: string | null;
  /** Sentences for the person, about the lifetime and the token's form. They never hold the token. */
  warnings: string[];
}

export interface ErrorRedirect {
  kind: 'error';
  /** The error code, fit to be shown. `explainError` puts it in plain words. */
  error: string;
  /** Fit to be shown: one line, capped. */
  description: string | null;
  /** An http(s) address, or null. */
  uri: string | null;
  /** As answered and unchecked. */
  state: string | null;
  issuer: string | null;
}

const knownParameters = [
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
] as const;

type Parameters = Partial<Record<(typeof knownParameters)[number], string>>;

/** Longer than any address that a browser hands on with a 16 KiB token in it. */
const maxLength = 65_536;

/**
 * Reads the ID broker's answer from the whole redirect URL, or its fragment with or without `#`, or its
 * query with `?`. The token is taken from the fragment only; an error from either (Webex's SDK reads it from
 * the query). Throws `BrokerError` for anything else.
 */
export function parseRedirect(input: string): Redirect {
  return readRedirect(input, { partial: false });
}

/** As `parseRedirect`; `partial` also takes a copy that lost its `token_type`, with a warning. */
export function readRedirect(input: string, { partial }: { partial: boolean }): Redirect {
  assertRedirectLength(input);
  const { fragment, query } = split(input.trim());
  const inFragment: Parameters = readParameters(fragment, knownParameters);
  const inQuery: Parameters = readParameters(query, knownParameters);
  const failed = [inFragment, inQuery].find(({ error }) => error !== undefined);

  if (inFragment.access_token !== undefined) {
    if (failed !== undefined) {
      throw new BrokerError('E_REDIRECT_CONTRADICTION', 'The answer has both a token and an error in it.', {
        help: 'Webex never answers so. Sign in again, and change nothing in the address.',
      });
    }
    return readToken(inFragment, inFragment.access_token, partial);
  }
  if (failed?.error !== undefined) return readError(failed, failed.error);
  if (inQuery.access_token !== undefined) {
    throw new BrokerError(
      'E_REDIRECT_QUERY',
      'The token is in the query, where Webex never puts it (it belongs after #).',
      {
        help: 'Sign in again, and change nothing in the address before it is captured or copied.',
      },
    );
  }
  rejectCommonMistakes(input);
  throw new BrokerError('E_REDIRECT_NO_TOKEN', 'There is neither a token nor an error in this.', {
    help: 'Copy the whole address of the page you landed on after signing in. It contains #access_token=.',
  });
}

/** Throws `E_REDIRECT_TOO_LONG`, before anything looks at the rest. */
export function assertRedirectLength(input: string): void {
  if (input.length <= maxLength) return;
  throw new BrokerError('E_REDIRECT_TOO_LONG', 'This is far longer than any answer of Webex.', {
    help: 'Copy only the address from the address bar of the page you landed on after signing in.',
  });
}

/** The parts of a redirect URL, or of what a person copied of it, that can carry parameters. */
function split(input: string): { fragment: string; query: string } {
  const hash = input.indexOf('#');
  const question = input.indexOf('?');
  const equals = input.indexOf('=');
  const before = (at: number) => at >= 0 && (equals < 0 || at < equals);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(input);
  if (!isUrl && !before(hash) && !before(question)) return { fragment: input, query: '' };
  const address = hash < 0 ? input : input.slice(0, hash);
  const asked = address.indexOf('?');
  return {
    fragment: hash < 0 ? '' : input.slice(hash + 1),
    query: asked < 0 ? '' : address.slice(asked + 1),
  };
}

function readToken(parameters: Parameters, accessToken: string, partial: boolean): TokenRedirect {
  rejectCommonMistakes(accessToken);
  assertBearerSyntax(accessToken);
  const warnings: string[] = [];
  const type = parameters.token_type;
  if (type === undefined && partial) {
    warnings.push(
      'Only a part of the address was given. The token in it was taken, but what followed it is missing.',
    );
  } else if (type?.toLowerCase() !== 'bearer') {
    // A longer one is none, but may well be a part of the token.
    const named = type === undefined || type.length > 20 ? null : sanitizeForDisplay(type, 20, [accessToken]);
    const another = named === null ? 'another token type' : `the token type “${named}”`;
    const given = type === undefined ? 'no token type' : another;
    throw new BrokerError('E_TOKEN_TYPE', `The answer has ${given}, but only Bearer tokens can be used.`, {
      help: 'Copy the whole address of the page you landed on after signing in, or sign in again.',
    });
  }
  const lifetime = readExpiresIn(parameters.expires_in, accessToken);
  if (lifetime.warning !== null) warnings.push(lifetime.warning);
  warnings.push(...describeAccessToken(accessToken).warnings);
  return {
    kind: 'token',
    accessToken,
    expiresIn: lifetime.seconds,
    scope: parameters.scope ?? null,
    state: parameters.state ?? null,
    issuer: parameters.iss ?? null,
    warnings,
  };
}

function readError(parameters: Parameters, error: string): ErrorRedirect {
  return {
    kind: 'error',
    error: sanitizeForDisplay(error, 60),
    description:
      parameters.error_description === undefined
        ? null
        : sanitizeForDisplay(parameters.error_description, 300),
    uri: webAddress(parameters.error_uri ?? ''),
    state: parameters.state ?? null,
    issuer: parameters.iss ?? null,
  };
}

/** The address itself, where it is a web page's and fit to be shown, else null. */
function webAddress(text: string): string | null {
  const url = URL.parse(text);
  const isPage = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPage && sanitizeForDisplay(url.href, 300) === url.href ? url.href : null;
}
