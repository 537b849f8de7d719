import type { RequestListener, ServerResponse } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type OpenApiDocument, openApiDocument } from '../../../src/openapi/document.ts';
import type { DescribedResponse, Operation } from '../../../src/openapi/operations.ts';

const document = openApiDocument('http://localhost:3000');
const validators = validatorsOf(document);
const patterns = Object.keys(document.paths).map((path) => ({
  path,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** A complete response of a server. */
export interface SentResponse {
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  /** Names in lower case. */
  headers: Record<string, unknown>;
  body: string;
}

/** How a response differs from its description in the document; null if it does not. */
export function differenceFromDocument(sent: SentResponse): string | null {
  const { method, path, status } = sent;
  const where = `${method} ${path} ${status}`;
  const described = patterns.find(({ pattern }) => pattern.test(path));
  if (described === undefined) return status === 404 ? null : `${where}: the path is not described`;
  const item = document.paths[described.path] ?? {};
  const operation = operationOf(item, method, status);
  if (operation === undefined) return status === 405 ? null : `${where}: the method is not described`;
  const { responses } = operation;
  const response = responses[status] ?? responses[`${String(status)[0]}XX`] ?? responses.default;
  if (response === undefined) return `${where}: the status is not described`;
  const problem = headersDiffer(response, sent) ?? bodyDiffers(response, sent);
  return problem === null ? null : `${where}: ${problem}`;
}

/** A 405 is described with the supported methods of the path. */
function operationOf(item: Record<string, Operation>, method: string, status: number): Operation | undefined {
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  return item[name] ?? (status === 405 ? Object.values(item)[0] : undefined);
}

/** A described header may be absent from a response of Webex, and from some 401 responses. */
function headersDiffer({ headers = {} }: DescribedResponse, sent: SentResponse): string | null {
  const unknown = ['retry-after', 'www-authenticate', 'allow', 'x-request-id'].find(
    (name) =>
      sent.headers[name] !== undefined && !Object.keys(headers).some((each) => each.toLowerCase() === name),
  );
  return unknown === undefined ? null : `the header ${unknown} is not described`;
}

function bodyDiffers({ content }: DescribedResponse, { method, headers, body }: SentResponse): string | null {
  const type = String(headers['content-type'] ?? '').replace(/;.*/, '');
  if (method === 'HEAD' || (content === undefined && body === '')) return null;
  const schema = content?.[type]?.schema as { $ref?: string } | undefined;
  if (schema === undefined) return `the type ${type} is not described`;
  const validate = schema.$ref === undefined ? undefined : validators.get(schema.$ref);
  if (validate === undefined || validate(JSON.parse(body))) return null;
  return `${JSON.stringify(validate.errors)} in ${body}`;
}

/** The validators by reference. Members that are not described are an error here, although a client has to accept them. */
function validatorsOf({ components }: OpenApiDocument): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  addFormats.default(ajv);
  const all = Object.entries(components.schemas).map(([name, schema]) => {
    const strict = { additionalProperties: false, ...schema };
    return [`#/components/schemas/${name}`, ajv.compile(strict)] as const;
  });
  return new Map(all);
}

/**
 * Compares each response of a listener with the document and reports the differences. Skips responses of Webex, which are
 * forwarded in pieces or as bytes.
 */
export function comparing(listener: RequestListener, report: (difference: string) => void): RequestListener {
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    compareAtEnd(response, ({ status, headers, body }) => {
      const difference = differenceFromDocument({
        method: request.method ?? '',
        path,
        status,
        headers,
        body,
      });
      if (difference !== null) report(difference);
    });
    return listener(request, response);
  };
}

function compareAtEnd(
  response: ServerResponse,
  compare: (sent: Omit<SentResponse, 'method' | 'path'>) => void,
): void {
  const headers: Record<string, unknown> = {};
  let status = 200;
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = ((...args: unknown[]) => {
    status = args[0] as number;
    const given =
      args.find((each) => typeof each === 'object' && each !== null && !Array.isArray(each)) ?? {};
    for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = value;
    return writeHead(...args);
  }) as ServerResponse['writeHead'];
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  let inPieces = false;
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  response.write = ((...args: unknown[]) => {
    inPieces = true;
    return write(...args);
  }) as ServerResponse['write'];
  response.end = ((...args: unknown[]) => {
    const isBytes = typeof args[0] !== 'string' || args[1] === 'latin1';
    if (!inPieces && !isBytes) compare({ status, headers, body: args[0] as string });
    return end(...args);
  }) as ServerResponse['end'];
}
