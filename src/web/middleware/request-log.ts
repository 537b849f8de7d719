import type { RequestHandler } from 'express';
import type { Logger } from 'pino';

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

/** A one-time link's secret is the segment after its first; a path can be of any length and hold anything. */
export function maskedPath(path: string): string {
  const masked = path.replace(/^(\/+(?:enter|sign-in|calendar)\/+).+$/is, '$1…');
  return masked.length <= 200 ? masked : `${masked.slice(0, 199)}…`;
}
