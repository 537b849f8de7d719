import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newDataKey } from '../../src/crypto/data-key.ts';
import { keyId } from '../../src/crypto/key-id.ts';
import { enrollmentKeyOf, publicKeyOf } from '../../src/crypto/key-pair.ts';
import {
  fingerprint,
  formatRequest,
  type KeyRequest,
  parseRequest,
  requestFor,
} from '../../src/crypto/key-request.ts';
import { wrapForRecipient } from '../../src/crypto/wrap-for-recipient.ts';
import { addLocalKey, approveKeyRequest } from '../../src/vault/key-operations/add-key.ts';
import { keyStatus } from '../../src/vault/key-operations/key-status.ts';
import { removeKey } from '../../src/vault/key-operations/remove-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { createKeychainKey, createPassphraseKey } from '../../src/vault/keys/create-key.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { onSqlite } from '../support/store/engines.ts';
import { type Host, hosts, openAll, sealedWith, storeTokens } from '../support/vault/key-hosts.ts';
import { actor, newVault, noKeychain } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

/** What "key request" does on a machine: a new key, and the line for those who can authorize it. */
async function requestOf({ settings, keychain }: Host, name: string): Promise<KeyRequest> {
  const { key } = await createKeychainKey({ settings, keychain, now: Date.now, onWarning: () => {} });
  return parseRequest(formatRequest(requestFor(key, 'keychain', name)));
}

async function team() {
  const [ada, ben, eve] = await hosts(3);
  if (ada === undefined || ben === undefined || eve === undefined) throw new Error('no hosts');
  const vault = await ada.open();
  const stored = await storeTokens(vault, 3);
  return { ada, ben, eve, vault, stored };
}

describe('approveKeyRequest', () => {
  it('authorizes a colleague with a key that never leaves their machine', async () => {
    const { ben, ada, vault, stored } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    expect((await brokerErrorOf(ben.open)).help).toContain('key request');
    await approveKeyRequest(vault, request, actor);

    const bens = await ben.open();
    expect(await openAll(bens, stored.keys())).toEqual(stored);
    stored.set('late', usualToken({ filler: 'L' }));
    await importToken(bens, { profile: 'late' }, usualToken({ filler: 'L' }), actor);
    expect(await openAll(await ada.open(), stored.keys())).toEqual(stored);
    // Created at the same instant of the test's clock, so they have no order.
    const keys = (await keyStatus(bens)).keys.sort((a, b) => Number(a.usedHere) - Number(b.usedHere));
    expect(keys).toMatchObject([
      { kind: 'keychain', usedHere: false, authorized: true },
      { id: request.id, kind: 'keychain', name: 'ben@laptop', usedHere: true, authorized: true },
    ]);
  });

  it('keeps a colleague authorized through rotations by others and by themselves', async () => {
    const { ada, ben, vault, stored } = await team();
    await approveKeyRequest(vault, await requestOf(ben, 'ben@laptop'), actor);
    await rotateDataKey(vault, actor);
    await rotateDataKey(await ada.open(), actor);
    const bens = await ben.open();
    expect(await openAll(bens, stored.keys())).toEqual(stored);
    await rotateDataKey(bens, actor);
    const adas = await ada.open();
    expect(await openAll(adas, stored.keys())).toEqual(stored);
    // Both have used the newest key by now. The keys that vouched for it are deleted with the next one.
    await (await ben.open()).keys.refresh();
    await rotateDataKey(adas, actor);
    await ben.open();
    expect((await keyStatus(await ada.open())).dataKeys).toMatchObject([{ generation: 4, wrappedFor: 2 }]);
  });

  it('refuses a request that was approved before', async () => {
    const { ben, vault } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    expect((await brokerErrorOf(() => approveKeyRequest(vault, request, actor))).code).toBe('E_KEY_EXISTS');
  });

  it('works during a rotation', async () => {
    const { ben, vault, stored } = await team();
    const stop = () => {
      throw new Error('killed');
    };
    await expect(rotateDataKey(vault, actor, stop)).rejects.toThrow('killed');
    await approveKeyRequest(vault, await requestOf(ben, 'ben@laptop'), actor);
    const bens = await ben.open();
    await rotateDataKey(bens, actor);
    expect(await openAll(bens, stored.keys())).toEqual(stored);
  });
});

