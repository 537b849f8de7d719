import express, { type Request, type RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/** Far more than any redirect URL, and than any form here. Bytes. */
const limit = 64 * 1024;

/** Reads a body of exactly `application/json`: no other type gets here without the browser asking first. */
export const jsonBody: RequestHandler[] = [
  ofType('application/json'),
  express.json({ limit, inflate: false, strict: true }),
];

/** Reads a form as browsers send it. */
export const formBody: RequestHandler[] = [
  ofType('application/x-www-form-urlencoded'),
  express.urlencoded({ limit, inflate: false, extended: false, parameterLimit: 30 }),
];

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

/** The body parsers would take in all of it before they say so. */
function tooLarge(request: Request): boolean {
  return Number(request.headers['content-length'] ?? 0) > limit;
}

/** As the body parsers report it. */
class TooLarge extends Error {
  readonly status = 413;
}

/** A field of a form, as the person typed it; empty where it is absent, or there twice. */
export function field(body: unknown, name: string): string {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/** A field that may be there several times, such as boxes that can be ticked. */
export function fields(body: unknown, name: string): string[] {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  const values = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string');
}
