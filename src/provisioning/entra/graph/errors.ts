import { BrokerError } from '../../../errors/broker-error.ts';
import { explainFailure } from '../../../http/explain-failure.ts';
import type { HttpFailure } from '../../../http/json-client.ts';
import { plural } from '../../../text/count.ts';

const later = 'Try again in a few minutes. If it happens again, see https://status.cloud.microsoft.';

const permissions =
  'The sign-in needs the permissions Synchronization.ReadWrite.All and Application.Read.All, with administrator consent. A person also needs the role Application Administrator or Cloud Application Administrator. For an application that owns the enterprise application, Application.ReadWrite.OwnedBy is enough.';

/** Explains a failed call of `path` in Microsoft Graph. Its code is `E_GRAPH`. */
export function graphError(failure: HttpFailure, path: string): BrokerError {
  const { message, help } = explain(failure, path);
  return new BrokerError('E_GRAPH', message, { help });
}

function explain(failure: HttpFailure, path: string): { message: string; help: string } {
  const quoted = failure.detail === null ? '' : ` Microsoft Graph says: “${failure.detail}”`;
  switch (failure.reason) {
    case 'unauthorized':
      // The provisioning API responds with 401, not 403, if the sign-in has no permission.
      if (path.includes('/synchronization/')) {
        return {
          message: `Microsoft Graph does not allow this sign-in to manage provisioning (401).${quoted}`,
          help: permissions,
        };
      }
      return {
        message: `Microsoft Graph rejected the sign-in (401).${quoted}`,
        help: 'Sign in again. If an application signs in, check the AZURE_* settings and the selected cloud.',
      };
    case 'forbidden':
      return {
        message: `Microsoft Graph denied this sign-in permission (403).${quoted}`,
        help: permissions,
      };
    case 'not-found':
      return {
        message: `Microsoft Graph did not find the object (404).${quoted}`,
        help: 'Check the application ID and the selected cloud. Microsoft documents the provisioning API only for the global and US Government clouds. In the China cloud, follow the guide and paste the token.',
      };
    case 'server-error':
    case 'unexpected-status':
      return { message: explainFailure(failure, 'Microsoft Graph').message, help: later };
    case 'rate-limited': {
      const wait = failure.retryAfterSeconds;
      return {
        message: 'Microsoft Graph received too many requests (429).',
        help:
          wait === null
            ? 'Wait a few minutes, then try again.'
            : `Wait ${plural(wait, 'second')}, then try again.`,
      };
    }
    default:
      return explainFailure(failure, 'Microsoft Graph');
  }
}
