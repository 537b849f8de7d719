import { describe, expect, it } from 'vitest';
import { addClient, listClients, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { profileWithToken } from '../support/api-server.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';

const workloadIdentity = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:acme/provisioning:ref:refs/heads/main',
  audience: 'webex-token',
  anyScope: true,
};

async function vaultWithProfile() {
  const vault = await newVault();
  await profileWithToken(vault, 'acme');
  return vault;
}

describe('addClient with a workload identity', () => {
  it('stores what the JWT must contain, and no secret', async () => {
    const vault = await vaultWithProfile();
    const request = { name: 'ci', profiles: ['acme'], workloadIdentity };
    expect((await addClient(vault, request, actor)).secret).toBeNull();
    expect(await listClients(vault)).toMatchObject([
      { name: 'ci', authentication: 'workload_identity', workloadIdentity },
    ]);
    await expect(rotateClientSecret(vault, 'ci', 0, actor)).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('checks every part, and accepts no key set with it', async () => {
    const vault = await vaultWithProfile();
    const add = (changes: Partial<typeof workloadIdentity>, jwks?: string) =>
      addClient(
        vault,
        {
          name: 'ci',
          profiles: ['acme'],
          workloadIdentity: { ...workloadIdentity, ...changes },
          ...(jwks !== undefined && { jwks }),
        },
        actor,
      );
    await expect(add({ issuer: 'http://issuer.example' })).rejects.toMatchObject({ code: 'E_CLIENT_ISSUER' });
    await expect(add({ subject: '*' })).rejects.toMatchObject({ code: 'E_CLIENT_SUBJECT' });
    await expect(add({ audience: '' })).rejects.toMatchObject({ code: 'E_CLIENT_AUDIENCE' });
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    await expect(add({}, JSON.stringify({ keys: [jwk] }))).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(await listClients(vault)).toEqual([]);
  });
});
