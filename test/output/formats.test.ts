import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseEnv, promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Format, formats, formatToken, type TokenOutput } from '../../src/output/formats.ts';
import { curlString } from '../../src/text/quoting.ts';

const orgId = '11111111-2222-4333-8444-555555555555';

const token: TokenOutput = {
  accessToken: 'fake-token-for-acme-1',
  expiresIn: 86_400,
  expiresAt: '2027-03-01T12:00:00.000Z',
  scope: 'spark:people_read Identity:SCIM',
  orgId,
  tenantUrl: `https://api.ciscospark.com/v1/scim/${orgId}`,
  profile: 'acme',
};

const expected: Record<Format, string> = {
  raw: 'fake-token-for-acme-1',
  json: `{"access_token":"fake-token-for-acme-1","token_type":"Bearer","expires_in":86400,"expires_at":"2027-03-01T12:00:00.000Z","scope":"spark:people_read Identity:SCIM","org_id":"${orgId}","tenant_url":"https://api.ciscospark.com/v1/scim/${orgId}","profile":"acme"}`,
  env: `WEBEX_ACCESS_TOKEN=fake-token-for-acme-1
WEBEX_ORG_ID=${orgId}
WEBEX_SCIM_TENANT_URL=https://api.ciscospark.com/v1/scim/${orgId}
WEBEX_TOKEN_EXPIRES_AT=2027-03-01T12:00:00.000Z`,
  shell: `export WEBEX_ACCESS_TOKEN='fake-token-for-acme-1'
export WEBEX_ORG_ID='${orgId}'
export WEBEX_SCIM_TENANT_URL='https://api.ciscospark.com/v1/scim/${orgId}'
export WEBEX_TOKEN_EXPIRES_AT='2027-03-01T12:00:00.000Z'`,
  powershell: `$env:WEBEX_ACCESS_TOKEN = 'fake-token-for-acme-1'
$env:WEBEX_ORG_ID = '${orgId}'
$env:WEBEX_SCIM_TENANT_URL = 'https://api.ciscospark.com/v1/scim/${orgId}'
$env:WEBEX_TOKEN_EXPIRES_AT = '2027-03-01T12:00:00.000Z'`,
  header: 'Authorization: Bearer fake-token-for-acme-1',
  curl: 'header = "Authorization: Bearer fake-token-for-acme-1"',
  terraform: `{"access_token":"fake-token-for-acme-1","token_type":"Bearer","expires_in":"86400","expires_at":"2027-03-01T12:00:00.000Z","scope":"spark:people_read Identity:SCIM","org_id":"${orgId}","tenant_url":"https://api.ciscospark.com/v1/scim/${orgId}","profile":"acme"}`,
  'exec-credential':
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":"2027-03-01T12:00:00.000Z","token":"fake-token-for-acme-1"}}',
};

describe('formatToken', () => {
  it.each(formats)('prints the format %s byte for byte', (format) => {
    expect(formatToken(format, token)).toBe(expected[format]);
  });

  it.each([
    ['{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{}}', 'v1beta1'],
    ['{"apiVersion":"client.authentication.k8s.io/v1alpha1"}', 'v1alpha1'],
    ['{"apiVersion":"client.authentication.k8s.io/v1"}', 'v1'],
    ['{"apiVersion":"client.authentication.k8s.io/v9"}', 'v1'],
    ['{"apiVersion":7}', 'v1'],
    ['null', 'v1'],
    ['{', 'v1'],
    ['', 'v1'],
    [undefined, 'v1'],
  ])('returns for KUBERNETES_EXEC_INFO %s the version %s', (execInfo, version) => {
    const { apiVersion, status } = JSON.parse(formatToken('exec-credential', token, execInfo));
    expect(apiVersion).toBe(`client.authentication.k8s.io/${version}`);
    expect(status.token).toBe(token.accessToken);
  });

  it('prints an unknown organization as null in JSON, and as an empty string elsewhere', () => {
    const unknown = { ...token, orgId: null, tenantUrl: null };
    expect(JSON.parse(formatToken('json', unknown))).toMatchObject({ org_id: null, tenant_url: null });
    expect(JSON.parse(formatToken('terraform', unknown))).toMatchObject({ org_id: '', tenant_url: '' });
    expect(formatToken('env', unknown)).toContain('\nWEBEX_ORG_ID=\nWEBEX_SCIM_TENANT_URL=\n');
  });

  async function headersSeenBy(program: string, args: (url: string) => string[], input: string) {
    const server = createServer((request, response) => {
      response.end(JSON.stringify(request.headers));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const running = promisify(execFile)(program, args(`http://127.0.0.1:${address.port}/`));
    running.child.stdin?.end(input);
    return JSON.parse((await running).stdout) as Record<string, string>;
  }

  it('prints a header that curl sends, in the format header', async () => {
    const headers = await headersSeenBy(
      'curl',
      (url) => ['-q', '-s', '-H', '@-', url],
      `${formatToken('header', token)}\n`,
    );
    expect(headers.authorization).toBe('Bearer fake-token-for-acme-1');
  });

  it('prints a header that curl sends, in the format curl', async () => {
    const headers = await headersSeenBy(
      'curl',
      (url) => ['-q', '-s', '-K', '-', url],
      `${formatToken('curl', token)}\n`,
    );
    expect(headers.authorization).toBe('Bearer fake-token-for-acme-1');
  });

  it('quotes quotation marks, backslashes and tabs for the configuration of curl', async () => {
    const value = 'x: "a" \\ b\tc \\n';
    const headers = await headersSeenBy(
      'curl',
      (url) => ['-q', '-s', '-K', '-', url],
      `header = ${curlString(value)}\n`,
    );
    expect(headers.x).toBe('"a" \\ b\tc \\n');
  });

  it('prints variables that a shell passes to its programs, in the format shell', () => {
    const script = `${formatToken('shell', token)}\nenv`;
    const seen = parseEnv(
      execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH } }),
    );
    expect(seen).toMatchObject({ WEBEX_ACCESS_TOKEN: 'fake-token-for-acme-1', WEBEX_ORG_ID: orgId });
  });
});
