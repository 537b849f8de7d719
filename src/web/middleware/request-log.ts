import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { pathOf } from '../../api/paths.ts';
import { requestIdOf } from '../../http/request-ids.ts';
import { resourceTypes } from '../../relay/request/target.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

/**
 * Logs the method, path, status and duration of each request. Queries, headers, bodies, the secrets of one-time links and
 * of the calendar feed, and the IDs of users and groups are never logged.
 */
export function requestLog(
  log: Logger,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    const started = performance.now();
    const { method, url = '' } = request;
    const path = pathOf(url);
    response.on('close', () => {
      const ms = Math.round((performance.now() - started) * 10) / 10;
      const status = response.writableFinished ? response.statusCode : 'aborted';
      const requestId = requestIdOf(response);
      log.info({ method, path: maskedPath(path), status, ms, requestId }, 'request');
    });
    next();
  };
}

/** Path segments that are logged below a profile: resource names, and the versions that some tools put before them. */
const shownBelowProfile: ReadonlySet<string> = new Set([...resourceTypes, 'Bulk', 'Me', 'v1', 'v2']);

const resources = resourceTypes.join('|');

/**
 * Masks secrets of one-time links, anything that may be the ID or name of a person or group, and anything that looks like a
 * token, and limits the length. A tool with a wrong base address can put such an ID anywhere in the path.
 */
export function maskedPath(path: string): string {
  const masked = path
    .replace(/^(\/+(?:access|sign-in|calendar|clear-site-data)\/+).+$/is, '$1…')
    .replace(/^(\/+scim\/+[^/]*\/+)([^/]*)(.*)$/is, (_all, start: string, name: string, rest: string) => {
      return `${start}${shownBelowProfile.has(name) ? name : '…'}${rest.replace(/^(\/+).+$/s, '$1…')}`;
    })
    .replace(new RegExp(`(/(?:${resources})/+).+$`, 'is'), '$1…');
  const shown = masked
    .split('/')
    // An email address, or parameters of a segment.
    .map((segment) => (/[@;]|%(?:40|3b|2f)/i.test(segment) ? '…' : sanitizeForDisplay(segment)))
    .join('/');
  return shown.length <= 200 ? shown : `${shown.slice(0, 199)}…`;
}
