import { describe, expect, it } from 'vitest';
import { requestFor } from '../../src/crypto/key-request.ts';
import { healthProbes } from '../../src/server/health-probes.ts';
import { approveKeyRequest } from '../../src/vault/key-operations/add-key.ts';
import { removeKey } from '../../src/vault/key-operations/remove-key.ts';
import { replaceKey } from '../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { createKeychainKey } from '../../src/vault/keys/create-key.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { askToken, clientOf, post, profileWithToken, served } from '../support/api-server.ts';
import { hosts } from '../support/vault/key-hosts.ts';
import { actor, auditLog, today } from '../support/vault/test-vault.ts';

/** Two hosts of one store, each with a key; the second one serves the token API. */
async function twoHosts() {
  const [first, second] = await hosts(2);
  if (first === undefined || second === undefined) throw new Error('no hosts');
  const admin = await first.open();
  const token = await profileWithToken(admin, 'acme');
  const secret = await clientOf(admin, 'ci', ['acme']);
  const source = {
    settings: second.settings,
    keychain: second.keychain,
    now: () => today,
    onWarning: () => {},
  };
  const { key } = await createKeychainKey(source);
  const request = requestFor(key, 'keychain', 'replica@host');
  await approveKeyRequest(admin, request, actor);
  const vault = await second.open();
  const api = await served({ vault, probes: healthProbes(vault) });
  const ready = async () => await (await fetch(`${api.origin}/readyz`)).text();
  return { admin, request, vault, api, token, secret, ready };
}

describe('a replica of the token API', () => {
  it('responds with 503 and is not ready after its key was removed, without loading the store', async () => {
    const { admin, request, vault, api, token, secret, ready } = await twoHosts();
    expect((await askToken(api, 'ci', secret)).json).toMatchObject({ access_token: token });
    expect(JSON.parse(await ready())).toEqual({ status: 'ready' });

    await removeKey(admin, request.id, actor);
    expect(JSON.parse(await ready())).toEqual({
      status: 'not ready',
      reason: 'the key of this server is not authorized to decrypt the store',
    });
    vault.setNow(today + 6_000);
    const rowsBefore = (await auditLog(admin)).length;
    let lookUps = 0;
    // Each look-up requests the one remaining key from the keychain.
    const { keychain } = vault.keys.source;
    const get = keychain.get.bind(keychain);
    keychain.get = (id) => {
      if (id === admin.keys.kek.info.id) lookUps += 1;
      return get(id);
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => askToken(api, 'ci', secret)));
    for (const { status, json, headers } of answers) {
      expect({ status, error: json.error }).toEqual({ status: 503, error: 'temporarily_unavailable' });
      expect(json.error_description).toContain('is not authorized to decrypt the store');
      expect(headers.get('retry-after')).toBe('5');
    }
    const introspected = await post(`${api.origin}/oauth/introspect`, { token }, `ci:${secret}`);
    expect(introspected).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(lookUps).toBe(1);
    // One row for each request that was refused, and no other transaction.
    expect((await auditLog(admin)).length - rowsBefore).toBe(6);
    expect(JSON.stringify(api.logged)).toContain('cannot be checked without its key');

    // The result of a later look-up may be different.
    vault.setNow(today + 20_000);
    expect((await askToken(api, 'ci', secret)).status).toBe(503);
    expect(lookUps).toBe(2);
  });

  it('continues by itself after a new data key, and after its own key was replaced', async () => {
    const { admin, vault, api, token, secret, ready } = await twoHosts();
    await rotateDataKey(admin, actor);
    expect(JSON.parse(await ready())).toEqual({ status: 'ready' });
    expect((await askToken(api, 'ci', secret)).json).toMatchObject({ access_token: token });

    const other = await openVault(vault.settings, { keychain: vault.keys.source.keychain, now: vault.now });
    await replaceKey(other, { kind: 'keychain' }, actor);
    await rotateDataKey(other, actor);
    await closeVault(other);
    expect(JSON.parse(await ready())).toEqual({ status: 'ready' });
    expect((await askToken(api, 'ci', secret)).json).toMatchObject({ access_token: token });
  });
});
