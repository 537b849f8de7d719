import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SpecificHelp } from '../../http/explain-failure.ts';
import { explainFailure } from '../../http/explain-failure.ts';
import type { WebexConnection } from './get-json.ts';
import { getJson } from './get-json.ts';

/** The result of the connection test that a provider would run with the token. */
export interface ConnectionTestResult {
  /** Null if it could not be tested. */
  ok: boolean | null;
  message: string;
  /** What to do next; only if the test failed. */
  help?: string;
}

/** SCIM 2.0 (RFC 7644 §3.4.2), or 1.1, which carries its core schema there. */
const listSchemas = z
  .array(z.string())
  .refine((schemas) =>
    schemas.some((name) =>
      /^urn:ietf:params:scim:api:messages:2\.0:ListResponse$|^urn:scim:schemas:core:1\.0$/i.test(name),
    ),
  );

const emptyList = z.object({
  schemas: listSchemas,
  totalResults: z.literal(0),
  Resources: z.array(z.unknown()).max(0).nullish(),
});

const pagedList = z.object({
  schemas: listSchemas,
  totalResults: z.number(),
  itemsPerPage: z.number(),
  startIndex: z.number(),
});

/**
 * Sends the request of Entra ID's Test Connection, which Entra ID repeats at the start of each cycle: it looks for a user
 * that does not exist, with a random GUID as `userName`, and expects 200 and an empty ListResponse (Microsoft's guide to
 * building a SCIM endpoint).
 */
export function entraTestConnection(
  connection: WebexConnection,
  token: string,
  orgId: string,
): Promise<ConnectionTestResult> {
  const filter = encodeURIComponent(`userName eq "${randomUUID()}"`);
  return probe(connection, token, orgId, `Users?filter=${filter}`, emptyList, 'Entra ID’s Test Connection');
}

/**
 * Sends the second request of Entra ID's Test Connection, for a group that does not exist. The result of a 404 is unknown,
 * because Cisco and Microsoft disagree on whether Webex has groups here, and Entra ID only sends this request if groups are mapped.
 */
export async function entraTestGroups(
  connection: WebexConnection,
  token: string,
  orgId: string,
): Promise<ConnectionTestResult> {
  const filter = encodeURIComponent(`displayName eq "${randomUUID()}"`);
  const path = `Groups?excludedAttributes=members&filter=${filter}`;
  const name = 'Entra ID’s Test Connection for groups';
  return await probe(connection, token, orgId, path, emptyList, name, {
    ok: null,
    message: 'Webex has no /Groups at this address, so groups cannot be provisioned from Entra ID.',
  });
}

/** Sends the request of Okta's Test API Credentials: the first two users. Okta expects 200 and numeric paging fields. */
export function oktaTestCredentials(
  connection: WebexConnection,
  token: string,
  orgId: string,
): Promise<ConnectionTestResult> {
  return probe(
    connection,
    token,
    orgId,
    'Users?count=2&startIndex=1',
    pagedList,
    'Okta’s Test API Credentials',
  );
}

const specificHelp: SpecificHelp = {
  unauthorized: 'Sign in again to get a new token, and install it in the provider.',
  forbidden:
    'The account that signed in may not provision users. Sign in again as a full administrator of this organization.',
  'not-found':
    'The tenant URL is wrong. Check the organization ID and the profile’s deployment (Webex or Webex for Government).',
  'unexpected-shape':
    'The provider would reject this response too. Check the tenant URL: the organization ID and the profile’s deployment.',
};

async function probe(
  connection: WebexConnection,
  token: string,
  orgId: string,
  path: string,
  schema: z.ZodType,
  name: string,
  /** The result if the address does not exist. By default, that is a failure. */
  missing?: ConnectionTestResult,
): Promise<ConnectionTestResult> {
  const url = `${connection.scim}/${encodeURIComponent(orgId)}/${path}`;
  const answer = await getJson(connection, token, url, schema, 'application/scim+json, application/json');
  if (answer.ok) return { ok: true, message: `${name} would pass.` };
  if (missing !== undefined && answer.failure.reason === 'not-found') return missing;
  const { message, help } = explainFailure(answer.failure, 'Webex', specificHelp);
  // Without a response, nothing is known about the request of the provider, which comes from another network.
  const result = answer.failure.network === undefined ? 'would fail' : 'could not be tried from here';
  return { ok: false, message: `${name} ${result}. ${message}`, help };
}
