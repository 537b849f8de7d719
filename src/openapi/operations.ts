import { type SchemaName, schemaRef } from './schemas.ts';

/** An OpenAPI response, with the members that this document uses. */
export interface DescribedResponse {
  description: string;
  headers?: Record<string, { $ref: string }>;
  content?: Record<string, { schema: object }>;
}

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  /** Alternatives. An empty object: the credentials are in the body, or none are needed. */
  security: Record<string, string[]>[];
  parameters?: object[];
  requestBody?: object;
  responses: Record<string, DescribedResponse>;
}

/** By method, in lower case. */
export type PathItem = Record<string, Operation> & { parameters?: never };

export type Paths = Record<string, PathItem>;

export const headerRefs = {
  retryAfter: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
  challenge: { 'WWW-Authenticate': { $ref: '#/components/headers/Challenge' } },
  allow: { Allow: { $ref: '#/components/headers/Allow' } },
  requestId: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
};

/** The headers that `headerRefs` refers to. */
export const headers = {
  RetryAfter: {
    description: 'Seconds after which the client may try again.',
    schema: { type: 'integer', minimum: 1 },
  },
  Challenge: { description: 'The accepted authentication (RFC 9110).', schema: { type: 'string' } },
  Allow: { description: 'The methods of this path.', schema: { type: 'string' } },
  RequestId: {
    description: 'The ID of the request, which the server log has too.',
    schema: { type: 'string', format: 'uuid' },
  },
};

export function jsonResponse(
  description: string,
  schema: SchemaName,
  responseHeaders: DescribedResponse['headers'] = {},
): DescribedResponse {
  return {
    description,
    ...(Object.keys(responseHeaders).length > 0 && { headers: responseHeaders }),
    content: { 'application/json': { schema: schemaRef(schema) } },
  };
}
