import { describe, expect, it, onTestFinished } from 'vitest';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { removeProfile, renameProfile, requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { removeToken } from '../../src/vault/tokens/stored-tokens.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { type TokenEvent, watchToken } from '../../src/vault/tokens/watch-token.ts';
import { actor, justCaptured, newVault, type TestVault, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

/** Another current token of "acme". Returns its ID. */
async function renew(vault: TestVault, filler: string, profile = 'acme'): Promise<string> {
  const id = await importToken(vault, { profile }, justCaptured(usualToken({ filler })), actor);
  await verifyToken(vault, id, actor, true);
  return id;
}

/** A vault with a token of "acme", and what another process sees of it. */
async function watched() {
  const vault = await newVault();
  const tokenId = await renew(vault, 'A');
  const { id: profileId } = await requireProfile(vault, 'acme');
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const events = watchToken(
    vault.settings,
    { profileId, profile: 'acme', tokenId },
    { signal: stop.signal, now: vault.now, everyMs: 20 },
  );
  const next = async (): Promise<TokenEvent | undefined> => (await events.next()).value ?? undefined;
  return { vault, tokenId, stop, next };
}

describe('watching a token', () => {
  it('reports each new current token, without a key', async () => {
    const { vault, next } = await watched();
    const reads = async () =>
      (await vault.db.selectFrom('audit').select('action').where('action', '=', 'read').execute()).length;
    const second = await renew(vault, 'B');
    expect(await next()).toEqual({ kind: 'new-token', profile: 'acme', tokenId: second });
    const third = await renew(vault, 'C');
    expect(await next()).toEqual({ kind: 'new-token', profile: 'acme', tokenId: third });
    expect(await reads()).toBe(0);
  });

  it('reports once that the token has expired or is rejected, and then the next token', async () => {
    const { vault, tokenId, next } = await watched();
    vault.setNow(today + 366 * 86_400_000);
    expect(await next()).toEqual({ kind: 'expired', profile: 'acme' });
    await updateToken(vault.db, tokenId, { rejectedAt: today });
    expect(await next()).toEqual({ kind: 'rejected', profile: 'acme' });
    const second = await renew(vault, 'B');
    expect(await next()).toEqual({ kind: 'new-token', profile: 'acme', tokenId: second });
  });

  it('follows a renamed profile, and one that is added again', async () => {
    const { vault, next } = await watched();
    await renameProfile(vault, 'acme', 'acme-2', actor);
    const second = await renew(vault, 'B', 'acme-2');
    expect(await next()).toEqual({ kind: 'new-token', profile: 'acme-2', tokenId: second });
    await removeProfile(vault, 'acme-2', actor);
    expect(await next()).toEqual({ kind: 'removed', profile: 'acme-2' });
    const third = await renew(vault, 'C', 'acme-2');
    expect(await next()).toEqual({ kind: 'new-token', profile: 'acme-2', tokenId: third });
  });

  it('reports that the token was removed', async () => {
    const { vault, tokenId, next } = await watched();
    await removeToken(vault, 'acme', tokenId, actor);
    expect(await next()).toEqual({ kind: 'no-token', profile: 'acme' });
  });

  it('ends at the signal', async () => {
    const { stop, next } = await watched();
    const end = next();
    stop.abort();
    expect(await end).toBeUndefined();
  });
});
