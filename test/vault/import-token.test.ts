import { describe, expect, test } from 'vitest';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import type { SignInRequest } from '../../src/vault/sign-in/start-sign-in.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { documentedState } from '../../src/webex/documented-values.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { simulated } from '../support/test-simulator.ts';
import {
  actor,
  allTokens,
  auditLog,
  filesHolding,
  fragment,
  newVault,
  today,
} from '../support/vault/test-vault.ts';
import { acmeOrgId, jwtToken, usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();
const answer = fragment({ access_token: token, state: documentedState });

describe('what a person pastes', () => {
  test.each([
    ['the redirect URL', `http://localhost:3000/auth/code${answer}`],
    ['the redirect URL as a browser shows it', `localhost:3000/auth/code${answer}`],
    ['the fragment', answer],
    ['the fragment without its #', answer.slice(1)],
    ['the bare token', token],
    ['the token with a line break', `${token}\r\n`],
    ['the token in quotes', `"${token}"`],
    ['a header', `Authorization: Bearer ${token}`],
  ])('%s', async (_, text) => {
    const vault = await newVault();
    const tokenId = await importToken(vault, { profile: 'acme' }, text, actor);
    const reported = text.includes('expires_in') ? today + 3887999_000 : null;
    expect(await allTokens(vault, 'acme')).toMatchObject([
      { id: tokenId, state: 'pending', source: 'import', orgId: acmeOrgId, lifetimes: { reported } },
    ]);
    expect(await auditLog(vault)).toEqual(['import ok acme']);
    expect(filesHolding(vault.settings.home, token)).toEqual([]);
    await verifyToken(vault, tokenId, actor);
    const [stored] = await allTokens(vault, 'acme');
    expect(stored).toMatchObject({ state: 'current' });
  });

  test('a JWT tells its organization too', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, jwtToken({ realm: acmeOrgId }), actor);
    expect(await allTokens(vault, 'acme')).toMatchObject([{ orgId: acmeOrgId }]);
  });

  test('the organization that was named is the profile’s', async () => {
    const vault = await newVault();
    const orgId = '00000000-1111-4222-8333-555555555555';
    const tokenId = await importToken(
      vault,
      { profile: 'acme', orgId },
      'fake-token-of-no-known-form',
      actor,
    );
    expect(await verifyToken(vault, tokenId, actor)).toMatchObject({
      outcome: 'unverified',
      profile: { orgId },
    });
  });

  test.each([
    ['', 'E_REDIRECT_EMPTY'],
    ['   \n', 'E_REDIRECT_EMPTY'],
    ['short', 'E_TOKEN_SYNTAX'],
    [fragment({ error: 'access_denied' }), 'E_SIGN_IN_FAILED'],
    ['http://localhost:3000/auth/code?error=login_required', 'E_SIGN_IN_FAILED'],
  ])('%j stores nothing', async (text, code) => {
    const vault = await newVault();
    const error = await brokerErrorOf(() => importToken(vault, { profile: 'acme' }, text, actor));
    expect(error.code).toBe(code);
    expect(await vault.db.selectFrom('profile').selectAll().execute()).toEqual([]);
  });

  test('a fault of the request is reported first', async () => {
    const vault = await newVault();
    expect(await brokerErrorOf(() => importToken(vault, { profile: 'A B' }, '', actor))).toMatchObject({
      code: 'E_PROFILE_NAME',
    });
  });
});

describe('which deployment it is of', () => {
  const unknownCluster = fragment({ access_token: usualToken({ cluster: 'ZZ99' }) });
  const government = publishedEndpoints.government.idbroker;

  test.each<[string, SignInRequest, string, string]>([
    ['nothing said', { profile: 'acme' }, answer, 'commercial'],
    ['the person’s word', { profile: 'acme', deployment: 'government' }, unknownCluster, 'government'],
    ['the cluster of the token', { profile: 'acme' }, usualToken({ cluster: 'FC82' }), 'government'],
    [
      'the issuer',
      { profile: 'acme' },
      `${unknownCluster}&iss=${encodeURIComponent(government)}`,
      'government',
    ],
  ])('a new profile: %s', async (_, request, text, deployment) => {
    const vault = await newVault();
    await importToken(vault, request, text, actor);
    expect(await vault.db.selectFrom('profile').select('deployment').execute()).toEqual([{ deployment }]);
  });

  test('an answer that names the other ID broker is refused', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, answer, actor);
    const mixedUp = `${answer}&iss=${encodeURIComponent(government)}`;
    for (const request of [{ profile: 'acme' }, { profile: 'new', deployment: 'commercial' as const }]) {
      const error = await brokerErrorOf(() => importToken(vault, request, mixedUp, actor));
      expect(error).toMatchObject({ code: 'E_ISSUER', help: expect.stringContaining('Government') });
    }
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
    expect(await allTokens(vault, 'new')).toEqual([]);
  });

  test('says that a new profile got the government’s deployment because its token names it', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, usualToken({ cluster: 'FC82' }), actor);
    expect(await allTokens(vault, 'acme')).toMatchObject([
      { warnings: [expect.stringContaining('belongs to Webex for Government')] },
    ]);
  });

  test('refuses a token of the other deployment than was chosen for a new profile, and makes none', async () => {
    const vault = await newVault();
    const request = { profile: 'acme', deployment: 'commercial' as const };
    const text = usualToken({ cluster: 'FC82' });
    const error = await brokerErrorOf(() => importToken(vault, request, text, actor));
    expect(error).toMatchObject({ code: 'E_OTHER_DEPLOYMENT', help: expect.stringContaining('government') });
    expect(await vault.db.selectFrom('profile').selectAll().execute()).toEqual([]);
  });

  test('the commercial API never sees a government token', async () => {
    const webex = await simulated({ now: () => today });
    webex.settings.issuer = 'own';
    const vault = await newVault(webex);
    const { accessToken } = webex.issueToken('full-admin', { deployment: 'government' });
    const text = fragment({ access_token: accessToken, iss: webex.endpoints.government.idbroker });
    const tokenId = await importToken(vault, { profile: 'gov' }, text, actor);
    expect(await verifyToken(vault, tokenId, actor)).toMatchObject({ outcome: 'current' });
    const asked = webex.requests.filter(({ tokenId: bearer }) => bearer !== null);
    expect(asked.map(({ deployment }) => deployment)).toEqual(['government', 'government']);
  });
});
