import { hash, timingSafeEqual } from 'node:crypto';
import { inRanges } from '../../domain/client.ts';
import type { Assertion, ClientRow, Lookup } from '../../store/token-requests/token-request-store.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** What a request matchingCredential its client with, checked as far as it can be without the store. */
export type ClientProof =
  | { kind: 'secret'; hash: Buffer }
  /** An assertion that holds by these keys; the store has to have the same still. */
  | { kind: 'assertion'; jwks: string; assertion: Assertion }
  | { kind: 'none'; why: string };

export type Authentication =
  | { ok: true; used: 'current' | 'previous' }
  | { ok: false; refusal: OAuthErrorResponse; reason: AuthenticationFailure };

/** `wrong`: a secret that is not the client's. `unproven`: no credentials, or none that can be guessed. `barred`: they were right. */
export type AuthenticationFailure = 'wrong' | 'unproven' | 'barred';

/** What of a secret is compared: as `hashSecret` makes it for the store, in bytes. */
export function verifySecret(secret: string): ClientProof {
  return { kind: 'secret', hash: hash('sha256', secret, 'buffer') };
}

/** Whether the client is who it says, may still ask at all, and may from there. `now` in epoch milliseconds. */
export function authenticate(
  found: Lookup | null,
  proof: ClientProof,
  address: string,
  now: number,
): Authentication {
  const used = matchingCredential(found, proof, now);
  if (found === null || used === null) {
    return {
      ok: false,
      refusal: { code: 'invalid_client', description: failureDescription(found, proof) },
      reason: proof.kind === 'secret' ? 'wrong' : 'unproven',
    };
  }
  const { clientExpiresAt, addresses } = found.client;
  if (clientExpiresAt !== null && clientExpiresAt <= now) {
    const ended = new Date(clientExpiresAt).toISOString();
    return refused(
      'invalid_client',
      `This client ended at ${ended}. An administrator can add it anew: webex-token client add`,
    );
  }
  if (addresses !== '[]' && !inRanges(JSON.parse(addresses) as string[], address)) {
    return refused(
      'unauthorized_client',
      `This client may not ask from ${address}. An administrator chose the addresses: webex-token client add --allow`,
    );
  }
  return { ok: true, used };
}

function refused(code: OAuthErrorResponse['code'], description: string): Authentication {
  return { ok: false, refusal: { code, description }, reason: 'barred' };
}

function matchingCredential(
  found: Lookup | null,
  proof: ClientProof,
  now: number,
): 'current' | 'previous' | null {
  if (proof.kind === 'secret') return matchingSecret(found?.client ?? null, proof.hash, now);
  if (proof.kind === 'none' || found === null || found.assertionUsed) return null;
  return found.client.jwks === proof.jwks ? 'current' : null;
}

/** Takes as long for a client that does not exist as for one that does. */
const noSecret = Buffer.alloc(32);

function matchingSecret(client: ClientRow | null, hash: Buffer, now: number): 'current' | 'previous' | null {
  if (equal(client?.secretHash ?? null, hash)) return 'current';
  const until = client?.previousSecretUntil ?? 0;
  return equal(client?.previousSecretHash ?? null, hash) && until > now ? 'previous' : null;
}

function equal(stored: string | null, hash: Buffer): boolean {
  const expected = stored === null ? noSecret : Buffer.from(stored, 'base64url');
  return expected.length === hash.length && timingSafeEqual(expected, hash) && stored !== null;
}

function failureDescription(found: Lookup | null, proof: ClientProof): string {
  if (proof.kind === 'none') return proof.why;
  if (proof.kind === 'assertion' && found?.assertionUsed) {
    return 'This assertion was used before. Make a new one, with another jti, for every request.';
  }
  return 'There is no such client, or its credentials are wrong. An administrator can list the clients: webex-token client list';
}
