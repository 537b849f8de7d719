import { BrokerError } from '../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { describeAccessToken } from './access-token.ts';
import { assertBearerSyntax } from './bearer-syntax.ts';
import { rejectCommonMistakes } from './common-mistakes.ts';
import { readExpiresIn } from './expires-in.ts';
import { readParameters } from './form-parameters.ts';

/** The response of the ID broker (RFC 6749 §4.2.2). */
export type Redirect = TokenRedirect | ErrorRedirect;

export interface TokenRedirect {
  kind: 'token';
  accessToken: string;
  /** Seconds, or null with a warning if `expires_in` is absent or invalid. */
  expiresIn: number | null;
  /** As in the response: scopes separated by spaces, or null. */
  scope: string | null;
  /** As in the response, unverified. Compare it before you trust anything else. */
  state: string | null;
  /** `iss` (RFC 9207) as in the response, unverified, or null. */
  issuer: string | null;
  /** Messages about the lifetime and the form of the token. They never contain the token. */
  warnings: string[];
}

export interface ErrorRedirect {
  kind: 'error';
  /** The error code, safe to display. `explainError` explains it. */
  error: string;
  /** Safe to display: one line of limited length. */
  description: string | null;
  /** An http(s) address, or null. */
  uri: string | null;
  /** As in the response, unverified. */
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

/** Longer than any address with a 16 KiB token. Characters. */
const maxLength = 65_536;

/**
 * Parses the ID broker's response from the whole redirect URL, its fragment with or without `#`, or its query with `?`.
 * A token is read only from the fragment, an error from either (Webex's SDK reads it from the query). Throws `BrokerError`
 * for anything else.
 */
export function parseRedirect(input: string): Redirect {
  return readRedirect(input, { partial: false });
}

/** Like `parseRedirect`. `partial` also accepts a copy without `token_type`, with a warning. */
export function readRedirect(input: string, { partial }: { partial: boolean }): Redirect {
  assertRedirectLength(input);
  const { fragment, query } = split(input.trim());
  const inFragment: Parameters = readParameters(fragment, knownParameters);
  const inQuery: Parameters = readParameters(query, knownParameters);
  const failed = [inFragment, inQuery].find(({ error }) => error !== undefined);

  if (inFragment.access_token !== undefined) {
    if (failed !== undefined) {
      throw new BrokerError('E_REDIRECT_CONTRADICTION', 'The response contains both a token and an error.', {
        help: 'Webex never sends both. Sign in again, and do not change the address.',
      });
    }
    return readToken(inFragment, inFragment.access_token, partial);
  }
  if (failed?.error !== undefined) return readError(failed, failed.error);
  if (inQuery.access_token !== undefined) {
    throw new BrokerError(
      'E_REDIRECT_QUERY',
      'The token is in the query. Webex sends it only after the # of the address.',
      {
        help: 'Sign in again, and do not change the address before it is captured or copied.',
      },
    );
  }
  rejectCommonMistakes(input);
  throw new BrokerError('E_REDIRECT_NO_TOKEN', 'The text contains neither a token nor an error.', {
    help: 'Copy the whole address of the page that you see after you sign in. It contains #access_token=.',
  });
}

/** Throws `E_REDIRECT_TOO_LONG` before the text is parsed. */
export function assertRedirectLength(input: string): void {
  if (input.length <= maxLength) return;
  throw new BrokerError('E_REDIRECT_TOO_LONG', 'The text is much longer than any response from Webex.', {
    help: 'Copy only the address of the page that you see after you sign in.',
  });
}

/** The parts of a redirect URL, or of a part of it, that can contain parameters. */
function split(input: string): { fragment: string; query: string } {
  const hash = input.indexOf('#');
  const question = input.indexOf('?');
  const equals = input.indexOf('=');
  const before = (at: number) => at >= 0 && at < equals;
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
      'Only a part of the address was pasted. The token was read, but the parameters after it are missing.',
    );
  } else if (type?.toLowerCase() !== 'bearer') {
    // A longer value is not a token type, but it may be a part of the token.
    const named = type === undefined || type.length > 20 ? null : sanitizeForDisplay(type, 20, [accessToken]);
    const another = named === null ? 'another token type' : `the token type “${named}”`;
    const given = type === undefined ? 'no token type' : another;
    throw new BrokerError(
      'E_TOKEN_TYPE',
      `The response has ${given}, but only bearer tokens are supported.`,
      {
        help: 'Copy the whole address of the page that you see after you sign in, or sign in again.',
      },
    );
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

const webProtocols = ['http:', 'https:'];

/** The address if it is a web page that is safe to display, otherwise null. */
function webAddress(text: string): string | null {
  const url = URL.parse(text);
  const isPage =
    url !== null && webProtocols.includes(url.protocol) && url.username === '' && url.password === '';
  return isPage && sanitizeForDisplay(url.href, 300) === url.href ? url.href : null;
}
