import { describe, expect, it } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { served } from '../support/web/web-client.ts';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

const answers: [what: string, path: string, status: number][] = [
  ['a page', '/sign-in', 200],
  ['a redirect', '/tokens/last', 303],
  ['an error page', '/nothing', 404],
  ['the capture page', '/auth/code', 200],
  ['the style sheet', '/assets/style.css', 200],
  ['a script', '/assets/capture.js', 200],
];

/** No test changes anything. */
const shared = forFile(() => served());

describe('the headers of the web app', () => {
  it.each(answers)('are all on %s', async (_what, path, status) => {
    const person = await shared().person();
    const { headers } = await person.get(path).expect(status);
    expect(headers['content-security-policy']?.split(';').sort()).toEqual([...policy].sort());
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'permissions-policy': expect.stringContaining('camera=()'),
      'referrer-policy': path === '/auth/code' ? 'no-referrer' : 'same-origin',
      'cache-control': path.startsWith('/assets/') ? 'no-cache' : 'no-store',
    });
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it.each([
    ['a rejected host', { Host: 'evil.example' }, 421],
    ['a browser without a session', { Host: 'localhost:3000' }, 403],
  ])('are on a response to %s too', async (_what, headers, status) => {
    const answer = await shared().visitor().get('/').set(headers).expect(status);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it.each([
    ['style.css', 'text/css; charset=utf-8'],
    ['favicon.svg', 'image/svg+xml; charset=utf-8'],
    ['capture.js', 'text/javascript; charset=utf-8'],
    ['copy.js', 'text/javascript; charset=utf-8'],
    ['poll.js', 'text/javascript; charset=utf-8'],
  ])('are right for %s, which is served without a session', async (name, type) => {
    const answer = await shared().visitor().get(`/assets/${name}`).expect(200);
    expect(answer.headers['content-type']).toBe(type);
    const again = { 'If-None-Match': answer.headers.etag ?? '' };
    await shared().visitor().get(`/assets/${name}`).set(again).expect(304);
  });

  it.each(['/assets/', '/assets/../package.json', '/assets/%2e%2e/package.json', '/assets/style.css/'])(
    'are those of an error page for any other file: %s',
    async (path) => {
      await shared().visitor().get(path).expect(403);
    },
  );

  it('forbid inline scripts, styles and handlers, and no page has any', async () => {
    const person = await shared().person();
    for (const path of ['/', '/sign-in', '/import', '/auth/code', '/nothing']) {
      const { text } = await person.get(path);
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc="\/assets\/)/i);
    }
  });
});
