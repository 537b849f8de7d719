import { describe, expect, it } from 'vitest';
import { authenticate, type ClientProof, verifySecret } from '../../src/api/client-auth/authenticate.ts';
import {
  type ClientRow,
  type Lookup,
  touchStatement,
} from '../../src/store/token-requests/token-request-store.ts';
import { hashSecret } from '../../src/vault/sign-in/secret-hashes.ts';

const now = Date.UTC(2027, 0, 1);
const identity = {
  issuer: 'https://issuer.example',
  subject: 'repo:acme',
  audience: 'webex',
  anyScope: false,
};
const jwks = '{"keys":[]}';

const client: ClientRow = {
  clientId: 'id',
  clientName: 'ci',
  secretHash: hashSecret('current'),
  previousSecretHash: hashSecret('previous'),
  previousSecretUntil: now + 1,
  previousSecretUsedAt: null,
  jwks,
  addresses: '[]',
  clientExpiresAt: null,
  lastUsedAt: null,
  maxExpiresIn: null,
  relayRights: null,
  issuer: identity.issuer,
  subject: identity.subject,
  audience: identity.audience,
  anyScope: null,
};

function found(changes: Partial<ClientRow> = {}, assertionUsed = false): Lookup {
  return { client: { ...client, ...changes }, profiles: [], assertionUsed, untrusted: null };
}
const ask = (proof: ClientProof, lookup: Lookup | null = found()) =>
  authenticate(lookup, proof, '192.0.2.1', now);
const secret = verifySecret('current');
const assertion = (changes = {}): ClientProof => ({
  ...{ kind: 'assertion', jwks, assertion: { jtiHash: 'x', expiresAt: now } },
  ...changes,
});
const foreign = (changes = {}, expiresAt = now + 1): ClientProof => ({
  ...{ kind: 'foreign-assertion', identity: { ...identity, ...changes }, expiresAt },
});

const unknown =
  'Unknown client, or wrong credentials. Ask an administrator to list the clients: npx webex-token client list';

describe('authenticate', () => {
  it.each<[string, ClientProof, 'current' | 'previous']>([
    ['the secret', secret, 'current'],
    ['the previous secret until its end', verifySecret('previous'), 'previous'],
    ['an assertion under the stored keys', assertion(), 'current'],
    ['the JWT of the registered issuer until its end', foreign(), 'current'],
  ])('accepts %s', (_, proof, used) => {
    expect(ask(proof)).toEqual({ ok: true, used });
  });

  it.each<[string, ClientProof, Lookup | null, string]>([
    ['another secret', verifySecret('other'), found(), 'wrong-secret'],
    ['a secret of an unknown client', secret, null, 'wrong-secret'],
    ['a secret for a client without one', secret, found({ secretHash: null }), 'wrong-secret'],
    ['a secret against a damaged hash', secret, found({ secretHash: 'AAAA' }), 'wrong-secret'],
    [
      'what is stored for no secret',
      { kind: 'secret', hash: Buffer.alloc(32) },
      found({ secretHash: null, previousSecretHash: null }),
      'wrong-secret',
    ],
    [
      'the previous secret at its end',
      verifySecret('previous'),
      found({ previousSecretUntil: now }),
      'wrong-secret',
    ],
    [
      'the previous secret that was replaced while the clock was ahead',
      verifySecret('previous'),
      found({ previousSecretUntil: now + 91 * 86_400_000 + 1 }),
      'wrong-secret',
    ],
    [
      'the previous secret without an end',
      verifySecret('previous'),
      found({ previousSecretUntil: null }),
      'wrong-secret',
    ],
    ['an assertion under other keys', assertion({ jwks: '{}' }), found(), 'no-valid-credentials'],
    ['an assertion of an unknown client', assertion(), null, 'no-valid-credentials'],
    ['a JWT of another issuer', foreign({ issuer: 'https://x.example' }), found(), 'wrong-secret'],
    ['a JWT for another subject', foreign({ subject: 'repo:x' }), found(), 'wrong-secret'],
    ['a JWT for another audience', foreign({ audience: 'x' }), found(), 'wrong-secret'],
    ['a JWT of an unknown client', foreign(), null, 'wrong-secret'],
    ['a JWT at its end', foreign({}, now), found(), 'wrong-secret'],
    ['a wrong JWT', { kind: 'wrong-assertion', detail: 'iss' }, found(), 'wrong-secret'],
  ])('refuses %s without details', (_, proof, lookup, reason) => {
    expect(ask(proof, lookup)).toEqual({
      ok: false,
      refusal: { code: 'invalid_client', description: unknown },
      reason,
    });
  });

  it('says that an assertion was used before, but not that a client has used one', () => {
    const used = found({}, true);
    expect(ask(assertion(), used)).toMatchObject({
      ok: false,
      refusal: { code: 'invalid_client', description: expect.stringContaining('already used') },
      reason: 'no-valid-credentials',
    });
    expect(ask(verifySecret('other'), used)).toMatchObject({ refusal: { description: unknown } });
    expect(ask(secret, used)).toMatchObject({ ok: true });
  });

  it('says why a request has no proof', () => {
    expect(ask({ kind: 'none', why: 'No client.' })).toEqual({
      ok: false,
      refusal: { code: 'invalid_client', description: 'No client.' },
      reason: 'no-valid-credentials',
    });
  });

  it('asks the client to try again if the keys of an issuer are not available', () => {
    expect(ask({ kind: 'unchecked-assertion', retryAfter: 7, detail: 'x' })).toMatchObject({
      ok: false,
      refusal: { code: 'temporarily_unavailable', status: 503, retryAfter: 7 },
      reason: 'not-checked',
    });
  });

  it('refuses a client from the instant it expires', () => {
    expect(ask(secret, found({ clientExpiresAt: now + 1 }))).toMatchObject({ ok: true });
    expect(ask(secret, found({ clientExpiresAt: now }))).toMatchObject({
      ok: false,
      refusal: {
        code: 'invalid_client',
        description: expect.stringMatching(/expired at 2027-01-01.*webex-token client add$/),
      },
      reason: 'not-allowed',
    });
  });

  it('refuses an address that the client may not use', () => {
    expect(ask(secret, found({ addresses: '["192.0.2.0/24"]' }))).toMatchObject({ ok: true });
    expect(ask(secret, found({ addresses: '["198.51.100.0/24"]' }))).toMatchObject({
      ok: false,
      refusal: {
        code: 'unauthorized_client',
        description: expect.stringMatching(/from 192\.0\.2\.1\..*webex-token client add --allow$/),
      },
      reason: 'not-allowed',
    });
    expect(() => ask(secret, found({ addresses: 'damaged' }))).toThrow(
      'column addresses of a row in the table client',
    );
  });
});

describe('touchStatement', () => {
  const minute = 60_000;

  it.each<[string, number | null, 'touchClient' | null]>([
    ['for the first use', null, 'touchClient'],
    ['after a minute', now - minute, 'touchClient'],
    ['if the clock was set back since the last use', now + minute, 'touchClient'],
    ['not within a minute', now - minute + 1, null],
  ])('stores the use of a credential: %s', (_, lastUsedAt, expected) => {
    expect(touchStatement(found({ lastUsedAt }), 'current', now)).toBe(expected);
    expect(touchStatement(found({ previousSecretUsedAt: lastUsedAt }), 'previous', now)).toBe(
      expected === null ? null : 'touchPreviousSecret',
    );
  });
});
