import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shortKeyId } from '../../src/crypto/key-id.ts';
import { requestFor } from '../../src/crypto/key-request.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import { approveKeyRequest } from '../../src/vault/key-operations/add-key.ts';
import { removeKey } from '../../src/vault/key-operations/remove-key.ts';
import { replaceKey } from '../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { memoryKeychain } from '../support/vault/key-hosts.ts';
import { actor, newVault, testSettings, today } from '../support/vault/test-vault.ts';

describe('the audit log', () => {
  it('names the key or the file of every change of keys, backup and restore', async () => {
    const keychain = memoryKeychain();
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings, keychain });
    const request = requestFor(randomBytes(32), 'keychain', 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    const added = shortKeyId(request.id);
    await removeKey(vault, request.id, actor);
    const first = shortKeyId(vault.keys.ring.primaryKey.id);
    await rotateDataKey(vault, actor);
    const second = shortKeyId(vault.keys.ring.primaryKey.id);
    const { newKey } = await replaceKey(vault, { kind: 'keychain' }, actor);
    const file = join(temporaryFolder(), 'store.backup');
    await writeBackup(vault, file, actor, { program: '1' });
    await restoreBackup(file, { settings, keychain, now: () => today, actor, onWarning: () => {} });

    const again = await newVault(undefined, { settings, keychain });
    const rows = await again.db.selectFrom('audit').select(['action', 'subject']).orderBy('seq').execute();
    expect(rows.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      `key-add ${added}`,
      `key-remove ${added}`,
      `key-rotate ${first}`,
      `key-rotate ${first}`,
      `key-rotate ${second}`,
      `key-rotate ${second}`,
      `key-replace ${shortKeyId(newKey.id)}`,
      `backup ${file}`,
      `restore ${file}`,
    ]);
  });
});
