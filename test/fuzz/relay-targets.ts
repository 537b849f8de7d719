import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LocationRewriter } from '../../src/relay/locations/rewriter.ts';
import { readRelayTarget } from '../../src/relay/request/target.ts';
import { anyText } from '../support/any-text.ts';
import type { Target } from './target.ts';

const base = 'https://api.example.com/v1/scim/org';

/** Request targets of the relay: every forwarded target stays below the tenant URL, as text and for a URL parser. */
export function relayTargetTarget(): Target<string> {
  const pieces = fc.constantFrom(
    ...[
      '/',
      '//',
      '.',
      '..',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5c',
      '%00',
      '%25',
      '\\',
      '@',
      ':',
      ';',
      '?',
      '#',
      ' ',
    ],
    ...['Users', 'Groups', 'Schemas', 'acme', 'http://evil.example', '\t', '\r\n', 'é', "'", '%'],
  );
  const part = fc.oneof({ weight: 3, arbitrary: pieces }, { weight: 1, arbitrary: anyText() });
  return {
    inputs: fc.array(part, { maxLength: 12 }).map((parts) => `/scim/acme/${parts.join('')}`),
    check(target) {
      const { forwarded } = readRelayTarget(target);
      if (forwarded === null) return;
      assert.equal(`/scim/acme${forwarded.suffix}`, target);
      const url = new URL(base + forwarded.suffix);
      assert.equal(url.origin, 'https://api.example.com');
      assert.match(url.pathname, /^\/v1\/scim\/org\/[A-Z]/);
      assert.equal(url.pathname, `/v1/scim/org${forwarded.suffix.split('?', 1)[0]}`);
    },
  };
}

const addresses = { tenantUrl: base, relayUrl: 'https://tokens.example.com/scim/acme' };

/** Responses of any kind, in pieces of any size: the result does not depend on where the pieces end. */
export function locationTarget(): Target<{ document: string; size: number }> {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      '\\"',
      ':',
      ',',
      ' ',
      'meta',
      '"meta"',
      '"location"',
      '"$ref"',
      '$ref',
    ],
    ...[
      base,
      `${base}/Users/1`,
      `"${base}/Users"`,
      base.replaceAll('/', '\\/'),
      '\\u002f',
      '\\u00',
      'null',
      '😀',
    ],
  );
  const part = fc.oneof({ weight: 4, arbitrary: pieces }, { weight: 1, arbitrary: anyText() });
  return {
    inputs: fc.record({
      document: fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
      size: fc.integer({ min: 1, max: 30 }),
    }),
    check({ document, size }) {
      const whole = rewritten(document, Number.MAX_SAFE_INTEGER);
      assert.equal(rewritten(document, size), whole);
      // Only addresses change.
      assert.equal(whole.replaceAll(addresses.relayUrl, ''), withoutMoved(document, whole));
    },
  };
}

/** The document without the tenant URLs that were moved, which is found from the end of each part between two of them. */
function withoutMoved(document: string, whole: string): string {
  if (!whole.includes(addresses.relayUrl)) return Buffer.from(document).toString();
  const parts = whole.split(addresses.relayUrl);
  let rest = Buffer.from(document).toString();
  for (const part of parts.slice(0, -1)) {
    assert.ok(rest.startsWith(part), 'something else was changed');
    rest = rest.slice(part.length).replace(/^(?:[^"/\\]|\\?\/|\\u[0-9a-f]{4})*?org/i, '');
  }
  return parts.slice(0, -1).join('') + rest;
}

function rewritten(document: string, size: number): string {
  const rewriter = new LocationRewriter(addresses);
  const bytes = Buffer.from(document);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...rewriter.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...out, ...rewriter.end()]).toString();
}
