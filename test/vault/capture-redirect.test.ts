import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signInById, signInByState } from '../../src/store/access/sign-ins.ts';
import { removeProfile, renameProfile } from '../../src/vault/profiles/profiles.ts';
import { capturePastedRedirect, captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { hashSecret } from '../../src/vault/sign-in/secret-hashes.ts';
import {
  cancelSignIn,
  createSignInLink,
  signInLifetimeMs,
  startFromLink,
  startSignIn,
} from '../../src/vault/sign-in/start-sign-in.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { documentedState } from '../../src/webex/documented-values.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { runScript } from '../support/run-script.ts';
import {
  actor,
  allTokens,
  auditLog,
  filesHolding,
  fragment,
  newVault,
  startedSignIn,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';
import { acmeOrgId, usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();
const browser = 'this browser';

/** A vault whose ID brokers are at other addresses than the published ones. */
async function issuedBy(commercial: string, government = 'https://broker-f.example/idb') {
  const settings = await testSettings();
  const { webex } = settings;
  return await newVault(undefined, {
    settings: {
      ...settings,
      webex: {
        commercial: { ...webex.commercial, idbroker: commercial },
        government: { ...webex.government, idbroker: government },
      },
    },
  });
}

describe('a valid redirect', () => {
  it('is stored encrypted and pending, and ends its sign-in', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const response = fragment({ access_token: token, state, scope: 'spark:people_read Identity:SCIM' });
    const { tokenId, signInId } = await captureRedirect(vault, response, browser, { address: '127.0.0.1' });

    expect(await allTokens(vault, 'acme')).toEqual([
      expect.objectContaining({
        id: tokenId,
        state: 'pending',
        source: 'sign-in',
        capturedAt: today,
        lifetimes: {
          confirmed: null,
          reported: today + 3887999_000,
          documented: today + 365 * 86_400_000,
        },
        scopes: ['spark:people_read', 'Identity:SCIM'],
        orgId: acmeOrgId,
        account: null,
        warnings: [],
      }),
    ]);
    expect(await signInById(vault.db, signInId)).toMatchObject({ consumedAt: today, tokenId });
    expect(await auditLog(vault)).toEqual(['capture ok acme']);
    expect(filesHolding(vault.settings.home, token)).toEqual([]);
  });

  it('cannot be forged from the state in the database', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    expect(state).toMatch(/^[\w-]{43,}$/);
    expect(await signInByState(vault.db, state)).toBeNull();
    expect(await signInByState(vault.db, hashSecret(state))).not.toBeNull();
    expect(filesHolding(vault.settings.home, state)).toEqual([]);
    expect(filesHolding(vault.settings.home, browser)).toEqual([]);
  });

  // Not more: each waits for those before it, and gives up after ten seconds.
  it('is stored once if it is posted ten times at once to two servers', async () => {
    const vault = await newVault(undefined, { now: Date.now });
    const response = fragment({
      access_token: token,
      state: await startedSignIn(vault, { profile: 'acme' }),
    });
    const { home, databaseUrl } = vault.settings;
    const script = join(import.meta.dirname, '../support/processes/post-redirect.ts');
    const post = () => runScript(script, [home, databaseUrl ?? '', response, browser, '5']).done;
    const outcomes = (await Promise.all([post(), post()])).flatMap((text) => JSON.parse(text) as string[]);
    expect(outcomes).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'E_STATE_USED')).toHaveLength(9);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
    expect((await auditLog(vault)).filter((line) => line === 'capture ok acme')).toHaveLength(1);
  });

  it('is accepted from the browser that first opened the link of a terminal', async () => {
    const vault = await newVault();
    const { signInId, link } = await createSignInLink(vault, { profile: 'acme', freshSignIn: true });
    expect(filesHolding(vault.settings.home, link)).toEqual([]);
    const { authorizeUrl } = await startFromLink(vault, link, browser);
    expect(authorizeUrl).toContain('/idb/saml2/jsp/doSSO.jsp?type=login&goto=');
    const goto = new URL(authorizeUrl).searchParams.get('goto') ?? '';
    const state = new URL(goto, authorizeUrl).searchParams.get('state') ?? '';
    const error = await brokerErrorOf(() => startFromLink(vault, link, 'another browser'));
    expect(error).toMatchObject({ code: 'E_LINK_USED', help: expect.stringContaining('webex-token login') });
    const captured = await captureRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    expect(captured.signInId).toBe(signInId);
  });

  it('cannot come from a link that was opened too late', async () => {
    const vault = await newVault();
    const { link } = await createSignInLink(vault, { profile: 'acme' });
    vault.setNow(today + signInLifetimeMs);
    expect(await brokerErrorOf(() => startFromLink(vault, link, browser))).toMatchObject({
      code: 'E_LINK_USED',
    });
  });
});

