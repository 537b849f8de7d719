import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/** Logs method, path, status and time of each request: never a query, header or body, nor the secret of a one-time link or of the calendar feed. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    const { method, path } = request;
    response.on('close', () => {
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const status = response.writableFinished ? response.statusCode : 'aborted';
      log.info({ method, path: maskedPath(path), status, ms }, 'request');
    });
    next();
  };
}

/** A one-time link's secret is the segment after its first; a path can be of any length and hold anything, a token too. */
export function maskedPath(path: string): string {
  const masked = path.replace(/^(\/+(?:access|sign-in|calendar|clear-site-data)\/+).+$/is, '$1…');
  const shown = masked
    .split('/')
    .map((segment) => sanitizeForDisplay(segment))
    .join('/');
  return shown.length <= 200 ? shown : `${shown.slice(0, 199)}…`;
}
