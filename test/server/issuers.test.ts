import { describe, expect, it } from 'vitest';
import { diagnoseIssuers } from '../../src/server/diagnostics/issuers.ts';
import { clientOf, profileWithToken } from '../support/api-server.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { newVault } from '../support/vault/test-vault.ts';
import { startWorkloadIssuer } from '../support/workload-issuer.ts';

async function registered(...issuers: string[]) {
  const vault = await newVault();
  await profileWithToken(vault, 'acme');
  for (const [index, issuer] of issuers.entries()) {
    const workloadIdentity = { issuer, subject: 'repo:acme/x', audience: 'webex-token', anyScope: false };
    await clientOf(vault, `ci-${index}`, ['acme'], { workloadIdentity });
  }
  return vault;
}

describe('the diagnostics of issuers', () => {
  it('read the keys of each registered issuer once', async () => {
    const issuer = await startWorkloadIssuer();
    const vault = await registered(issuer.issuer, issuer.issuer);
    expect(await diagnoseIssuers(vault, {})).toEqual([
      { title: 'Issuer', ok: true, message: `${issuer.issuer} responds; public keys: 1` },
    ]);
    expect(issuer.requests).toHaveLength(2);
    expect(await diagnoseIssuers(await registered(), {})).toEqual([]);
  });

  it('say why the keys of an issuer are not available', async () => {
    const wrong = await startWorkloadIssuer();
    wrong.discovery.jwks_uri = 'https://keys.example/jwks';
    const closed = `http://127.0.0.1:${await freePort()}`;
    const vault = await registered(wrong.issuer, closed);
    expect(await diagnoseIssuers(vault, {})).toMatchObject([
      {
        ok: false,
        message: expect.stringMatching(/jwks_uri https:\/\/keys\.example\/jwks .* is not on 127/),
      },
      { ok: null, message: expect.stringContaining(`The keys from ${closed} are not available`) },
    ]);
  });
});
