import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { routeByPath } from '../../src/server/requests/route-by-path.ts';

/** Which of the two gets the request. */
function goesTo(url: string, host: string | undefined): string {
  let taken = '';
  const takenBy =
    (name: string): RequestListener =>
    () => {
      taken = name;
    };
  const handler = routeByPath(takenBy('web'), takenBy('api'), 3000);
  handler({ url, headers: { host } } as IncomingMessage, {} as ServerResponse);
  return taken;
}

describe('routeByPath', () => {
  it.each([
    ['/oauth/token', 'localhost:3000'],
    ['/oauth/token', '127.0.0.1:3000'],
    ['/oauth/introspect', '[::1]:3000'],
    ['/metrics?x=1', '127.0.0.1:3000'],
    ['/.well-known/oauth-authorization-server', 'localhost:3000'],
  ])('sends %s at %s to the token API', (url, host) => {
    expect(goesTo(url, host)).toBe('api');
  });

  it.each([
    ['/oauth/token', 'evil.example:3000'],
    ['/oauth/token', 'localhost.evil.example:3000'],
    ['/oauth/token', 'localhost:4000'],
    ['/oauth/token', 'localhost'],
    ['/oauth/token', undefined],
    ['/oauth/token/', 'localhost:3000'],
    ['//oauth/token', 'localhost:3000'],
    ['/', 'localhost:3000'],
    ['/auth/code', 'localhost:3000'],
  ])('sends %s at %s to the web app, which is stricter', (url, host) => {
    expect(goesTo(url, host)).toBe('web');
  });
});
