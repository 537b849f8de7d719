import { describe, expect, it } from 'vitest';
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

describe('importToken', () => {
  it.each([
    ['the redirect URL', `http://localhost:3000/auth/code${answer}`],
    ['the redirect URL as a browser shows it', `localhost:3000/auth/code${answer}`],
    ['the fragment', answer],
    ['the fragment without its #', answer.slice(1)],
    ['the bare token', token],
    ['the token with a line break', `${token}\r\n`],
    ['the token in quotes', `"${token}"`],
    ['a header', `Authorization: Bearer ${token}`],
  ])('stores %s', async (_, text) => {
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

  it('reads the organization of a JWT too', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, jwtToken({ realm: acmeOrgId }), actor);
    expect(await allTokens(vault, 'acme')).toMatchObject([{ orgId: acmeOrgId }]);
  });

  it('sets the given organization of the profile', async () => {
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

  it.each([
    ['', 'E_REDIRECT_EMPTY'],
    ['   \n', 'E_REDIRECT_EMPTY'],
    ['short', 'E_TOKEN_SYNTAX'],
    [fragment({ error: 'access_denied' }), 'E_SIGN_IN_FAILED'],
    ['http://localhost:3000/auth/code?error=login_required', 'E_SIGN_IN_FAILED'],
  ])('refuses %j and stores nothing', async (text, code) => {
    const vault = await newVault();
    const error = await brokerErrorOf(() => importToken(vault, { profile: 'acme' }, text, actor));
    expect(error.code).toBe(code);
    expect(await vault.db.selectFrom('profile').selectAll().execute()).toEqual([]);
  });

  it('reports an error in the request first', async () => {
    const vault = await newVault();
    expect(await brokerErrorOf(() => importToken(vault, { profile: 'A B' }, '', actor))).toMatchObject({
      code: 'E_PROFILE_NAME',
    });
  });
});

describe('importToken, and the deployment', () => {
  const unknownCluster = fragment({ access_token: usualToken({ cluster: 'ZZ99' }) });
  const government = publishedEndpoints.government.idbroker;

  it.each<[string, SignInRequest, string, string]>([
    ['no deployment', { profile: 'acme' }, answer, 'commercial'],
    [
      'the deployment in the request',
      { profile: 'acme', deployment: 'government' },
      unknownCluster,
      'government',
    ],
    ['the cluster of the token', { profile: 'acme' }, usualToken({ cluster: 'FC82' }), 'government'],
    [
      'the issuer',
      { profile: 'acme' },
      `${unknownCluster}&iss=${encodeURIComponent(government)}`,
      'government',
    ],
  ])('sets the deployment of a new profile: %s', async (_, request, text, deployment) => {
    const vault = await newVault();
    await importToken(vault, request, text, actor);
    expect(await vault.db.selectFrom('profile').select('deployment').execute()).toEqual([{ deployment }]);
  });

  it('refuses a response from the other ID broker', async () => {
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

  it('reports that a new profile is for Webex for Government because its token says so', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, usualToken({ cluster: 'FC82' }), actor);
    expect(await allTokens(vault, 'acme')).toMatchObject([
      { warnings: [expect.stringContaining('belongs to Webex for Government')] },
    ]);
  });

  it('refuses a token of the other deployment than the chosen one, and creates no profile', async () => {
    const vault = await newVault();
    const request = { profile: 'acme', deployment: 'commercial' as const };
    const text = usualToken({ cluster: 'FC82' });
    const error = await brokerErrorOf(() => importToken(vault, request, text, actor));
    expect(error).toMatchObject({ code: 'E_OTHER_DEPLOYMENT', help: expect.stringContaining('government') });
    expect(await vault.db.selectFrom('profile').selectAll().execute()).toEqual([]);
  });

  it('never sends a government token to the commercial API', async () => {
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
