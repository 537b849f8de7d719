import type { JWTHeaderParameters, JWTPayload } from 'jose';
import type { WorkloadIdentity } from '../../src/domain/workload-identity.ts';
import { type ApiResponse, clientOf, post, profileWithToken, served } from './api-server.ts';
import { stepHangsMs } from './hang-limits.ts';
import { today } from './vault/test-vault.ts';
import { githubClaims, startWorkloadIssuer, type WorkloadIssuer } from './workload-issuer.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const seconds = Math.floor(today / 1000);

/** Requests a token with the JWT of another issuer. */
export function askWithAssertion(
  origin: string,
  assertion: string,
  more: Record<string, string> = {},
): Promise<ApiResponse> {
  return post(`${origin}/oauth/token`, {
    grant_type: 'client_credentials',
    client_id: 'ci',
    client_assertion_type: assertionType,
    client_assertion: assertion,
    ...more,
  });
}

export interface Registration {
  issuer?: WorkloadIssuer;
  claims?: (iss: string, now: number) => JWTPayload;
  identity?: Partial<WorkloadIdentity>;
  fetch?: typeof globalThis.fetch;
  issuerTimeoutMs?: number;
  client?: { maxExpiresIn?: number; addresses?: string[] };
}

/** The token API with the client `ci` of an issuer; by default, of a GitHub Actions workflow. */
export async function servedWithIssuer(registration: Registration = {}) {
  const { claims: claimsOf = githubClaims, identity = {}, client = {} } = registration;
  const api = await served({
    fetch: registration.fetch ?? globalThis.fetch,
    issuerTimeoutMs: registration.issuerTimeoutMs ?? stepHangsMs,
  });
  await profileWithToken(api.vault, 'acme');
  const issuer = registration.issuer ?? (await startWorkloadIssuer());
  const claims = (now = seconds) => claimsOf(issuer.issuer, now);
  const { sub = '', aud = '' } = claims();
  await clientOf(api.vault, 'ci', ['acme'], {
    workloadIdentity: {
      issuer: issuer.issuer,
      subject: sub,
      audience: Array.isArray(aud) ? (aud[0] ?? '') : aud,
      anyScope: false,
      ...identity,
    },
    ...client,
  });
  const sign = (changes: Record<string, unknown> = {}, header: Partial<JWTHeaderParameters> = {}) =>
    issuer.sign({ ...claims(), ...changes }, header);
  const ask = (assertion: string, more: Record<string, string> = {}) =>
    askWithAssertion(api.origin, assertion, more);
  /** The newest audit row of the client. */
  const lastEntry = async () =>
    await api.vault.db
      .selectFrom('audit')
      .selectAll()
      .where('action', '=', 'read')
      .orderBy('seq', 'desc')
      .executeTakeFirst();
  return { ...api, issuer, claims, sign, ask, lastEntry };
}
