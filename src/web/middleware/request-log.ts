import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { requestIdOf } from '../../relay/request/request-ids.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/**
 * Logs the method, path, status and duration of each request. Queries, headers, bodies, the secrets of one-time links and
 * of the calendar feed, and the IDs of users and groups are never logged.
 */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    const { method, path } = request;
    response.on('close', () => {
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const status = response.writableFinished ? response.statusCode : 'aborted';
      const requestId = requestIdOf(response);
      const id = requestId === undefined ? {} : { requestId };
      log.info({ method, path: maskedPath(path), status, ms, ...id }, 'request');
    });
    next();
  };
}

/** Masks the secret of a one-time link and anything that looks like a token, and limits the length. */
export function maskedPath(path: string): string {
  const masked = path
    .replace(/^(\/+(?:access|sign-in|calendar|clear-site-data)\/+).+$/is, '$1…')
    // The ID of a user or group.
    .replace(/^(\/+scim\/+[^/]*\/+[^/]*\/+).+$/is, '$1…');
  const shown = masked
    .split('/')
    .map((segment) => sanitizeForDisplay(segment))
    .join('/');
  return shown.length <= 200 ? shown : `${shown.slice(0, 199)}…`;
}
