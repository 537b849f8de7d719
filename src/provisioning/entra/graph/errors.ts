import { BrokerError } from '../../../errors/broker-error.ts';
import { explainFailure } from '../../../http/explain-failure.ts';
import type { HttpFailure } from '../../../http/json-client.ts';

const later = 'Try again in a few minutes. See https://status.cloud.microsoft if it repeats.';

const permissions =
  'It takes the permissions Synchronization.ReadWrite.All and Application.Read.All, consented by an administrator. A person needs the role Application Administrator or Cloud Application Administrator too; for an application that owns the enterprise application, Application.ReadWrite.OwnedBy is enough.';

/** Puts a call of `path` at Microsoft Graph that failed into words. Its code is `E_GRAPH`. */
export function graphError(failure: HttpFailure, path: string): BrokerError {
  const { message, help } = explain(failure, path);
  return new BrokerError('E_GRAPH', message, { help });
}

function explain(failure: HttpFailure, path: string): { message: string; help: string } {
  const said = failure.detail === null ? '' : ` It says: “${failure.detail}”`;
  switch (failure.reason) {
    case 'unauthorized':
      // The provisioning API answers 401, not 403, where the sign-in lacks the permission.
      if (path.includes('/synchronization/')) {
        return {
          message: `Microsoft Graph does not let this sign-in manage provisioning (401).${said}`,
          help: permissions,
        };
      }
      return {
        message: `Microsoft Graph does not accept the sign-in (401).${said}`,
        help: 'Sign in again. Where an application signs in by itself, check the AZURE_* settings and --cloud.',
      };
    case 'forbidden':
      return {
        message: `Microsoft Graph does not let this sign-in do that (403).${said}`,
        help: permissions,
      };
    case 'not-found':
      return {
        message: `Microsoft Graph does not know what was asked for (404).${said}`,
        help: 'Check --app and --cloud. Microsoft documents the provisioning API for the global and US Government clouds; in China’s, follow the guide and paste the token.',
      };
    case 'server-error':
    case 'unexpected-status':
      return { message: explainFailure(failure, 'Microsoft Graph').message, help: later };
    case 'rate-limited': {
      const wait = failure.retryAfterSeconds;
      return {
        message: `Microsoft Graph has had too many requests (429).`,
        help: wait === null ? 'Wait some minutes, then try again.' : `Wait ${wait} seconds, then try again.`,
      };
    }
    default:
      return explainFailure(failure, 'Microsoft Graph');
  }
}
