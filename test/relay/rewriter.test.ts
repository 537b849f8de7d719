import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relayed } from '../../src/relay/locations/addresses.ts';
import { LocationRewriter } from '../../src/relay/locations/rewriter.ts';

const addresses = {
  tenantUrl: 'https://api.ciscospark.com/v1/scim/11111111-2222-4333-8444-555555555555',
  relayUrl: 'https://tokens.example.com/scim/acme',
};
const { tenantUrl, relayUrl } = addresses;

/** Rewrites a document that arrives in pieces of the given sizes, repeated. */
function rewritten(document: string | Buffer, sizes: number[] = [Number.MAX_SAFE_INTEGER]): string {
  const rewriter = new LocationRewriter(addresses);
  const bytes = Buffer.from(document);
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    out.push(...rewriter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...out, ...rewriter.end()]).toString();
}

describe('the addresses in a response', () => {
  it('point to the relay in meta.location and $ref', () => {
    const user = (base: string) =>
      `{"meta" : {"x":[{"location":"${tenantUrl}/Users/9"}], "location": "${base}/Users/1"},"groups":[{"$ref":"${base}/Groups/2"}]}`;
    expect(rewritten(user(tenantUrl))).toBe(user(relayUrl));
    const list = (base: string) => `{"Resources":[${user(base)},${user(base)}]}`;
    expect(rewritten(list(tenantUrl))).toBe(list(relayUrl));
  });

  it.each([
    ['another attribute', `{"displayName":"${tenantUrl}/Users/1"}`],
    ['a location outside of meta', `{"location":"${tenantUrl}/Users/1"}`],
    [
      'a text that quotes a response',
      `{"displayName":"{\\"meta\\":{\\"location\\":\\"${tenantUrl}/Users/1\\"}}"}`,
    ],
    ['a key with the address', `{"meta":{"${tenantUrl}/Users/1":"location"}}`],
    ['an address within a text', `{"meta":{"location":"see ${tenantUrl}/Users/1"}}`],
    ['another organization', `{"meta":{"location":"${tenantUrl}9/Users/1"}}`],
    ['another resource', `{"meta":{"location":"${tenantUrl}/Tokens/1"}}`],
    ['a longer resource', `{"meta":{"location":"${tenantUrl}/Users1/1"}}`],
    ['the tenant URL alone', `{"meta":{"location":"${tenantUrl}"}}`],
    ['another host', `{"$ref":"https://evil.example/?${tenantUrl}/Users/1"}`],
    ['a relative address', `{"$ref":"../Users/1"}`],
    ['a list', `{"$ref":["${tenantUrl}/Users/1"]}`],
    ['a document that is not JSON', `<a href="${tenantUrl}/Users/1">`],
    ['a document that ends early', `{"$ref":"${tenantUrl}/Use`],
    ['a deep document', `${'['.repeat(300)}{"$ref":"${tenantUrl}/Users/1"}`],
    ['an empty document', ''],
  ])('are not changed in %s', (_name, document) => {
    expect(rewritten(document)).toBe(document);
    expect(rewritten(document, [1])).toBe(document);
  });

  it('are found when they are escaped, and in names in any case', () => {
    const escaped = tenantUrl.replaceAll('/', '\\/').replace('api', '\\u0061p\\u0069');
    expect(rewritten(`{"$ref":"${escaped}\\/Users\\/1"}`)).toBe(`{"$ref":"${relayUrl}\\/Users\\/1"}`);
    expect(rewritten(`{"Meta":{"LOCATION":"${tenantUrl.toUpperCase()}/Users"}}`)).toBe(
      `{"Meta":{"LOCATION":"${relayUrl}/Users"}}`,
    );
    expect(rewritten(`{"\\u0024ref":"${tenantUrl}/Groups?x=1"}`)).toBe(
      `{"\\u0024ref":"${relayUrl}/Groups?x=1"}`,
    );
  });

  it('follow the same rule in Location', () => {
    expect(relayed(`${tenantUrl}/Users/1`, addresses)).toBe(`${relayUrl}/Users/1`);
    for (const other of [
      tenantUrl,
      `${tenantUrl}/x/Users`,
      `${tenantUrl}x/Users`,
      '/Users/1',
      'https://evil.example/Users',
    ]) {
      expect(relayed(other, addresses)).toBe(other);
    }
  });

  /** The expected result of the rewriter, computed from the parsed document. */
  const expected = (value: unknown, key = '', inMeta = false): unknown => {
    if (Array.isArray(value)) return value.map((each) => expected(each));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, expected(each, name, key === 'meta')]),
      );
    }
    const isAddress = key === '$ref' || (key === 'location' && inMeta);
    return typeof value === 'string' && isAddress ? relayed(value, addresses) : value;
  };

  const names = fc.constantFrom('meta', 'location', '$ref', 'id', 'a"b', 'Resources');
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom(
      `${tenantUrl}/Users/1`,
      `${tenantUrl}/Groups`,
      `${tenantUrl}/x`,
      tenantUrl,
      '"',
      '\\',
      '\\"',
      'é😀',
    ),
  );
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { depthSize: 'medium' },
      texts,
      fc.double(),
      fc.constantFrom(null, true),
      fc.array(tie('document'), { maxLength: 4 }),
      fc.dictionary(names, tie('document'), { maxKeys: 4 }),
    ),
  }));

  it('are the only thing that changes in any document, in pieces of any size', () => {
    fc.assert(
      fc.property(
        document,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        fc.boolean(),
        (value, sizes, pretty) => {
          const text = JSON.stringify(value, null, pretty ? 2 : 0);
          const result = rewritten(text, sizes);
          expect(JSON.parse(result)).toEqual(JSON.parse(JSON.stringify(expected(JSON.parse(text)))));
          // Byte for byte, apart from the addresses.
          expect(result).toBe(JSON.stringify(expected(JSON.parse(text)), null, pretty ? 2 : 0));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('are not changed in bytes that are not JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      '"',
      '\\',
      ':',
      ',',
      'meta',
      '$ref',
      tenantUrl.slice(0, 12),
      '\\u00',
      '\xff',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (parts, size) => {
        const text = parts.join('');
        expect(rewritten(text, [size])).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
