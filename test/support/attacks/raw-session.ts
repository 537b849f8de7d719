import { expect } from 'vitest';
import { type AttackTarget, worth } from './attack-target.ts';
import { type RawResponse, sendRaw } from './raw-http.ts';

/** Sends raw requests to one server. `HOST` is replaced by the right host; each request closes its connection. */
export interface RawSession {
  send(request: string, options?: { host?: string }): Promise<RawResponse>;
  /** Expects a rejection that reveals nothing: no page, no name, no stack trace, no version. */
  refused(request: string, statuses?: number[]): Promise<RawResponse>;
}

export function rawSession(target: AttackTarget): RawSession {
  const send: RawSession['send'] = (request, options) =>
    sendRaw(target.port, request.replaceAll('HOST', `localhost:${target.port}`), options);
  return {
    send,
    async refused(request, statuses = []) {
      const response = await send(request);
      if (statuses.length > 0) expect(statuses).toContain(response.status);
      else expect(Math.floor(response.status / 100)).toBe(4);
      expect(response.raw).not.toMatch(worth);
      expect(response.raw).not.toMatch(/^\s+at |node_modules|\.ts\b|node:internal|Express|Node\.js/im);
      expect(response.headers).not.toHaveProperty('server');
      expect(response.headers).not.toHaveProperty('set-cookie');
      return response;
    },
  };
}

export const get = (target: string, ...headers: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: HOST', 'Connection: close', ...headers, '', ''].join('\r\n');

export const post = (path: string, body: string, ...headers: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: HOST',
    'Connection: close',
    'Origin: http://HOST',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
