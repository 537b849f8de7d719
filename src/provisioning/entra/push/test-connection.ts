import { BrokerError } from '../../../errors/broker-error.ts';
import type { HttpFailure } from '../../../http/json-client.ts';
import type { GraphClient } from '../graph/client.ts';
import { graphError } from '../graph/errors.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob } from '../graph/objects.ts';
import { credentialPairs, type EntraCredentials } from '../graph/synchronization-secrets.ts';

/** Entra asks Webex while we wait. Milliseconds. */
const timeoutMs = 90_000;

/** Has Entra ID try credentials, or the saved ones. Throws `E_REJECTED` where Webex did not accept them there. */
export async function testConnection(
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  credentials: EntraCredentials | 'saved',
): Promise<void> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/validateCredentials`;
  const answer = await graph.send({
    method: 'POST',
    path,
    json:
      credentials === 'saved' ? { useSavedCredentials: true } : { credentials: credentialPairs(credentials) },
    repeatable: true,
    timeoutMs,
  });
  if (!answer.ok) throw testFailure(answer.failure, path);
}

function testFailure(failure: HttpFailure, path: string): BrokerError {
  const code = codeIn(failure.body);
  const said = failure.detail === null ? '' : ` It says: “${failure.detail}”`;
  const rejected = (message: string, help: string) =>
    new BrokerError('E_REJECTED', `${message}${said}`, { help });
  if (/ServiceIncompatible/i.test(code)) {
    return rejected(
      'Entra ID’s test did not pass: what answers at the tenant URL is not what it expects.',
      'Check the organization ID, and whether the profile’s deployment (Webex or Webex for Government) is right: "webex-token test NAME".',
    );
  }
  // Entra says "unavailable" of a 401 and 403 as well; its words tell what it really saw.
  if (
    /ValidationUnavailable/i.test(code) &&
    !/\b(401|403|404|unauthorized|forbidden|not ?found)\b/i.test(said)
  ) {
    return new BrokerError('E_TEST_UNAVAILABLE', `Entra ID could not reach Webex to test the token.${said}`, {
      help: 'Try again in a few minutes. See https://status.webex.com if it repeats.',
    });
  }
  if (/Credential|Unauthorized/i.test(code) || failure.status === 400) {
    return rejected(
      'Entra ID’s test did not pass: Webex did not accept the token from there.',
      '"webex-token test NAME" says whether Webex accepts it from here, and what to do if not.',
    );
  }
  return graphError(failure, path);
}

/** Graph's error code, with the ones further in. */
function codeIn(body: unknown): string {
  const codes: string[] = [];
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 4) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'code' && typeof inner === 'string') codes.push(inner.slice(0, 200));
      else look(inner, depth + 1);
    }
  };
  look(body, 0);
  return codes.join(' ');
}
