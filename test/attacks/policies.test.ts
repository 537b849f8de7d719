import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { Severity, Type } from 'csp_evaluator/dist/finding.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { ClearDataPermits } from '../../src/web/service-worker-cleanup/clear-permits.ts';
import { createCleanupApp } from '../../src/web/service-worker-cleanup/server-app.ts';
import { startTarget, worth } from '../support/attacks/attack-target.ts';
import { concrete, routesOf } from '../support/attacks/every-route.ts';
import { get, rawSession } from '../support/attacks/raw-session.ts';
import { quietLog } from '../support/quiet-log.ts';

const target = startTarget();
const { send } = rawSession(target);
const guessed = 'x'.repeat(43);

describe('the security headers', () => {
  it('are the same on the cleanup server, which is on another port', async () => {
    const origin = 'http://localhost:4999';
    const permits = new ClearDataPermits(Date.now);
    const door = createCleanupApp({ vault: target.vault, log: quietLog(), permits, origin });
    const link = await createAccessLink(target.vault);
    const routes = routesOf(door);
    expect(routes.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/access/:link', '/assets/style.css']),
    );
    for (const { path } of [...routes, { path: '/nothing' }]) {
      for (const [method, host, value] of [
        ['get', 'localhost:4999', link],
        ['get', 'localhost:4999', guessed],
        ['post', 'localhost:4999', guessed],
        ['get', 'evil.example', link],
        ['get', `localhost:${target.port}`, link],
      ] as const) {
        const {
          status,
          headers,
          text = '',
        } = await supertest(door)
          [method](concrete(path, { link: value }))
          .set('Host', host);
        if (host !== 'localhost:4999') expect([status, text]).toEqual([421, 'Another address.\n']);
        const asset = path.startsWith('/assets/') && status === 200;
        expect(headers).toMatchObject({
          'cache-control': asset ? 'no-cache' : 'no-store',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'cross-origin-opener-policy': 'same-origin',
          'referrer-policy': expect.stringMatching(/^(no-referrer|same-origin)$/),
        });
        expect(headers).not.toHaveProperty('strict-transport-security');
        expect(text).not.toMatch(worth);
        const csp = headers['content-security-policy'] ?? '';
        expect(csp).toContain("default-src 'none'");
        expect(csp).toContain("frame-ancestors 'none'");
        expect(worseThanMaybe(csp)).toEqual([]);
      }
    }
  });

  /*
   * The remaining findings: "'self' can be problematic if you host JSONP, AngularJS or user uploaded files" (medium, maybe), on
   * script-src: there are none of these here, as only the files of src/web/assets.ts are served. If a page leads to
   * this program's other port on localhost, "Allow only resources downloaded over HTTPS" (medium) names that very origin:
   * the connection does not leave this machine.
   */
  it('satisfy CSP Evaluator of Google, with nothing of severity medium or higher', async () => {
    const { link } = await createSignInLink(target.vault, { profile: 'globex' });
    for (const [path, left] of [
      ['/', [['MEDIUM_MAYBE', 'script-src', "'self'"]]],
      [`/sign-in/${link}`, [['MEDIUM_MAYBE', 'script-src', "'self'"]]],
      ['/healthz', []],
    ] as const) {
      const { headers } = await send(get(path, 'Sec-Fetch-Site: none'));
      const text = headers['content-security-policy'] ?? '';
      expect(text).not.toBe('');
      expect(worseThanMaybe(text)).toEqual([]);
      const findings = new CspEvaluator(new CspParser(text).csp).evaluate();
      const others = findings.filter(({ severity }) => severity > Severity.HIGH_MAYBE);
      expect(others.map(({ severity, directive, value }) => [Severity[severity], directive, value])).toEqual(
        left,
      );
    }
    expect(worseThanMaybe("script-src 'unsafe-inline'")).not.toEqual([]);
    expect(worseThanMaybe("default-src 'none'; connect-src http://evil.example")).not.toEqual([]);
  });
});

/** The findings of severity medium and higher, except plain HTTP to this computer. */
function worseThanMaybe(policyText: string) {
  return new CspEvaluator(new CspParser(policyText).csp)
    .evaluate()
    .filter(({ severity }) => severity <= Severity.HIGH_MAYBE)
    .filter(({ type, value }) => type !== Type.SRC_HTTP || !/^http:\/\/localhost:\d+$/.test(value ?? ''));
}
