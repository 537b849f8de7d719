import { OAuthError } from '../oauth-error.ts';

/**
 * Whether a page of another site makes a browser ask. Browsers name the page's origin in every POST, other programs name
 * none: no page uses this API, and none may make guesses in its visitor's name.
 */
export function isCrossOrigin(origin: string | undefined, own: readonly string[]): boolean {
  return origin !== undefined && !own.some((each) => URL.parse(each)?.origin === origin);
}

export function crossOriginError(): OAuthError {
  const description = 'A page of another site cannot use this API. Programs send no Origin.';
  return new OAuthError('invalid_request', description, 403);
}
