import { plural } from '../text/count.ts';
import type { Explanation } from './explanation.ts';
import type { FailureReason, HttpFailure } from './json-client.ts';

/** Help that depends on the call, because a 401, 403 or 404 means something different for each request. */
export type SpecificHelp = Partial<Record<FailureReason, string>>;

const tryLater = 'Try again in a few minutes. See https://status.webex.com if it repeats.';
const intercepted =
  'A proxy, firewall or sign-in page of the network probably responded instead. Open the address in a browser on this machine, or try another network.';

/** Explains a failed call to an administrator. `service` is the vendor's name, for example `Webex`. */
export function explainFailure(
  failure: HttpFailure,
  service: string,
  specific: SpecificHelp = {},
): Explanation {
  const { message, help } = describe(failure, service);
  const said = failure.detail === null ? '' : ` ${service} says: “${failure.detail}”`;
  const tracking = failure.trackingId === null ? '' : ` (tracking ID ${failure.trackingId})`;
  return { message: `${message}${said}${tracking}`, help: specific[failure.reason] ?? help };
}

function describe(failure: HttpFailure, service: string): Explanation {
  const { host, status } = failure;
  switch (failure.reason) {
    case 'other-deployment':
      return {
        message: `The token belongs to a different Webex deployment than this profile, so it was not sent to ${host}.`,
        help: 'Store it in a profile of that deployment: commercial or government.',
      };
    case 'unauthorized':
      return {
        message: `${service} does not accept the token (401): it has expired, was revoked, or is incomplete.`,
        help: 'Sign in again to get a new token.',
      };
    case 'forbidden':
      return {
        message: `${service} accepts the token, but not for this request (403).`,
        help: 'Sign in again as a full administrator of this organization.',
      };
    case 'not-found':
      return {
        message: `${service} has no such address (404) on ${host}.`,
        help: 'Check the organization ID and the profile’s deployment (Webex or Webex for Government).',
      };
    case 'rate-limited':
      return failure.retryAfterSeconds === null
        ? {
            message: `${service} received too many requests (429) and does not say how long to wait.`,
            help: 'Wait a minute, then try again. The token is not affected.',
          }
        : {
            message: `${service} received too many requests (429).`,
            help: `Wait ${plural(failure.retryAfterSeconds, 'second')}, then try again. The token is not affected.`,
          };
    case 'server-error':
      return { message: `${service} reports a server error (${status}).`, help: tryLater };
    case 'redirected':
      return {
        message: `${host} redirects the request to another address${status === 0 ? '' : ` (${status})`}. The redirect was not followed, so the token was not sent anywhere else.`,
        help: intercepted,
      };
    case 'unexpected-status':
      return {
        message: `${service} responded with the unexpected status ${status}.`,
        help: tryLater,
      };
    case 'html':
      return { message: `${host} responded with a web page (HTML) instead of data.`, help: intercepted };
    case 'not-json':
      return { message: `${host} responded with something that is not JSON.`, help: intercepted };
    case 'unexpected-shape':
      return {
        message: `${service} responded, but not as its documentation says.`,
        help: 'Check the address. If it is right, the service has changed: look for a newer version of this program.',
      };
    case 'too-large':
      return {
        message: `${host} responded with more than 1 MiB, far more than expected.`,
        help: intercepted,
      };
    default:
      return failure.network ?? { message: `${host} did not respond.`, help: tryLater };
  }
}