describe('removeKey', () => {
  it('makes the key of a colleague and their data key useless', async () => {
    const { ben, vault, stored } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    const bens = await ben.open();
    const kept = bens.keys.ring.dataKeys.map(({ id }) => id);

    const { reencrypted, removed } = await removeKey(vault, request.id.slice(0, 12), actor);
    expect(reencrypted).toBe(3);
    expect(removed.name).toBe('ben@laptop');
    expect((await brokerErrorOf(ben.open)).code).toBe('E_KEY_LOST');
    for (const id of await sealedWith(vault)) expect(kept).not.toContain(id);
    const rows = await vault.db.selectFrom('wrapped_data_key').select('key_encryption_key_id').execute();
    expect(rows.map((row) => row.key_encryption_key_id)).not.toContain(request.id);
    expect(await openAll(vault, stored.keys())).toEqual(stored);
  });

  it('can be continued by someone else after an interruption', async () => {
    const { ada, ben, vault, stored } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    const stop = () => {
      throw new Error('killed');
    };
    await expect(removeKey(vault, request.id, actor, stop)).rejects.toThrow('killed');
    expect((await brokerErrorOf(ben.open)).code).toBe('E_KEY_LOST');
    const next = await ada.open();
    expect((await keyStatus(next)).unfinished).toBe('rotation');
    await rotateDataKey(next, actor);
    expect(await openAll(next, stored.keys())).toEqual(stored);
    expect((await keyStatus(next)).dataKeys).toMatchObject([{ wrappedFor: 1 }]);
  });

  it('refuses to remove the last key, the only key of this host, and an unknown key', async () => {
    const { ben, vault } = await team();
    const [own] = (await keyStatus(vault)).keys;
    expect((await brokerErrorOf(() => removeKey(vault, own?.id ?? '', actor))).code).toBe('E_KEY_LAST');
    await approveKeyRequest(vault, await requestOf(ben, 'ben@laptop'), actor);
    expect((await brokerErrorOf(() => removeKey(vault, own?.id ?? '', actor))).code).toBe('E_KEY_IN_USE');
    expect((await brokerErrorOf(() => removeKey(vault, 'nothing-like-it', actor))).code).toBe('E_NO_KEY');
    expect((await brokerErrorOf(() => removeKey(vault, '', actor))).code).toBe('E_NO_KEY');
    expect((await keyStatus(vault)).keys).toHaveLength(2);
  });

  it('removes a key of this host if another one is here too', async () => {
    const { ada, vault, stored } = await team();
    const [own] = (await keyStatus(vault)).keys;
    await addLocalKey(vault, await createKeychainKey(vault.keys.source), actor);
    await removeKey(vault, own?.id ?? '', actor);
    expect(await openAll(await ada.open(), stored.keys())).toEqual(stored);
  });
});

describe('a passphrase key', () => {
  onSqlite('opens the store if the keychain is gone', async () => {
    const { ada, vault, stored } = await team();
    const passphrase = 'six words that nobody would guess';
    await addLocalKey(vault, await createPassphraseKey(passphrase), actor);
    await rotateDataKey(vault, actor);
    const settings = { ...ada.settings, passphrase };
    const rescued = await newVault(undefined, { settings, keychain: noKeychain });
    expect(await openAll(rescued, stored.keys())).toEqual(stored);
  });
});

