import { describe, expect, it } from 'vitest';
import {
  listSummaries,
  removeProfile,
  renameProfile,
  setOrganization,
  showProfile,
} from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import {
  actor,
  allTokens,
  auditLog,
  fragment,
  newVault,
  type TestVault,
  today,
} from '../support/vault/test-vault.ts';
import { acmeOrgId, usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();

async function holding(profile = 'acme', text = fragment({ access_token: token })): Promise<TestVault> {
  const vault = await newVault();
  await verifyToken(vault, await importToken(vault, { profile }, text, actor), actor);
  return vault;
}

describe('the summary of a profile', () => {
  it('never contains the token', async () => {
    const vault = await holding();
    const details = await showProfile(vault, 'acme');
    expect(JSON.stringify([details, await listSummaries(vault)])).not.toContain(token);
    expect(details).toMatchObject({
      profile: 'acme',
      deployment: 'commercial',
      orgId: acmeOrgId,
      tenantUrl: `${publishedEndpoints.commercial.scim}/${acmeOrgId}`,
      account: null,
      status: 'valid',
      capturedAt: new Date(today).toISOString(),
      expiresAt: new Date(today + 3887999_000).toISOString(),
      daysLeft: 44,
      expirySource: 'reported',
      lifetimes: {
        confirmed: null,
        reported: new Date(today + 3887999_000).toISOString(),
        documented: new Date(today + 365 * 86_400_000).toISOString(),
      },
      tokens: [{ state: 'current', source: 'import' }],
    });
  });

  it('lists the previous tokens too, newest first', async () => {
    const vault = await holding();
    vault.setNow(today + 1000);
    const next = await importToken(vault, { profile: 'acme' }, usualToken({ filler: 'B' }), actor);
    await verifyToken(vault, next, actor);
    const { tokens } = await showProfile(vault, 'acme');
    expect(tokens.map(({ id, state }) => [id === next, state])).toEqual([
      [true, 'current'],
      [false, 'previous'],
    ]);
  });

  it('is an error for an unknown name', async () => {
    const vault = await newVault();
    const error = await brokerErrorOf(() => showProfile(vault, 'acme\u001b[31m'));
    expect(error).toMatchObject({ code: 'E_NO_PROFILE', message: 'No profile is named "acme?[31m".' });
    // For example, someone pastes it in the wrong field.
    expect((await brokerErrorOf(() => showProfile(vault, token))).message).not.toContain('A'.repeat(10));
  });
});

describe('removeProfile', () => {
  it('deletes the profile with all its tokens, and logs it', async () => {
    const vault = await holding();
    await removeProfile(vault, 'acme', actor);
    expect(await listSummaries(vault)).toEqual([]);
    expect(await allTokens(vault, 'acme')).toEqual([]);
    expect(await vault.db.selectFrom('token').select('id').execute()).toEqual([]);
    expect((await auditLog(vault)).at(-1)).toBe('remove ok acme');
    expect(await brokerErrorOf(() => removeProfile(vault, 'acme', actor))).toMatchObject({
      code: 'E_NO_PROFILE',
    });
  });
});

describe('renameProfile', () => {
  it('keeps the token readable, and logs both names', async () => {
    const vault = await holding();
    await renameProfile(vault, 'acme', 'acme-corp', actor);
    expect((await readToken(vault, 'acme-corp', actor)).accessToken).toBe(token);
    expect((await auditLog(vault)).filter((line) => line.startsWith('rename'))).toEqual([
      'rename ok acme',
      'rename ok acme-corp',
    ]);
  });

  it.each([
    ['other', 'E_PROFILE_EXISTS'],
    ['acme', 'E_PROFILE_EXISTS'],
    ['Not A Name', 'E_PROFILE_NAME'],
    ['', 'E_PROFILE_NAME'],
  ])('changes nothing for the name %j', async (name, code) => {
    const vault = await holding();
    await importToken(vault, { profile: 'other' }, token, actor);
    const before = await auditLog(vault);
    expect((await brokerErrorOf(() => renameProfile(vault, 'acme', name, actor))).code).toBe(code);
    expect((await listSummaries(vault)).map(({ profile }) => profile)).toEqual(['acme', 'other']);
    expect(await auditLog(vault)).toEqual(before);
  });
});

describe('setOrganization', () => {
  it('works once, for a profile without one', async () => {
    const vault = await holding('acme', 'fake-token-of-no-known-form');
    expect(await showProfile(vault, 'acme')).toMatchObject({ orgId: null, tenantUrl: null });
    await setOrganization(vault, 'acme', acmeOrgId, actor);
    expect(await showProfile(vault, 'acme')).toMatchObject({ orgId: acmeOrgId });
    const again = () => setOrganization(vault, 'acme', '00000000-1111-4222-8333-555555555555', actor);
    expect(await brokerErrorOf(again)).toMatchObject({ code: 'E_PROFILE_MISMATCH' });
    expect((await auditLog(vault)).at(-1)).toBe('set-organization ok acme');
  });
});
