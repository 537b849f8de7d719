import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { explainFailure } from '../../http/explain-failure.ts';
import { type HttpFailure, requestJson } from '../../http/json-client.ts';

const userList = z.object({ totalResults: z.number(), itemsPerPage: z.number(), startIndex: z.number() });

const address = 'Check WEBEX_TOKEN_ISSUER, and that the server is running.';

/**
 * Sends the request of Okta's Test API Credentials to the relay's public address. Throws `E_REJECTED` if the secret or the
 * response is wrong, and `E_TEST_UNAVAILABLE` if there is no response.
 */
export async function testRelay(call: {
  fetch: typeof globalThis.fetch;
  now: () => number;
  tenantUrl: string;
  secret: string;
}): Promise<void> {
  const { fetch, now, tenantUrl, secret } = call;
  const response = await requestJson({
    url: `${tenantUrl}/Users?count=2&startIndex=1`,
    authorization: `Bearer ${secret}`,
    fetch,
    now,
    timeoutMs: 30_000,
    accept: 'application/scim+json',
    secrets: [secret],
  });
  if (response.ok && userList.safeParse(response.body).success) return;
  if (response.ok) {
    throw new BrokerError('E_REJECTED', `${tenantUrl} does not respond like a SCIM service.`, {
      help: address,
    });
  }
  throw relayError(response.failure);
}

function relayError(failure: HttpFailure): BrokerError {
  const { message, help } = explainFailure(failure, 'The SCIM relay', {
    unauthorized: address,
    forbidden: 'Webex does not allow this account to provision users. Test the organization’s token.',
    'not-found': address,
    'server-error': 'The relay cannot use the token, or Webex cannot be reached. Test the token.',
    refused: address,
    dns: address,
  });
  const code = failure.status === null || failure.status >= 500 ? 'E_TEST_UNAVAILABLE' : 'E_REJECTED';
  return new BrokerError(code, message, { help });
}
