import { z } from 'zod';
import type { OAuthErrorCode } from '../api/oauth-error.ts';

/*
 * The bodies of the HTTP API. The endpoints write and read them without a schema, because that is faster. The tests compare
 * their requests and responses with these schemas.
 */

const errorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'server_error',
  'temporarily_unavailable',
] as const satisfies OAuthErrorCode[];

/** The client authentication in the body: RFC 6749 §2.3.1 and RFC 7523 §2.2. */
const credentials = {
  client_id: z.string().describe('The name of the client.').optional(),
  client_secret: z.string().describe('The secret of the client, if it is not in the header.').optional(),
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer').optional(),
  client_assertion: z
    .string()
    .describe('A JWT that the client signed (RFC 7523), or the JWT of a workload identity.')
    .optional(),
};

const url = z.url().meta({ format: 'uri' });

const metadata = z
  .object({
    issuer: url,
    token_endpoint: url,
    token_endpoint_auth_methods_supported: z.array(z.string()),
    token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    introspection_endpoint: url,
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
    grant_types_supported: z.array(z.literal('client_credentials')),
    response_types_supported: z.array(z.string()),
  })
  .describe('RFC 8414, authorization server metadata.');

const definitions = {
  TokenRequest: z.object({
    grant_type: z.literal('client_credentials'),
    resource: url
      .describe(
        'The tenant URL of a profile (RFC 8707). Needed if the client has access to several profiles.',
      )
      .optional(),
    scope: z
      .string()
      .describe('Scopes that the token must have, separated by spaces (RFC 6749, section 3.3).')
      .optional(),
    ...credentials,
  }),
  TokenResponse: z.object({
    access_token: z.string().describe('The Webex token of the profile.'),
    token_type: z.literal('Bearer'),
    expires_in: z
      .int()
      .min(1)
      .describe('Seconds until the client should request a token again: at most an hour by default.'),
    scope: z.string().describe('The scopes of the token, separated by spaces.'),
  }),
  IntrospectionRequest: z.object({
    token: z.string().describe('The Webex token to look up.'),
    token_type_hint: z.string().describe('Ignored: there is one type of token.').optional(),
    ...credentials,
  }),
  IntrospectionResponse: z
    .object({
      active: z.boolean(),
      scope: z.string().optional(),
      client_id: z.string().optional(),
      token_type: z.literal('Bearer').optional(),
      exp: z.int().describe('When the token expires, in seconds since 1970.').optional(),
      aud: url.describe('The tenant URL of the organization.').optional(),
      iss: url.optional(),
    })
    .describe('RFC 7662. Only `active: false` for a token that the client may not get.'),
  OAuthError: z
    .object({
      error: z.enum(errorCodes),
      error_description: z
        .string()
        .describe('The problem, and what to do. ASCII without quotes and backslashes.'),
    })
    .describe('RFC 6749, section 5.2.'),
  ServerMetadata: metadata,
  Liveness: z.object({ status: z.literal('ok') }),
  Readiness: z.object({
    status: z.enum(['ready', 'not ready']),
    reason: z.string().describe('Why the server is not ready.').optional(),
  }),
  ScimError: z
    .object({
      schemas: z.array(z.literal('urn:ietf:params:scim:api:messages:2.0:Error')),
      status: z.string().describe('The HTTP status.'),
      detail: z.string().describe('The problem, and what to do.').optional(),
    })
    .describe('RFC 7644, section 3.12.'),
  ScimResource: z
    .looseObject({})
    .describe('A resource, a list of resources or a change in the form of RFC 7643 and RFC 7644.'),
};

export type SchemaName = keyof typeof definitions;

/** The schemas of all bodies, by name, as JSON Schema. */
export function jsonSchemas(): Record<string, object> {
  const schemas = Object.entries(definitions).map(([name, definition]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(definition, { io: 'input' });
    return [name, schema];
  });
  return Object.fromEntries(schemas) as Record<string, object>;
}

export function schemaRef(name: SchemaName): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
