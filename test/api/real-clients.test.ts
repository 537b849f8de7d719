import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair } from 'jose';
import * as openid from 'openid-client';
import { ClientCredentials } from 'simple-oauth2';
import { describe, expect, it } from 'vitest';
import { clientOf, orgIds, profileWithToken, served } from '../support/api-server.ts';
import { newVault } from '../support/vault/test-vault.ts';

/*
 * Unmodified OAuth libraries against the running server.
 */
const token = 'fake-token-for-acme-1';

async function ready() {
  // They use the real clock for the times of their assertions.
  const api = await served({ vault: await newVault(undefined, { now: Date.now }) });
  await profileWithToken(api.vault, 'acme');
  const secret = await clientOf(api.vault, 'ci', ['acme']);
  return { ...api, secret };
}

function discover(origin: string, clientId: string, how: string | openid.ClientAuth) {
  const options = { algorithm: 'oauth2' as const, execute: [openid.allowInsecureRequests] };
  return typeof how === 'string'
    ? openid.discovery(new URL(origin), clientId, how, undefined, options)
    : openid.discovery(new URL(origin), clientId, undefined, how, options);
}

describe('the token API', () => {
  it('works with openid-client: discovery, client_secret_post by default, introspection', async () => {
    const { origin, secret } = await ready();
    const configuration = await discover(origin, 'ci', secret);
    const granted = await openid.clientCredentialsGrant(configuration, {
      resource: `https://api.ciscospark.com/v1/scim/${orgIds.acme}`,
    });
    expect(granted.access_token).toBe(token);
    expect(granted.expiresIn()).toBeGreaterThan(3_500);
    expect(await openid.tokenIntrospection(configuration, token)).toMatchObject({ active: true });
  });

  it('works with openid-client: client_secret_basic, private_key_jwt', async () => {
    const { origin, secret, vault } = await ready();
    const basic = await discover(origin, 'ci', openid.ClientSecretBasic(secret));
    expect((await openid.clientCredentialsGrant(basic)).access_token).toBe(token);

    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    await clientOf(vault, 'keyed', ['acme'], {
      jwks: JSON.stringify({ keys: [await exportJWK(publicKey)] }),
    });
    const keyed = await discover(origin, 'keyed', openid.PrivateKeyJwt(privateKey));
    expect((await openid.clientCredentialsGrant(keyed)).access_token).toBe(token);
    expect((await openid.clientCredentialsGrant(keyed)).access_token).toBe(token);
  });

  it('sends errors that openid-client understands', async () => {
    const { origin } = await ready();
    const configuration = await discover(origin, 'ci', openid.ClientSecretPost('wrong'));
    await expect(openid.clientCredentialsGrant(configuration)).rejects.toMatchObject({ status: 401 });
  });

  it('works with simple-oauth2, with credentials in the header and in the body', async () => {
    const { origin, secret } = await ready();
    for (const authorizationMethod of ['header', 'body'] as const) {
      const client = new ClientCredentials({
        client: { id: 'ci', secret },
        auth: { tokenHost: origin, tokenPath: '/oauth/token' },
        options: { authorizationMethod },
      });
      const granted = await client.getToken({ scope: 'Identity:SCIM' });
      expect(granted.token.access_token).toBe(token);
      expect(granted.expired()).toBe(false);
    }
  });

  it('works with curl', async () => {
    const { origin, secret } = await ready();
    const { stdout } = await promisify(execFile)('curl', [
      '-sS',
      '--fail-with-body',
      '--user',
      `ci:${secret}`,
      '--data',
      'grant_type=client_credentials',
      `${origin}/oauth/token`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ access_token: token });
  });

  /** A Python that has the module. Only Debian's own Python finds Debian's packages. */
  function pythonWith(module: string): string | null {
    for (const python of ['/usr/bin/python3', 'python3']) {
      try {
        execFileSync(python, ['-c', `import ${module}`], { stdio: 'ignore' });
        return python;
      } catch {
        // not this one
      }
    }
    process.stderr.write(`not tested: there is no Python with ${module} here\n`);
    return null;
  }

  async function python(interpreter: string, script: string, args: string[]): Promise<string> {
    const environment = { ...process.env, OAUTHLIB_INSECURE_TRANSPORT: '1', AUTHLIB_INSECURE_TRANSPORT: '1' };
    const { stdout } = await promisify(execFile)(interpreter, ['-c', script, ...args], { env: environment });
    return stdout.trim();
  }

  const withRequests = pythonWith('requests_oauthlib');
  it.runIf(withRequests)('works with requests-oauthlib for Python', async () => {
    const { origin, secret } = await ready();
    const script = `
import sys
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session
url, secret = sys.argv[1:]
session = OAuth2Session(client=BackendApplicationClient(client_id="ci"))
print(session.fetch_token(url, client_id="ci", client_secret=secret)["access_token"])`;
    expect(await python(withRequests ?? '', script, [`${origin}/oauth/token`, secret])).toBe(token);
  });

  const withAuthlib = pythonWith('authlib');
  it.runIf(withAuthlib)(
    'works with authlib for Python: client_secret_basic, client_secret_post and private_key_jwt',
    async () => {
      const { origin, secret, vault } = await ready();
      const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
      await clientOf(vault, 'keyed', ['acme'], {
        jwks: JSON.stringify({ keys: [await exportJWK(publicKey)] }),
      });
      const script = `
import json, sys
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
url, secret, key = sys.argv[1:]
for method in ("client_secret_basic", "client_secret_post"):
    session = OAuth2Session("ci", secret, token_endpoint_auth_method=method)
    print(session.fetch_token(url, grant_type="client_credentials")["access_token"])
session = OAuth2Session("keyed", json.loads(key), token_endpoint_auth_method=PrivateKeyJWT(url))
print(session.fetch_token(url, grant_type="client_credentials")["access_token"])`;
      const key = JSON.stringify(await exportJWK(privateKey));
      const output = await python(withAuthlib ?? '', script, [`${origin}/oauth/token`, secret, key]);
      expect(output.split('\n')).toEqual([token, token, token]);
    },
  );
});
