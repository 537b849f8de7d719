import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CompactSign, createLocalJWKSet, exportJWK, generateKeyPair } from 'jose';
import {
  ForeignAssertionError,
  readForeignAssertion,
  verifyForeignAssertion,
} from '../../src/api/client-auth/foreign-assertion.ts';
import { anyText } from '../support/any-text.ts';
import { assertSilent, type Target } from './target.ts';

interface Input {
  /** Signed by the issuer. */
  claims: Record<string, unknown>;
  header: Record<string, unknown>;
  /** Changed after signing. */
  cut: { part: number; at: number; replacement: string } | null;
}

const now = Date.UTC(2027, 2, 1);
const identity = {
  issuer: 'https://issuer.example',
  subject: 'repo:acme/*:ref:refs/heads/main',
  audience: 'api://webex-token/.default',
  anyScope: false,
};

function subjects() {
  const parts = [
    'repo',
    ':',
    'acme',
    '/',
    'x',
    ':ref:',
    'refs/heads/',
    'main',
    '*',
    '\0',
    '\u202e',
    '\ud800',
  ];
  return fc.array(fc.constantFrom(...parts), { maxLength: 10 }).map((chosen) => chosen.join(''));
}

/** A JWT of the right issuer with any claims and header, and one that was changed on the way. */
export async function foreignAssertionTarget(): Promise<Target<Input>> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const findKey = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1' }] });
  const good = {
    iss: identity.issuer,
    sub: 'repo:acme/provisioning:ref:refs/heads/main',
    aud: 'api://webex-token',
    iat: now / 1000,
    exp: now / 1000 + 300,
  };
  const times = fc.oneof(
    fc.integer({ min: -200_000, max: 200_000 }).map((each) => now / 1000 + each),
    fc.double(),
  );
  const anything = fc.oneof(
    subjects(),
    anyText(),
    times,
    fc.constantFrom(null, true, {}, [], ...Object.values(good)),
    fc.array(fc.oneof(fc.constantFrom('webex-token', 'api://webex-token', 'x', 7, null), subjects())),
  );
  return {
    inputs: fc.record({
      claims: fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'), anything, {
        maxKeys: 3,
      }),
      header: fc.dictionary(fc.constantFrom('kid', 'typ', 'jku', 'x5u', 'cty'), anything, { maxKeys: 2 }),
      cut: fc.option(
        fc.record({
          part: fc.nat(2),
          at: fc.nat(400),
          replacement: anyText({ maxLength: 20 }),
        }),
        { nil: null },
      ),
    }),
    async check({ claims, header, cut }) {
      const signed = { ...good, ...claims };
      // Not by a library for JWTs, which would refuse some claims.
      const text = new TextEncoder().encode(JSON.stringify(signed));
      const signer = new CompactSign(text).setProtectedHeader({ kid: 'key-1', ...header, alg: 'ES256' });
      const original = await signer.sign(privateKey);
      const parts = original.split('.');
      if (cut !== null) {
        const part = parts[cut.part] ?? '';
        parts[cut.part] = part.slice(0, cut.at) + cut.replacement + part.slice(cut.at + 1);
      }
      const accepted = await isAccepted(parts.join('.'), findKey);
      if (Object.keys(claims).length + Object.keys(header).length === 0 && cut === null) assert.ok(accepted);
      if (!accepted) return;
      // Accepted only if the issuer signed it, it is unchanged, and its claims are registered.
      assert.equal(parts.slice(0, 2).join('.'), original.split('.').slice(0, 2).join('.'));
      assert.equal(signed.iss, identity.issuer);
      assert.match(String(signed.sub), /^repo:acme\/[^:/]*:ref:refs\/heads\/main$/);
      assert.ok([signed.aud].flat().some((each) => /^api:\/\/webex-token(\/\.default)?$/.test(String(each))));
      assert.ok(Number(signed.exp) > now / 1000 - 31);
    },
  };
}

async function isAccepted(jwt: string, findKey: ReturnType<typeof createLocalJWKSet>): Promise<boolean> {
  try {
    const { expiresAt } = readForeignAssertion(jwt, identity, now);
    assert.ok(Number.isFinite(expiresAt) && expiresAt > now - 31_000 && expiresAt <= now + 2 * 86_400_000);
    await verifyForeignAssertion(jwt, findKey, now);
    return true;
  } catch (error) {
    if (!(error instanceof ForeignAssertionError)) throw error;
    assertSilent(error.detail, '');
    assert.ok(error.detail.length < 500);
    return false;
  }
}
