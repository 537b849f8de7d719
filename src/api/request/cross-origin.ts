import { OAuthError } from '../oauth-error.ts';

/**
 * Whether a page of another site made the browser send the request. Browsers send the page's origin with every POST request;
 * other programs send no origin. No page uses this API, and no page may try out credentials from its visitor's address.
 */
export function isCrossOrigin(origin: string | undefined, own: readonly string[]): boolean {
  return origin !== undefined && !own.some((each) => URL.parse(each)?.origin === origin);
}

export function crossOriginError(): OAuthError {
  const description = 'Pages of other sites cannot use this API. Send no Origin header.';
  return new OAuthError('invalid_request', description, 403);
}
