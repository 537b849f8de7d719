import { describe, expect, it } from 'vitest';
import { calendarPieces } from '../../src/calendar/entries.ts';
import { formats, formatToken } from '../../src/output/formats.ts';
import { toTokenOutput } from '../../src/output/token-output.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { showProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { testToken } from '../../src/vault/tokens/test-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, newVault, today } from '../support/vault/test-vault.ts';

async function bareToken(tokenExpiry: 'allowed' | 'forbidden') {
  const webex = await simulated({ now: () => today });
  webex.settings.tokenExpiry = tokenExpiry;
  const vault = await newVault(webex);
  const { accessToken } = webex.issueToken('full-admin');
  const tokenId = await importToken(vault, { profile: 'acme' }, accessToken, actor);
  await verifyToken(vault, tokenId, actor);
  return { webex, vault, tokenId };
}

describe('a token without an expiry', () => {
  it('has no expiry until Webex confirms one', async () => {
    const { webex, vault } = await bareToken('forbidden');
    expect(await showProfile(vault, 'acme')).toMatchObject({
      status: 'valid',
      expiresAt: null,
      daysLeft: null,
      expirySource: null,
      lifetimes: { confirmed: null, reported: null, documented: null },
      tokens: [{ expiresAt: null, expirySource: null }],
    });
    webex.settings.tokenExpiry = 'allowed';
    await testToken(vault, 'acme', actor);
    expect(await showProfile(vault, 'acme')).toMatchObject({ daysLeft: 365, expirySource: 'confirmed' });
  });

  it('is not in the calendar', async () => {
    const { vault } = await bareToken('forbidden');
    let calendar = '';
    for await (const piece of calendarPieces(vault, [])) calendar += piece;
    expect(calendar).not.toContain('VEVENT');
  });

  it('is printed without a date in every format', async () => {
    const { vault } = await bareToken('forbidden');
    const token = toTokenOutput(vault, await readToken(vault, 'acme', actor));
    expect(JSON.parse(formatToken('json', token))).toMatchObject({ expires_in: null, expires_at: null });
    expect(JSON.parse(formatToken('exec-credential', token)).status).toEqual({ token: token.accessToken });
    expect(formatToken('env', token)).toMatch(/^WEBEX_TOKEN_EXPIRES_AT=\W*$/m);
    // Without the values that may contain these digits by chance.
    const bare = { ...token, accessToken: 'fake-token', tenantUrl: null };
    for (const format of formats) expect(formatToken(format, bare)).not.toContain('9999');
  });

  it('is valid until Webex rejects it', async () => {
    const { vault, tokenId } = await bareToken('forbidden');
    const counted = () => countByStatus(vault.db, { now: vault.now() });
    expect(await counted()).toMatchObject({ valid: 1, all: 1 });
    await updateToken(vault.db, tokenId, { rejectedAt: today });
    expect(await counted()).toMatchObject({ rejected: 1, all: 1 });
    expect(await showProfile(vault, 'acme')).toMatchObject({ status: 'rejected', expiresAt: null });
  });
});
