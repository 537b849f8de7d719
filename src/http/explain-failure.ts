import type { Explanation } from './explanation.ts';
import type { FailureReason, HttpFailure } from './json-client.ts';

/** Help that differs from call to call: what a 401, 403 or 404 means depends on what was asked. */
export type SpecificHelp = Partial<Record<FailureReason, string>>;

const tryLater = 'Try again in a few minutes. See https://status.webex.com if it repeats.';
const intercepted =
  'Most likely a proxy, firewall or sign-in page of the network answered in its place. Open the address in a browser on this machine, or try from another network.';

/** Puts a failed call in the administrator's describe. `service` is the vendor's name, e.g. `Webex`. */
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
        message: `The token belongs to the other Webex deployment than this profile, so it was not sent to ${host}.`,
        help: 'Store it under a profile of the same deployment: --deployment commercial or --deployment government.',
      };
    case 'unauthorized':
      return {
        message: `${service} does not accept the token (401): it has expired, was revoked, or is not whole.`,
        help: 'Sign in again to get a new token.',
      };
    case 'forbidden':
      return {
        message: `${service} accepts the token, but not for this (403).`,
        help: 'Sign in again with a full administrator’s account of this organization.',
      };
    case 'not-found':
      return {
        message: `${service} does not know this address (404) on ${host}.`,
        help: 'Check the organization ID, and whether the profile’s deployment (Webex or Webex for Government) is right.',
      };
    case 'rate-limited':
      return failure.retryAfterSeconds === null
        ? {
            message: `${service} has had too many requests (429) and does not say how long to wait.`,
            help: 'Wait a minute, then try again. The token is not affected.',
          }
        : {
            message: `${service} has had too many requests (429).`,
            help: `Wait ${failure.retryAfterSeconds} seconds, then try again. The token is not affected.`,
          };
    case 'server-error':
      return { message: `${service} has a problem of its own (${status}).`, help: tryLater };
    case 'redirected':
      return {
        message: `${host} sends the request on to another address${status === 0 ? '' : ` (${status})`}. It was not followed, so that the token goes nowhere else.`,
        help: intercepted,
      };
    case 'unexpected-status':
      return {
        message: `${service} answered with the status ${status}, which was not expected.`,
        help: tryLater,
      };
    case 'html':
      return { message: `${host} answered with a web page (HTML) in place of data.`, help: intercepted };
    case 'not-json':
      return { message: `${host} answered with something that is not JSON.`, help: intercepted };
    case 'unexpected-shape':
      return {
        message: `${service} answered, but not with what its documentation says.`,
        help: 'Check that the address is right. If it is, the service has changed: see whether there is a newer version of this program.',
      };
    case 'too-large':
      return { message: `${host} answered with more than 1 MiB, far more than expected.`, help: intercepted };
    default:
      return failure.network ?? { message: `${host} did not answer.`, help: tryLater };
  }
}
