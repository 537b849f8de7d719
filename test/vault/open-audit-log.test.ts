import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/store/audit/audit.ts';
import { auditRows } from '../../src/store/audit/read.ts';
import { openStore } from '../../src/store/store.ts';
import type { Vault } from '../../src/vault/context.ts';
import { openAuditLog } from '../../src/vault/open-audit-log.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { memoryKeychain } from '../support/vault/key-hosts.ts';
import { actor, noKeychain, testSettings, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function used(keychain = noKeychain) {
  const settings = await testSettings();
  const options = { keychain, now: () => today, fetch: () => Promise.reject(new Error('offline')) };
  const once = async (use: (vault: Vault) => Promise<unknown>) => {
    const vault = await openVault(settings, options);
    await use(vault).finally(() => closeVault(vault));
  };
  await once((vault) => importToken(vault, { profile: 'acme' }, usualToken(), actor));
  return { settings, options, once };
}

describe('openAuditLog', () => {
  it('reads the log of a store that was changed from outside, and says so, while no token can be read', async () => {
    const { settings, options, once } = await used();
    const outside = await openStore(storeLocation(settings));
    await outside.deleteFrom('row_mac').execute();
    await outside.destroy();
    expect((await brokerErrorOf(() => once((vault) => readToken(vault, 'acme', actor)))).code).toMatch(
      /^E_(INTEGRITY|STORE_ROLLED_BACK)$/,
    );

    const { db, changed } = await openAuditLog(settings, options);
    try {
      expect(changed?.code).toMatch(/^E_(INTEGRITY|STORE_ROLLED_BACK)$/);
      const actions: string[] = [];
      for await (const { action } of auditRows(db, {})) actions.push(action);
      expect(actions).toEqual(['import']);
    } finally {
      await db.destroy();
    }
  });

  it('loads a key that is not in a file, to verify the signature', async () => {
    const { settings, options } = await used(memoryKeychain());
    const { db, changed } = await openAuditLog(settings, { ...options, verify: true });
    try {
      expect(changed).toBeNull();
      expect(await verifyAudit(db)).toMatchObject({ broken: null, unsigned: 0 });
    } finally {
      await db.destroy();
    }
  });

  it('verifies the hashes and says why the signature is not verified, without the key', async () => {
    const { settings } = await used(memoryKeychain());
    const warnings: string[] = [];
    const { db } = await openAuditLog(settings, {
      verify: true,
      keychain: memoryKeychain(),
      now: () => today,
      onWarning: (text) => warnings.push(text),
    });
    try {
      const verdict = await verifyAudit(db);
      expect(verdict.broken).toBeNull();
      expect(verdict.unsigned).toBeUndefined();
      expect(warnings.join(' ')).toContain('The signature cannot be verified.');
    } finally {
      await db.destroy();
    }
  });
});
