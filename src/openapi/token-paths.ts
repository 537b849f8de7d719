import { apiPaths } from '../api/paths.ts';
import {
  type DescribedResponse,
  headerRefs,
  jsonResponse,
  type Operation,
  type Paths,
} from './operations.ts';
import { type SchemaName, schemaRef } from './schemas.ts';

/** `/oauth/token`, `/oauth/introspect`, the metadata and the health endpoints. */
export function tokenPaths(): Paths {
  return {
    [apiPaths.token]: {
      post: clientOperation({
        operationId: 'requestToken',
        summary: 'Get the Webex token of a profile',
        description:
          'The client credentials grant of RFC 6749, section 4.4. The response contains the current token, which changes when an administrator renews it: do not store it longer than expires_in.',
        form: 'TokenRequest',
        response: jsonResponse('The current token.', 'TokenResponse'),
        refusals: {
          500: oauthError(
            'The stored token cannot be decrypted, or an internal error.',
            headerRefs.requestId,
          ),
        },
      }),
    },
    [apiPaths.introspection]: {
      post: clientOperation({
        operationId: 'introspectToken',
        summary: 'Check whether a Webex token belongs to one of the client’s profiles and is still valid',
        description: 'RFC 7662.',
        form: 'IntrospectionRequest',
        response: jsonResponse('The state of the token.', 'IntrospectionResponse'),
        refusals: { 500: oauthError('An internal error.', headerRefs.requestId) },
      }),
    },
    [apiPaths.metadata]: {
      get: open('getServerMetadata', 'Get the addresses and methods of this server', 'discovery', {
        200: jsonResponse('The metadata.', 'ServerMetadata'),
      }),
    },
    [apiPaths.openidMetadata]: {
      get: open('getOpenIdMetadata', 'Get the same where OpenID Connect clients look', 'discovery', {
        200: jsonResponse('The metadata.', 'ServerMetadata'),
      }),
    },
    [apiPaths.openapi]: {
      get: open('getOpenApiDocument', 'Get this document', 'discovery', {
        200: {
          description: 'The document.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      }),
    },
    [apiPaths.liveness]: {
      get: open('getLiveness', 'Check whether the process is alive', 'health', {
        200: jsonResponse('It is.', 'Liveness'),
      }),
    },
    [apiPaths.readiness]: {
      get: open('getReadiness', 'Check whether the server can respond to requests', 'health', {
        200: jsonResponse('It can.', 'Readiness'),
        503: jsonResponse(
          'It cannot, for example because the database is down.',
          'Readiness',
          headerRefs.retryAfter,
        ),
      }),
    },
    [apiPaths.metrics]: {
      get: open('getMetrics', 'Get the metrics for Prometheus', 'health', {
        200: text('The metrics in the text format of Prometheus.'),
        503: { ...text('The store cannot be read.'), headers: headerRefs.retryAfter },
      }),
    },
  };
}

interface ClientOperation {
  operationId: string;
  summary: string;
  description: string;
  form: SchemaName;
  response: DescribedResponse;
  refusals: Record<string, DescribedResponse>;
}

/** An operation that clients authenticate for, in the header or in the form. */
function clientOperation({ form, response, refusals, ...text }: ClientOperation): Operation {
  return {
    ...text,
    tags: ['token'],
    security: [{ clientSecretBasic: [] }, {}],
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: schemaRef(form) } },
    },
    responses: {
      200: response,
      400: oauthError('The request is malformed, or the client cannot get what it asks for.'),
      401: oauthError('The client is not authenticated.', headerRefs.challenge),
      403: oauthError('A page of another site sent the request.'),
      405: oauthError('The method is not POST.', headerRefs.allow),
      413: oauthError('The body is larger than 32 KiB.'),
      429: oauthError('Too many wrong credentials from this address.', {
        ...headerRefs.challenge,
        ...headerRefs.retryAfter,
      }),
      503: oauthError('The store or its key is not available for the moment.', {
        ...headerRefs.retryAfter,
        ...headerRefs.requestId,
      }),
      ...refusals,
    },
  };
}

function oauthError(description: string, headers: DescribedResponse['headers'] = {}): DescribedResponse {
  return jsonResponse(description, 'OAuthError', headers);
}

/** An operation without authentication. */
function open(
  operationId: string,
  summary: string,
  tag: string,
  responses: Record<string, DescribedResponse>,
): Operation {
  const methods = oauthError('The method is neither GET nor HEAD.', headerRefs.allow);
  return { operationId, summary, tags: [tag], security: [{}], responses: { ...responses, 405: methods } };
}

function text(description: string): DescribedResponse {
  return { description, content: { 'text/plain': { schema: { type: 'string' } } } };
}
