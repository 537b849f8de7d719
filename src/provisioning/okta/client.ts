import { BrokerError } from '../../errors/broker-error.ts';
import { explainFailure } from '../../http/explain-failure.ts';
import type { HttpFailure } from '../../http/json-client.ts';
import type { RetryRules } from '../../http/retry.ts';
import { ApiClient, type ApiConnection } from '../requests/api-client.ts';
import type { OktaSession } from './sign-in.ts';

export interface OktaConnection extends Omit<ApiConnection, 'baseUrl' | 'authorization' | 'fetch'> {
  session: OktaSession;
}

/** A client for the parts of Okta's management API that provisioning needs. */
export class OktaClient extends ApiClient {
  constructor({ session, ...connection }: OktaConnection) {
    const { orgUrl, authorization, fetch } = session;
    super({
      ...connection,
      baseUrl: orgUrl,
      authorization,
      fetch: (input, init) => withRetryAfter(fetch(input, init), connection.now),
      secrets: [...connection.secrets, ...session.secrets],
    });
  }

  protected override toError(failure: HttpFailure) {
    return oktaError(failure);
  }

  /** Setting a token and activating a connection can both be repeated. */
  protected override retryRules(): RetryRules {
    return { idempotent: true, eventuallyConsistent: false };
  }
}

/** Okta reports the end of its rate limit in its own header, as a time in seconds. */
async function withRetryAfter(answer: Promise<Response>, now: () => number): Promise<Response> {
  const response = await answer;
  const reset = Number(response.headers.get('x-rate-limit-reset') ?? Number.NaN);
  if (response.status !== 429 || response.headers.has('retry-after') || Number.isNaN(reset)) return response;
  const serverTime = Date.parse(response.headers.get('date') ?? '') || now();
  const headers = new Headers(response.headers);
  headers.set('retry-after', String(Math.max(1, Math.ceil(reset - serverTime / 1000))));
  return new Response(response.body, { status: 429, headers });
}

/** Explains a failed call to Okta. Its code is `E_OKTA`. */
export function oktaError(failure: HttpFailure): BrokerError {
  const quoted = failure.detail === null ? '' : ` Okta says: “${failure.detail}”`;
  if (failure.reason === 'unauthorized') {
    return new BrokerError('E_OKTA', `Okta rejected the sign-in (401).${quoted}`, {
      help: 'Check OKTA_CLIENT_TOKEN. An API token expires if it is not used for 30 days, or if the account that created it is deactivated.',
    });
  }
  if (failure.reason === 'forbidden') {
    return new BrokerError('E_OKTA', `Okta denied this sign-in permission (403).${quoted}`, {
      help: 'It requires an Application Administrator, or a service app with the scopes okta.apps.read and okta.apps.manage.',
    });
  }
  const { message, help } = explainFailure(failure, 'Okta', {
    'not-found': 'Check the application ID and OKTA_CLIENT_ORGURL.',
    'server-error': 'Try again in a few minutes. If it happens again, see https://status.okta.com.',
    'unexpected-status': 'Try again in a few minutes. If it happens again, see https://status.okta.com.',
    'rate-limited': 'Wait a few minutes, then try again.',
  });
  return new BrokerError('E_OKTA', message, { help });
}
