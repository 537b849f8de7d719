import { describe, expect, it } from 'vitest';
import { recordDayOfUse } from '../../src/store/meta/days-of-use.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { deleteExpired } from '../../src/vault/tokens/delete-expired.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { actor, auditLog, fragment, newVault, type TestVault, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const day = 86_400_000;
const token = usualToken();

/** "acme" with a current token that is reported to live for ten days. */
async function holding(): Promise<TestVault> {
  const vault = await newVault();
  const response = fragment({ access_token: token, expires_in: String(10 * 86_400) });
  await verifyToken(vault, await importToken(vault, { profile: 'acme' }, response, actor), actor);
  return vault;
}

describe('readToken', () => {
  it('returns the token with its details, and logs who read it', async () => {
    const vault = await holding();
    expect(await readToken(vault, 'acme', { user: 'grace', address: '::1' })).toMatchObject({
      accessToken: token,
      profile: { name: 'acme' },
      expiry: { expiresAt: today + 10 * day, source: 'reported' },
    });
    const rows = await vault.db.selectFrom('audit').selectAll().where('action', '=', 'read').execute();
    expect(rows).toMatchObject([
      { outcome: 'ok', profile: 'acme', user: 'grace', address: '::1', time: today },
    ]);
  });

  it('returns no token if the audit row cannot be written', async () => {
    const vault = await holding();
    await vault.db.schema.alterTable('audit').renameTo('audit_away').execute();
    await expect(readToken(vault, 'acme', actor)).rejects.toThrow();
  });
});

describe('readToken, if it refuses', () => {
  it('returns no token for an unknown profile or one without a token', async () => {
    const vault = await holding();
    expect(await brokerErrorOf(() => readToken(vault, 'nothing', actor))).toMatchObject({
      code: 'E_NO_PROFILE',
      help: expect.stringContaining('webex-token list'),
    });
    await vault.db.deleteFrom('token').execute();
    expect(await brokerErrorOf(() => readToken(vault, 'acme', actor))).toMatchObject({
      code: 'E_NO_TOKEN',
      help: 'Get a token: npx webex-token login acme',
    });
  });

  it('returns no expired token, unless the caller allows it', async () => {
    const vault = await holding();
    vault.setNow(today + 10 * day - 1);
    await readToken(vault, 'acme', actor);
    vault.setNow(today + 10 * day);
    const error = await brokerErrorOf(() => readToken(vault, 'acme', actor));
    expect(error).toMatchObject({ code: 'E_EXPIRED', help: expect.stringContaining('--allow-expired') });
    expect(error.message).toContain(new Date(today + 10 * day).toISOString());
    expect((await auditLog(vault)).at(-1)).toBe('read expired acme');
    expect((await readToken(vault, 'acme', actor, true)).accessToken).toBe(token);
    expect((await auditLog(vault)).at(-1)).toBe('read ok acme');
  });

  it('says that the clock may be ahead instead, if nothing ran for long while the token was valid', async () => {
    const vault = await holding();
    const helpOn = async (now: number) => {
      vault.setNow(now);
      return (await brokerErrorOf(() => readToken(vault, 'acme', actor))).help;
    };
    await deleteExpired(vault);
    vault.setNow(today + 366 * day);
    await deleteExpired(vault);
    expect(await helpOn(today + 366 * day)).toContain(
      'The system clock shows 2028-03-01, but this program ran on 2027-03-01, and then not for more than 30 days. Check the clock first.',
    );
    await recordDayOfUse(vault.db, today + 11 * day);
    expect(await helpOn(today + 366 * day)).not.toContain('clock');
  });

  it('returns no token that was put in the place of another, and logs no successful read', async () => {
    const vault = await holding();
    const other = usualToken({ filler: 'B' });
    await verifyToken(vault, await importToken(vault, { profile: 'other' }, other, actor), actor);
    const rows = await vault.db.selectFrom('token').select(['id', 'ciphertext']).execute();
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('no tokens');
    await vault.db
      .updateTable('token')
      .set({ ciphertext: second.ciphertext })
      .where('id', '=', first.id)
      .execute();
    await vault.db
      .updateTable('token')
      .set({ ciphertext: first.ciphertext })
      .where('id', '=', second.id)
      .execute();
    for (const name of ['acme', 'other']) {
      const error = await brokerErrorOf(() => readToken(vault, name, actor));
      expect(error).toMatchObject({
        code: 'E_INTEGRITY',
        message: expect.stringContaining('changed from outside'),
      });
      expect((await auditLog(vault)).at(-1)).toBe(`read unreadable ${name}`);
    }
  });

  it('returns no token whose row was given to another profile', async () => {
    const vault = await holding();
    const other = await importToken(vault, { profile: 'other' }, usualToken({ filler: 'B' }), actor);
    await verifyToken(vault, other, actor);
    const profiles = await vault.db.selectFrom('profile').select(['id', 'name']).execute();
    const idOf = (name: string) => profiles.find((profile) => profile.name === name)?.id ?? '';
    await vault.db.deleteFrom('token').where('profile_id', '=', idOf('acme')).execute();
    await vault.db
      .updateTable('token')
      .set({ profile_id: idOf('acme') })
      .execute();
    expect(await brokerErrorOf(() => readToken(vault, 'acme', actor))).toMatchObject({ code: 'E_INTEGRITY' });
  });
});