describe('a person who can write to the database, and has no key', () => {
  it('cannot authorize a key: a planted key is reported and gets no data key', async () => {
    const { eve, vault } = await team();
    const request = await requestOf(eve, 'eve@elsewhere');
    const { authorization } = await vault.db
      .selectFrom('key_encryption_key')
      .select('authorization')
      .executeTakeFirstOrThrow();
    for (const planted of [null, authorization]) {
      await vault.db
        .insertInto('key_encryption_key')
        .values({
          id: request.id,
          kind: 'keychain',
          parameters: '{}',
          created_at: 0,
          public_key: request.publicKey,
          authorization: planted,
        })
        .execute();
      const error = await brokerErrorOf(() => rotateDataKey(vault, actor));
      expect(error).toMatchObject({
        code: 'E_KEY_UNAUTHORIZED',
        help: expect.stringContaining('key remove'),
      });
      expect((await keyStatus(vault)).keys.filter(({ authorized }) => !authorized)).toMatchObject([
        { id: request.id },
      ]);
      expect((await keyStatus(vault)).unfinished).toBeNull();
      await removeKey(vault, request.id, actor);
      expect((await keyStatus(vault)).keys).toHaveLength(1);
    }
  });

  it('cannot replace the public key of a colleague', async () => {
    const { ben, eve, vault } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    const { publicKey } = await requestOf(eve, 'eve@elsewhere');
    await vault.db
      .updateTable('key_encryption_key')
      .set({ public_key: publicKey })
      .where('id', '=', request.id)
      .execute();
    expect((await brokerErrorOf(() => rotateDataKey(vault, actor))).code).toBe('E_KEY_UNAUTHORIZED');
  });

  it('cannot plant a data key, during authorization or later', async () => {
    const { ben, vault } = await team();
    const request = await requestOf(ben, 'ben@laptop');
    await approveKeyRequest(vault, request, actor);
    const planted = randomBytes(32);
    const theirs = { id: keyId(planted), key: planted };
    const grants = [
      await wrapForRecipient(planted, 1, request, theirs),
      await wrapForRecipient(planted, 1, request, { id: keyId(Buffer.alloc(32)), key: Buffer.alloc(32) }),
      { ...(await newDataKey(planted)), keyEncryptionKeyId: request.id, generation: 1 },
    ];
    for (const grant of grants) {
      await vault.db
        .insertInto('wrapped_data_key')
        .values({
          data_key_id: grant.dataKeyId,
          key_encryption_key_id: request.id,
          generation: 1,
          jwe: grant.jwe,
          created_at: 0,
        })
        .execute();
      expect((await brokerErrorOf(ben.open)).code).toBe('E_INTEGRITY');
      await vault.db.deleteFrom('wrapped_data_key').where('generation', '=', 1).execute();
    }
    await ben.open();
  });

  it('cannot read the next data key after having had all earlier ones', async () => {
    const { ben, eve, vault } = await team();
    const [bens, eves] = [await requestOf(ben, 'ben@laptop'), await requestOf(eve, 'eve@elsewhere')];
    await approveKeyRequest(vault, bens, actor);
    await approveKeyRequest(vault, eves, actor);
    const eveVault = await eve.open();
    await removeKey(vault, eves.id, actor);
    const rows = await vault.db
      .selectFrom('wrapped_data_key')
      .selectAll()
      .where('generation', '=', 1)
      .execute();
    expect(rows).toHaveLength(2);
    const { unwrapForRecipient } = await import('../../src/crypto/wrap-for-recipient.ts');
    for (const row of rows) {
      const wrapped = {
        dataKeyId: row.data_key_id,
        keyEncryptionKeyId: row.key_encryption_key_id,
        generation: row.generation,
        jwe: row.jwe,
      };
      for (const voucher of eveVault.keys.ring.dataKeys) {
        await expect(unwrapForRecipient(wrapped, eveVault.keys.kek.key, voucher)).rejects.toThrow();
      }
    }
  });
});

describe('a key request', () => {
  const key = randomBytes(32);
  const request = requestFor(key, 'keychain', 'ben@laptop');

  it('reveals nothing, and survives being sent by mail', () => {
    const line = formatRequest(request);
    expect(line).toMatch(/^webex-token-key-1\.[\w-]+$/);
    expect(parseRequest(` ${line}\r\n`)).toEqual(request);
    expect(JSON.stringify(request)).not.toContain(key.toString('base64url'));
    expect([request.publicKey, request.admissionKey]).toEqual([
      publicKeyOf(key),
      enrollmentKeyOf(key).toString('base64url'),
    ]);
    expect(fingerprint(request)).toMatch(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/);
    expect(fingerprint({ ...request, publicKey: publicKeyOf(randomBytes(32)) })).not.toBe(
      fingerprint(request),
    );
  });

  it.each(['', 'hello', 'webex-token-key-1.', 'webex-token-key-1.bnVsbA', `x${formatRequest(request)}`])(
    'is refused if it is invalid: %j',
    async (text) => {
      expect((await brokerErrorOf(() => parseRequest(text))).code).toBe('E_KEY_REQUEST');
    },
  );
});
