import { BrokerError } from '../../../errors/broker-error.ts';
import type { HttpFailure } from '../../../http/json-client.ts';
import type { ProviderAccess, Via } from '../../push/provider-push.ts';
import type { GraphClient } from '../graph/client.ts';
import { graphError } from '../graph/errors.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob } from '../graph/objects.ts';
import { credentialPairs } from '../graph/synchronization-secrets.ts';

/** The timeout. It is long because Entra ID calls Webex before it responds. Milliseconds. */
const timeoutMs = 90_000;

/**
 * Lets Entra ID test these credentials or the saved ones. Throws `E_REJECTED` if they are not accepted, `E_TEST_UNAVAILABLE` if
 * there is no response, and `E_GRAPH` if Graph itself rejects the request.
 */
export async function testConnection(
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  access: ProviderAccess | { via: Via; saved: true },
): Promise<void> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/validateCredentials`;
  const response = await graph.send({
    method: 'POST',
    path,
    json: 'saved' in access ? { useSavedCredentials: true } : { credentials: credentialPairs(access) },
    idempotent: true,
    timeoutMs,
  });
  if (!response.ok) throw testError(response.failure, path, access.via);
}

function testError(failure: HttpFailure, path: string, via: Via): BrokerError {
  const code = codeIn(failure.body);
  const { what, where, check, wait } = words[via];
  const quoted = failure.detail === null ? '' : ` Entra ID says: “${failure.detail}”`;
  const rejected = (message: string, help: string) =>
    new BrokerError('E_REJECTED', `${message}${quoted}`, {
      help: via === 'token' ? [help, ...testHere] : help,
    });
  if (/ServiceIncompatible/i.test(code)) {
    return rejected(
      'Entra ID’s connection test failed: the response at the tenant URL is not what Entra ID expects.',
      via === 'token'
        ? 'Check the organization ID and the deployment (Webex or Webex for Government).'
        : check,
    );
  }
  // Entra ID reports a 401 or 403 as "unavailable" too; only its message has the status.
  if (
    /ValidationUnavailable/i.test(code) &&
    !/\b(401|403|404|unauthorized|forbidden|not ?found)\b/i.test(quoted)
  ) {
    return new BrokerError(
      'E_TEST_UNAVAILABLE',
      `Entra ID could not reach ${where} to test ${what}.${quoted}`,
      { help: wait },
    );
  }
  if (/Credential|Unauthorized/i.test(code) || failure.status === 400) {
    return rejected(`Entra ID’s connection test failed: ${where} did not accept ${what}.`, check);
  }
  return graphError(failure, path);
}

const reachable =
  'Check that the server is running, and that Entra ID can reach its address over https, with a certificate from a public CA.';

/** What is tested, and what to do if that fails, for each way. */
const words: Record<Via, { what: string; where: string; check: string; wait: string }> = {
  token: {
    what: 'the token',
    where: 'Webex',
    check: 'Check whether Webex accepts the token from here.',
    wait: 'Try again in a few minutes. If it happens again, see https://status.webex.com.',
  },
  relay: { what: 'the secret', where: 'the SCIM relay', check: reachable, wait: reachable },
  oauth: {
    what: 'the client credentials',
    where: 'the token endpoint or Webex',
    check: reachable,
    wait: reachable,
  },
};

/** How to test the token without Entra ID. */
const testHere = [
  { text: 'To test the token from here', command: ['test', 'PROFILE'], only: 'terminal' },
  { text: 'Test the token on the organization’s page.', only: 'page' },
] as const;

/** Graph's error code and the nested error codes. */
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
