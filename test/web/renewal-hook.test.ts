import { describe, expect, it } from 'vitest';
import {
  dueHooks,
  leaseHook,
  recordActivations,
  recordHookEnd,
} from '../../src/store/profiles/activations.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, justCaptured, newVault, testSettings, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

/** The page of "acme", whose renewal hook ended like this; null: it has not run yet. */
async function pageAfter(end: { error: string | null } | null, renewalHook: string | null = '/etc/hook') {
  const vault = await newVault(undefined, { settings: { ...(await testSettings()), renewalHook: null } });
  const tokenId = await importToken(vault, { profile: 'acme' }, justCaptured(usualToken()), actor);
  await verifyToken(vault, tokenId, actor);
  const { id: profileId } = await requireProfile(vault, 'acme');
  await recordActivations(vault.db, [{ profileId, tokenId, now: today, hook: true }]);
  if (end !== null) {
    const [due] = await dueHooks(vault.db, { now: today, limit: 1 });
    if (due === undefined) throw new Error('no hook is due');
    await leaseHook(vault.db, due, { owner: 'test', until: today + 1 });
    const { error } = end;
    await recordHookEnd(
      vault.db,
      due,
      'test',
      error === null ? { now: today, error } : { now: today, error, nextAt: today + 300_000 },
    );
  }
  const shown = { ...vault, settings: { ...vault.settings, renewalHook } };
  const { person } = await served(undefined, { vault: shown });
  return (await (await person()).get('/profiles/acme').expect(200)).text;
}

describe('the renewal hook on the page of a profile', () => {
  it('is shown with its error and its next attempt', async () => {
    const page = await pageAfter({ error: 'it exited with code 3: <script>alert(1)</script>' });
    expect(page).toContain('The renewal hook failed');
    expect(page).toContain('It exited with code 3: &lt;script&gt;alert(1)&lt;/script&gt;.');
    expect(page).not.toContain('<script>alert');
    expect(page).toContain(`1 attempt, next attempt <time datetime="2027-03-01T00:05:00.000Z">`);
  });

  it('is shown after it succeeded, and before it has run', async () => {
    expect(await pageAfter({ error: null })).toContain('The renewal hook succeeded');
    expect(await pageAfter(null)).toContain('The renewal hook has not run yet for this token.');
  });

  it('is not shown if none is set up', async () => {
    expect(await pageAfter({ error: 'failed' }, null)).not.toContain('renewal hook');
  });
});