describe('an unsolicited redirect', () => {
  const responses: [string, string, (state: string) => [string, string | null], number?][] = [
    ['no state', 'E_STATE_MISSING', () => [fragment({ access_token: token }), browser]],
    ['an empty state', 'E_STATE_MISSING', () => [fragment({ access_token: token, state: '' }), browser]],
    [
      'an unknown state',
      'E_STATE_UNKNOWN',
      () => [fragment({ access_token: token, state: 'A'.repeat(43) }), browser],
    ],
    [
      'the hash of the state',
      'E_STATE_UNKNOWN',
      (state) => [fragment({ access_token: token, state: hashSecret(state) }), browser],
    ],
    [
      'the state in other letters',
      'E_STATE_UNKNOWN',
      (state) => [fragment({ access_token: token, state: `${state} ` }), browser],
    ],
    [
      'the documented state',
      'E_STATE_DOCUMENTED',
      () => [fragment({ access_token: token, state: documentedState }), browser],
    ],
    [
      'another browser',
      'E_STATE_WRONG_SESSION',
      (state) => [fragment({ access_token: token, state }), 'another browser'],
    ],
    [
      'a browser without a session',
      'E_STATE_WRONG_SESSION',
      (state) => [fragment({ access_token: token, state }), null],
    ],
    [
      'an error in another browser',
      'E_STATE_WRONG_SESSION',
      (state) => [fragment({ error: 'access_denied', state }), 'another browser'],
    ],
    ['an error without a state', 'E_STATE_MISSING', () => [fragment({ error: 'access_denied' }), browser]],
    [
      'the other ID broker',
      'E_ISSUER',
      (state) => [
        fragment({ access_token: token, state, iss: publishedEndpoints.government.idbroker }),
        browser,
      ],
    ],
    [
      'an error of the other ID broker',
      'E_ISSUER',
      (state) => [
        fragment({ error: 'access_denied', state, iss: publishedEndpoints.government.idbroker }),
        browser,
      ],
    ],
    [
      'two states',
      'E_REDIRECT_DUPLICATE',
      (state) => [`${fragment({ access_token: token, state })}&state=${state}`, browser],
    ],
    [
      'no bearer token',
      'E_TOKEN_TYPE',
      (state) => [fragment({ access_token: token, state, token_type: 'mac' }), browser],
    ],
    [
      'the token in the query',
      'E_REDIRECT_QUERY',
      (state) => [fragment({ access_token: token, state }).replace('#', '?'), browser],
    ],
    [
      'a token and an error',
      'E_REDIRECT_CONTRADICTION',
      (state) => [fragment({ access_token: token, state, error: 'x' }), browser],
    ],
    ['nothing', 'E_REDIRECT_EMPTY', () => ['', browser]],
    ['noise', 'E_REDIRECT_NO_TOKEN', () => ['#\u0000\ud800=%', browser]],
  ];

  it.each(responses)('stores nothing and ends no sign-in, with %s', async (_, code, response) => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const [text, binding] = response(state);
    const error = await brokerErrorOf(() => captureRedirect(vault, text, binding, { address: '127.0.0.1' }));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.help}`).not.toContain(token.slice(0, 20));
    expect(error.help).toMatch(/\w/);
    expect(await allTokens(vault, 'acme')).toEqual([]);
    expect(await auditLog(vault)).toEqual([`capture ${code.toLowerCase().replace('e_', '')} -`]);
    // The person’s own response is still good.
    await captureRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it('is refused if it comes too late', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const response = fragment({ access_token: token, state });
    vault.setNow(today + signInLifetimeMs);
    expect(await brokerErrorOf(() => captureRedirect(vault, response, browser, actor))).toMatchObject({
      code: 'E_STATE_EXPIRED',
      help: 'Start the sign-in again. If it was faster, check this machine’s clock.',
    });
    vault.setNow(today + signInLifetimeMs - 1);
    await captureRedirect(vault, response, browser, actor);
  });

  it('is refused the second time', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    await captureRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    const other = usualToken({ filler: 'B' });
    const error = await brokerErrorOf(() =>
      captureRedirect(vault, fragment({ access_token: other, state }), browser, actor),
    );
    expect(error.code).toBe('E_STATE_USED');
    // Going back an hour later must not report that the sign-in took too long.
    vault.setNow(today + 3_600_000);
    const late = brokerErrorOf(() =>
      captureRedirect(vault, fragment({ access_token: token, state }), browser, actor),
    );
    expect(await late).toMatchObject({ code: 'E_STATE_USED' });
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it.each([publishedEndpoints.commercial.idbroker, 'https://broker.example/idb'])(
    'is accepted with the issuer %s of its deployment, configured or published',
    async (iss) => {
      const vault = await issuedBy('https://broker.example/idb');
      const state = await startedSignIn(vault, { profile: 'acme' });
      await captureRedirect(vault, fragment({ access_token: token, state, iss }), browser, actor);
      expect(await allTokens(vault, 'acme')).toHaveLength(1);
    },
  );

  it.each([
    publishedEndpoints.government.idbroker,
    'https://broker-f.example/idb',
    'https://evil.example/idb',
    'https://idbroker.webex.com',
    'https://idbroker.webex.com/idb/',
    'https://IDBROKER.webex.com/idb',
    'http://idbroker.webex.com/idb',
    'https://idbroker.webex.com/evil',
    'https://idbroker.webex.com.evil.example/idb',
    'https://webexapis.com/v1',
    'no address',
  ])('is refused with the issuer %s, and so is an import (RFC 9207)', async (iss) => {
    const vault = await issuedBy('https://broker.example/idb', 'https://broker-f.example/idb');
    const state = await startedSignIn(vault, { profile: 'acme' });
    const response = fragment({ access_token: token, state, iss });
    const refused = brokerErrorOf(() => captureRedirect(vault, response, browser, actor));
    expect(await refused).toMatchObject({ code: 'E_ISSUER' });
    const request = { profile: 'acme', deployment: 'commercial' } as const;
    const imported = brokerErrorOf(() => importToken(vault, request, response, actor));
    expect(await imported).toMatchObject({ code: 'E_ISSUER' });
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });
});

describe('an error from the ID broker', () => {
  it.each(['#', '?'])('ends the sign-in with an explanation, after %s', async (separator) => {
    const vault = await newVault();
    const { signInId, link } = await createSignInLink(vault, { profile: 'acme' });
    const { authorizeUrl } = await startFromLink(vault, link, browser);
    const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
    const response = `${separator}error=access_denied&error_description=No%20way&state=${encodeURIComponent(state)}`;
    const error = await brokerErrorOf(() => captureRedirect(vault, response, browser, actor));
    expect(error.code).toBe('E_SIGN_IN_FAILED');
    expect(error.message).toContain('declined');
    expect(await signInById(vault.db, signInId)).toMatchObject({
      tokenId: null,
      error: { code: 'access_denied', message: expect.stringContaining('declined') },
    });
    expect(await auditLog(vault)).toEqual(['capture access_denied acme']);
    const late = fragment({ access_token: token, state });
    expect(await brokerErrorOf(() => captureRedirect(vault, late, browser, actor))).toMatchObject({
      code: 'E_STATE_USED',
    });
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });
});

describe('a profile that changes during a sign-in', () => {
  it('stores nothing if it was created for the other deployment', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme', deployment: 'government' });
    const other = await startedSignIn(vault, { profile: 'acme', deployment: 'commercial' });
    await captureRedirect(vault, fragment({ access_token: token, state: other }), browser, actor);
    const error = await brokerErrorOf(() =>
      captureRedirect(
        vault,
        fragment({ access_token: usualToken({ cluster: 'FC82' }), state }),
        browser,
        actor,
      ),
    );
    expect(error.code).toBe('E_PROFILE_MISMATCH');
    expect(error.message).toMatch(/belongs to Webex, but this token to Webex for Government/);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it('gets the token if it was renamed', async () => {
    const vault = await newVault();
    const first = await startedSignIn(vault, { profile: 'acme' });
    const { tokenId } = await captureRedirect(
      vault,
      fragment({ access_token: token, state: first }),
      browser,
      actor,
    );
    await verifyToken(vault, tokenId, actor);
    const second = await startedSignIn(vault, { profile: 'acme' });
    await renameProfile(vault, 'acme', 'acme-corp', actor);
    await captureRedirect(vault, fragment({ access_token: token, state: second }), browser, actor);
    expect(await allTokens(vault, 'acme-corp')).toHaveLength(2);
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });

  it('is created again if it was removed', async () => {
    const vault = await newVault();
    const first = await startedSignIn(vault, { profile: 'acme' });
    await captureRedirect(vault, fragment({ access_token: token, state: first }), browser, actor);
    const second = await startedSignIn(vault, { profile: 'acme' });
    await removeProfile(vault, 'acme', actor);
    await captureRedirect(vault, fragment({ access_token: token, state: second }), browser, actor);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it('is reported if it was removed while its token is verified', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const { tokenId } = await captureRedirect(
      vault,
      fragment({ access_token: token, state }),
      browser,
      actor,
    );
    await removeProfile(vault, 'acme', actor);
    expect(await brokerErrorOf(() => verifyToken(vault, tokenId, actor))).toMatchObject({
      code: 'E_NO_TOKEN',
    });
  });
});

describe('startSignIn', () => {
  it('keeps the deployment and organization of an existing profile', async () => {
    const vault = await newVault();
    const orgId = '00000000-1111-4222-8333-555555555555';
    const state = await startedSignIn(vault, { profile: 'gov', deployment: 'government', orgId });
    await captureRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    await startedSignIn(vault, { profile: 'gov' });
    for (const request of [
      { profile: 'gov', deployment: 'commercial' as const },
      { profile: 'gov', orgId: acmeOrgId },
    ]) {
      const error = await brokerErrorOf(() => startedSignIn(vault, request));
      expect(error).toMatchObject({
        code: 'E_PROFILE_MISMATCH',
        help: expect.stringContaining('a different name'),
      });
    }
    expect(await brokerErrorOf(() => startedSignIn(vault, { profile: 'Not A Name' }))).toMatchObject({
      code: 'E_PROFILE_NAME',
    });
  });
});

describe('a pasted redirect', () => {
  it.each([
    ['the whole address', (response: string) => `  "http://localhost:3000/auth/code${response}"\r\n`],
    ['the fragment alone', (response: string) => response.slice(1)],
  ])('is stored once, for its own sign-in: %s', async (_what, pasted) => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const text = pasted(fragment({ access_token: token, state }));
    const { signInId } = await capturePastedRedirect(vault, text, browser, actor);
    expect(await signInById(vault.db, signInId)).toMatchObject({ consumedAt: today });
    expect(await allTokens(vault, 'acme')).toEqual([
      expect.objectContaining({ state: 'pending', source: 'sign-in' }),
    ]);
    const again = await brokerErrorOf(() => capturePastedRedirect(vault, text, browser, actor));
    expect(again.code).toBe('E_STATE_USED');
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it.each([
    ['a bare token', token, 'E_STATE_MISSING', 'webex-token import PROFILE'],
    [
      'the state of the guides',
      fragment({ access_token: token, state: documentedState }),
      'E_STATE_DOCUMENTED',
      'webex-token import PROFILE',
    ],
    [
      'an invented state',
      fragment({ access_token: token, state: 'A'.repeat(43) }),
      'E_STATE_UNKNOWN',
      'Open the address that is shown here',
    ],
  ])('is refused with a remedy and keeps the sign-in open: %s', async (_what, text, code, help) => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const error = await brokerErrorOf(() => capturePastedRedirect(vault, text, browser, actor));
    expect(error.code).toBe(code);
    expect(error.help).toContain(help);
    expect(await allTokens(vault, 'acme')).toEqual([]);
    await capturePastedRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it('is refused if it belongs to a sign-in of someone else', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' }, 'another command');
    const text = fragment({ access_token: token, state });
    const error = await brokerErrorOf(() => capturePastedRedirect(vault, text, browser, actor));
    expect(error.code).toBe('E_STATE_WRONG_SESSION');
    expect(error.message).toContain('another sign-in');
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });

  it('explains an error without a state, and keeps the sign-in open', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const declined = 'http://localhost:3000/auth/code#error=access_denied';
    const error = await brokerErrorOf(() => capturePastedRedirect(vault, declined, browser, actor));
    expect(error.code).toBe('E_SIGN_IN_FAILED');
    expect(error.message).toContain('declined');
    await capturePastedRedirect(vault, fragment({ access_token: token, state }), browser, actor);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });

  it('is unknown after the sign-in was canceled', async () => {
    const vault = await newVault();
    const { signInId, authorizeUrl } = await startSignIn(vault, { profile: 'acme' }, browser);
    const state = new URL(authorizeUrl).searchParams.get('state');
    await cancelSignIn(vault, signInId);
    expect(await signInById(vault.db, signInId)).toBeNull();
    const text = fragment({ access_token: token, state });
    const error = await brokerErrorOf(() => capturePastedRedirect(vault, text, browser, actor));
    expect(error.code).toBe('E_STATE_UNKNOWN');
  });

  it('survives a cancellation after the sign-in was finished', async () => {
    const vault = await newVault();
    const state = await startedSignIn(vault, { profile: 'acme' });
    const text = fragment({ access_token: token, state });
    const { signInId } = await capturePastedRedirect(vault, text, browser, actor);
    await cancelSignIn(vault, signInId);
    expect(await signInById(vault.db, signInId)).toMatchObject({ consumedAt: today });
  });
});
