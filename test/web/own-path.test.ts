import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownPath as ownPathInPage } from '../../src/browser/shared/own-path.ts';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { ownPath } from '../../src/web/own-path.ts';
import { forFile } from '../support/for-file.ts';
import { hostileTargets } from '../support/http/hostile-targets.ts';
import { origin, served } from '../support/web/web-client.ts';

const elsewhere = [
  '//evil.example',
  '/.//evil.example/x',
  '/..//evil.example/x',
  '/x/..//evil.example',
  '/%2e//evil.example',
  '/%2E%2e//evil.example',
  '/\\evil.example',
  '/.\\\\evil.example',
  '/\t/evil.example',
  'http://evil.example',
  'javascript:alert(1)',
  '\\\\evil.example',
  '',
];

/** The tests only open it. */
const shared = forFile(() => served());

describe('a link into our own pages', () => {
  it.each(elsewhere)('cannot be "%s"', async (next) => {
    expect(ownPath(next, origin)).toBeNull();
    expect(ownPathInPage(next)).toBeNull();
    const { visitor, vault } = shared();
    const response = await visitor()
      .get(`/access/${await createAccessLink(vault)}`)
      .query({ next })
      .expect(303);
    expect(response.headers.location).toBe('/');
    const fromElsewhere = await visitor()
      .get(`/access/${await createAccessLink(vault)}`)
      .set('Sec-Fetch-Site', 'cross-site')
      .set({ 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' })
      .query({ next })
      .expect(200);
    expect(fromElsewhere.text).toContain('href="/"');
    expect(fromElsewhere.text).not.toContain('evil.example');
  });

  it.each(['/', '/profiles/acme', '/profiles/acme.corp/test', '/?status=expired'])('may be %s', (next) => {
    expect(ownPath(next, origin)).toBe(next);
  });

  it('stays at our origin with any content', () => {
    fc.assert(
      fc.property(hostileTargets('\t', '\n', ' '), (text) => {
        for (const path of [ownPath(text, origin), ownPathInPage(text)]) {
          if (path !== null) expect(new URL(path, origin).origin).toBe(origin);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('is the only target of the page for links from another site', async () => {
    const { person } = shared();
    const browser = await person();
    for (const path of ['/.//evil.example/x', '//evil.example/x', '/..//evil.example']) {
      const response = await browser
        .get(path)
        .set({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' });
      expect(response.text).not.toMatch(/href="[^"]*evil/);
    }
  });
});
