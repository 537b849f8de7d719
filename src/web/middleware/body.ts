import express, { type Request, type RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/** Far more than the longest redirect URL or form needs. Bytes. */
const limit = 64 * 1024;

/** Parses a body whose type is exactly `application/json`: from another origin, browsers send it only after a preflight request. */
export const jsonBody: RequestHandler[] = [
  ofType('application/json'),
  express.json({ limit, inflate: false, strict: true }),
];

/** Parses a form in the encoding that browsers use. */
export const formBody = formBodyOf(30);

/** The same, for forms with a checkbox for each row of a table. */
export const selectionBody = formBodyOf(250);

function formBodyOf(parameterLimit: number): RequestHandler[] {
  return [
    ofType('application/x-www-form-urlencoded'),
    express.urlencoded({ limit, inflate: false, extended: false, parameterLimit }),
  ];
}

/** Enough for a file with several thousand profiles. Bytes. */
const fileLimit = 5 * 1024 * 1024;

/** Reads a form with a file, which `fileOf` parses. Only `sameOrigin` protects this encoding from other sites. */
export const fileBody: RequestHandler[] = [
  express.raw({ type: 'multipart/form-data', limit: fileLimit, inflate: false }),
];

/** The file of a form field; null if none was chosen. */
export async function fileOf(request: Request, name: string): Promise<Uint8Array | null> {
  if (!Buffer.isBuffer(request.body)) return null;
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  try {
    const file = (await new Response(new Uint8Array(request.body), { headers }).formData()).get(name);
    if (file === null || typeof file === 'string' || file.size === 0) return null;
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new BrokerError('E_INPUT', 'The form cannot be read.', { cause: error });
  }
}

function ofType(type: string): RequestHandler {
  return (request, _response, next) => {
    const [given, ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
    const utf8 = parameters.every((parameter) => /^\s*charset="?utf-8"?\s*$/.test(parameter));
    if (given?.trim() === type && utf8) next(tooLarge(request) ? new TooLarge() : undefined);
    else {
      next(
        new BrokerError('E_MEDIA_TYPE', `This address accepts only ${type} in UTF-8.`, {
          help: 'Use the form on the page.',
        }),
      );
    }
  };
}

/** Checked here because the body parsers read the whole body before they reject it. */
function tooLarge(request: Request): boolean {
  return Number(request.headers['content-length'] ?? 0) > limit;
}

/** The same error as that of the body parsers. */
class TooLarge extends Error {
  readonly status = 413;
}

/** The value of a form field as entered; empty if the field is missing or repeated. */
export function field(body: unknown, name: string): string {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/** The values of a form field that may be repeated, such as a group of checkboxes. */
export function fields(body: unknown, name: string): string[] {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  const values = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string');
}
