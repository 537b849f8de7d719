import { describe, expect, it } from 'vitest';
import { findClient } from '../../src/store/access/clients.ts';
import { addClient, rotateClientSecret, secretOverlapMs } from '../../src/vault/clients/clients.ts';
import {
  promoteStagedSecret,
  stageClientSecret,
  withdrawStagedSecret,
} from '../../src/vault/clients/staged-secret.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { hashSecret } from '../../src/vault/sign-in/secret-hashes.ts';
import { actor, auditLog, justCaptured, newVault, today } from '../support/vault/test-vault.ts';

async function vaultWithClient() {
  const vault = await newVault();
  await importToken(vault, { profile: 'acme' }, justCaptured('fake-token-for-acme-1'), actor);
  const { secret } = await addClient(vault, { name: 'entra', profiles: ['acme'] }, actor);
  const hashes = async () =>
    await vault.db
      .selectFrom('client')
      .select(['secret_hash as current', 'previous_secret_hash as second', 'previous_secret_until as until'])
      .executeTakeFirstOrThrow();
  return { vault, secret: secret ?? '', hashes };
}

describe('a staged secret', () => {
  it('works next to the current one, and then takes its place', async () => {
    const { vault, secret, hashes } = await vaultWithClient();
    const staged = await stageClientSecret(vault, 'entra', actor);
    const until = today + secretOverlapMs;
    expect(await hashes()).toEqual({
      current: hashSecret(secret),
      second: hashSecret(staged.secret),
      until,
    });
    await promoteStagedSecret(vault, staged);
    expect(await hashes()).toEqual({
      current: hashSecret(staged.secret),
      second: hashSecret(secret),
      until,
    });
    // The row MACs follow.
    expect(await findClient(vault.db, 'entra')).toMatchObject({ name: 'entra' });
    expect(await auditLog(vault)).toContain('client-rotate ok -');
  });

  it('can be withdrawn without a trace in the client, and keeps the overlap of an earlier rotation', async () => {
    const { vault, hashes } = await vaultWithClient();
    await rotateClientSecret(vault, 'entra', 5_000, actor);
    const before = await hashes();
    const staged = await stageClientSecret(vault, 'entra', actor);
    await withdrawStagedSecret(vault, staged, actor);
    expect(await hashes()).toEqual(before);
    expect(await auditLog(vault)).toContain('client-rotate withdrawn -');
  });
});
