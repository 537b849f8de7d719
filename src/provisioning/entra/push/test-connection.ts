import { BrokerError } from '../../../errors/broker-error.ts';
import type { HttpFailure } from '../../../http/json-client.ts';
import type { GraphClient } from '../graph/client.ts';
import { graphError } from '../graph/errors.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob } from '../graph/objects.ts';
import { credentialPairs, type EntraCredentials } from '../graph/synchronization-secrets.ts';

/** Entra ID calls Webex before it answers. Milliseconds. */
const timeoutMs = 90_000;

/** Has Entra ID test these or the saved credentials. Throws `E_REJECTED` where Webex does not accept them. */
export async function testConnection(
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  credentials: EntraCredentials | 'saved',
): Promise<void> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/validateCredentials`;
  const response = await graph.send({
    method: 'POST',
    path,
    json:
      credentials === 'saved' ? { useSavedCredentials: true } : { credentials: credentialPairs(credentials) },
    idempotent: true,
    timeoutMs,
  });
  if (!response.ok) throw testError(response.failure, path);
}

function testError(failure: HttpFailure, path: string): BrokerError {
  const code = codeIn(failure.body);
  const quoted = failure.detail === null ? '' : ` Entra ID says: “${failure.detail}”`;
  const rejected = (message: string, help: string) =>
    new BrokerError('E_REJECTED', `${message}${quoted}`, { help: [help, ...testHere] });
  if (/ServiceIncompatible/i.test(code)) {
    return rejected(
      'Entra ID’s connection test failed: the response at the tenant URL is not what Entra ID expects.',
      'Check the organization ID and the deployment (Webex or Webex for Government).',
    );
  }
  // Entra ID reports a 401 or 403 as "unavailable" too; only its message has the status.
  if (
    /ValidationUnavailable/i.test(code) &&
    !/\b(401|403|404|unauthorized|forbidden|not ?found)\b/i.test(quoted)
  ) {
    return new BrokerError(
      'E_TEST_UNAVAILABLE',
      `Entra ID could not reach Webex to test the token.${quoted}`,
      {
        help: 'Try again in a few minutes. If it happens again, see https://status.webex.com.',
      },
    );
  }
  if (/Credential|Unauthorized/i.test(code) || failure.status === 400) {
    return rejected(
      'Entra ID’s connection test failed: Webex did not accept the token.',
      'Check whether Webex accepts the token from here.',
    );
  }
  return graphError(failure, path);
}

/** How to test the token without Entra ID. */
const testHere = [
  { text: 'To test the token from here', command: ['test', 'PROFILE'], only: 'terminal' },
  { text: 'Test the token on the page of the organization.', only: 'page' },
] as const;

/** Graph's error code and the nested ones. */
function codeIn(body: unknown): string {
  const codes: string[] = [];
  const collect = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 4) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'code' && typeof inner === 'string') codes.push(inner.slice(0, 200));
      else collect(inner, depth + 1);
    }
  };
  collect(body, 0);
  return codes.join(' ');
}
