import { curlString, dotEnvValue, powershellString, shellString } from '../text/quoting.ts';

/** A token with the details that programs get. */
export interface TokenOutput {
  accessToken: string;
  /** Seconds until it expires; 0 if it has expired, null while its expiry is unknown. */
  expiresIn: number | null;
  /** RFC 3339, UTC; null while unknown. */
  expiresAt: string | null;
  /** Scopes separated by spaces. */
  scope: string;
  orgId: string | null;
  tenantUrl: string | null;
  profile: string;
}

export const formats = [
  'raw',
  'json',
  'env',
  'shell',
  'powershell',
  'header',
  'curl',
  'terraform',
  'exec-credential',
] as const;

export type Format = (typeof formats)[number];

/**
 * The text of a token in one of the formats, without a final line break. `execInfo` names the API version that a Kubernetes
 * client requests.
 */
export function formatToken(
  format: Format,
  token: TokenOutput,
  execInfo = process.env.KUBERNETES_EXEC_INFO,
): string {
  switch (format) {
    case 'raw':
      return token.accessToken;
    case 'json':
      return JSON.stringify(jsonOf(token));
    case 'env':
      return lines(token, (name, value) => `${name}=${dotEnvValue(name, value)}`);
    case 'shell':
      return lines(token, (name, value) => `export ${name}=${shellString(value)}`);
    case 'powershell':
      return lines(token, (name, value) => `$env:${name} = ${powershellString(value)}`);
    case 'header':
      return authorization(token);
    case 'curl':
      return `header = ${curlString(authorization(token))}`;
    case 'terraform':
      // Terraform's external data source accepts only string values.
      return JSON.stringify(jsonOf(token), (key, value: unknown) =>
        key === '' ? value : String(value ?? ''),
      );
    case 'exec-credential':
      return JSON.stringify({
        apiVersion: execApiVersion(execInfo),
        kind: 'ExecCredential',
        status: {
          ...(token.expiresAt !== null && { expirationTimestamp: token.expiresAt }),
          token: token.accessToken,
        },
      });
  }
}

/** The API versions of `ExecCredential`. A response with a token is the same in all of them. */
const execApiVersions = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `client.authentication.k8s.io/${version}`,
);

/** The requested version, because clients reject any other; the first one if the request names none or an unknown one. */
function execApiVersion(execInfo: string | undefined): string | undefined {
  let asked: unknown;
  try {
    asked = (JSON.parse(execInfo ?? 'null') as { apiVersion?: unknown } | null)?.apiVersion;
  } catch {
    // Treated as no request.
  }
  return execApiVersions.find((version) => version === asked) ?? execApiVersions[0];
}

/** The environment variables for a program that gets a token. Unknown values are empty, to replace inherited ones. */
export function tokenEnvironment(token: TokenOutput) {
  return {
    WEBEX_ACCESS_TOKEN: token.accessToken,
    WEBEX_ORG_ID: token.orgId ?? '',
    WEBEX_SCIM_TENANT_URL: token.tenantUrl ?? '',
    WEBEX_TOKEN_EXPIRES_AT: token.expiresAt ?? '',
  };
}

function lines(token: TokenOutput, line: (name: string, value: string) => string): string {
  return Object.entries(tokenEnvironment(token))
    .map(([name, value]) => line(name, value))
    .join('\n');
}

function authorization({ accessToken }: TokenOutput): string {
  return `Authorization: Bearer ${accessToken}`;
}

function jsonOf(token: TokenOutput) {
  return {
    access_token: token.accessToken,
    token_type: 'Bearer',
    expires_in: token.expiresIn,
    expires_at: token.expiresAt,
    scope: token.scope,
    org_id: token.orgId,
    tenant_url: token.tenantUrl,
    profile: token.profile,
  };
}
