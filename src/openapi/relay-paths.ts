import { relayPath } from '../config/issuer.ts';
import { type ResourceType, resources } from '../relay/request/target.ts';
import { type DescribedResponse, headerRefs, type Operation, type Paths } from './operations.ts';
import { schemaRef } from './schemas.ts';

/** The SCIM relay: `/scim/{profile}/Users` and the other resources that it forwards. */
export function relayPaths(): Paths {
  const paths: Paths = {};
  for (const [resource, { collection, item }] of Object.entries(resources)) {
    const base = `${relayPath}/{profile}/${resource}`;
    paths[base] = pathItem(resource as ResourceType, collection, false);
    if (item !== null) paths[`${base}/{id}`] = pathItem(resource as ResourceType, item, true);
  }
  return paths;
}

const verbs: Record<string, string> = {
  GET: 'Get',
  POST: 'Create',
  PUT: 'Replace',
  PATCH: 'Change',
  DELETE: 'Delete',
};

/** The singular and the plural of each resource in a sentence. */
const words: Record<ResourceType, readonly [string, string]> = {
  Users: ['a user', 'users'],
  Groups: ['a group', 'groups'],
  ServiceProviderConfig: ['the capabilities of Webex', 'the capabilities of Webex'],
  ResourceTypes: ['a resource type', 'the resource types'],
  Schemas: ['a schema', 'the schemas'],
};

function pathItem(resource: ResourceType, methods: readonly string[], isItem: boolean): Paths[string] {
  const operations = methods
    // Every path with GET also supports HEAD.
    .filter((method) => method !== 'HEAD')
    .map((method) => [method.toLowerCase(), operation(resource, method, isItem)]);
  return Object.fromEntries(operations) as Paths[string];
}

function operation(resource: ResourceType, method: string, isItem: boolean): Operation {
  const [one, many] = words[resource];
  const verb = verbs[method] ?? method;
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(method);
  const name = isItem ? resource.replace(/s$/, '') : resource;
  return {
    operationId: `${verb.toLowerCase()}${method === 'POST' ? resource.replace(/s$/, '') : name}`,
    summary: `${verb} ${isItem || method === 'POST' ? one : many}`,
    tags: ['relay'],
    security: [{ relaySecret: [] }],
    parameters: [
      parameter('profile', 'path', 'The profile that the client has access to.'),
      ...(isItem ? [parameter('id', 'path', 'The ID of the resource at Webex.')] : []),
      ...(method === 'GET' && !isItem ? queryParameters : []),
      parameter('traceparent', 'header', 'Passed on to Webex (W3C Trace Context).'),
    ],
    ...(hasBody && { requestBody: { required: true, content: scim('ScimResource') } }),
    responses: {
      '2XX': {
        description: 'The response from Webex. Addresses at Webex are replaced by those of the relay.',
        headers: headerRefs.requestId,
        ...(method !== 'DELETE' && { content: scim('ScimResource') }),
      },
      ...refusals(hasBody),
      default: {
        description: 'Any other response from Webex, such as 304 or 409.',
        headers: headerRefs.requestId,
        content: scim('ScimError'),
      },
    },
  };
}

/** The parameters that provisioning tools send. The relay forwards any query unchanged. */
const queryParameters = [
  parameter('filter', 'query', 'RFC 7644, section 3.4.2.2.'),
  parameter('startIndex', 'query', 'The first result, from 1.', { type: 'integer' }),
  parameter('count', 'query', 'The greatest number of results.', { type: 'integer' }),
  parameter('attributes', 'query', 'Attributes to return, separated by commas.'),
  parameter('excludedAttributes', 'query', 'Attributes not to return, separated by commas.'),
];

function parameter(
  name: string,
  place: string,
  description: string,
  schema: object = { type: 'string' },
): object {
  return { name, in: place, description, ...(place === 'path' && { required: true }), schema };
}

/** The errors of the relay itself. Webex may respond with the same statuses. */
function refusals(hasBody: boolean): Record<string, DescribedResponse> {
  return {
    401: refusal('The client is not authenticated, or was removed.', headerRefs.challenge),
    403: refusal('The client has no access to this profile, or no right to use this method.'),
    404: refusal('The relay does not forward this path, or Webex has no such resource.'),
    405: refusal('The path does not support this method.', headerRefs.allow),
    ...(hasBody && { 413: refusal('The body is too large.') }),
    429: refusal(
      'Too many wrong credentials from this address, or Webex limits the requests.',
      headerRefs.retryAfter,
    ),
    500: refusal('An internal error.'),
    502: refusal('Webex cannot be reached, or closed the connection.'),
    503: refusal(
      'The profile has no token that Webex accepts, or the server is busy.',
      headerRefs.retryAfter,
    ),
  };
}

function refusal(description: string, headers: DescribedResponse['headers'] = {}): DescribedResponse {
  return { description, headers: { ...headerRefs.requestId, ...headers }, content: scim('ScimError') };
}

function scim(schema: 'ScimResource' | 'ScimError'): Record<string, { schema: object }> {
  return { 'application/scim+json': { schema: schemaRef(schema) } };
}
