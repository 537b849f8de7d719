import { hash, timingSafeEqual } from 'node:crypto';
import { inRanges } from '../../domain/client.ts';
import { commandLine } from '../../errors/remedy.ts';
import type { Assertion, ClientRow, Lookup } from '../../store/token-requests/token-request-store.ts';
import { instant } from '../../text/instant.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** The credentials of a request, checked as far as possible without the store. */
export type ClientProof =
  | { kind: 'secret'; hash: Buffer }
  /** An assertion that is valid under these keys. They must still be the client's keys in the store. */
  | { kind: 'assertion'; jwks: string; assertion: Assertion }
  | { kind: 'none'; why: string };

export type Authentication =
  | { ok: true; used: 'current' | 'previous' }
  | { ok: false; refusal: OAuthErrorResponse; reason: AuthenticationFailure };

/** `no-valid-credentials`: none, or of a kind that cannot be guessed. `not-allowed`: the credentials were valid. */
export type AuthenticationFailure = 'wrong-secret' | 'no-valid-credentials' | 'not-allowed';

/** The hash of a secret that is compared with the stored one, as bytes; see `hashSecret`. */
export function verifySecret(secret: string): ClientProof {
  return { kind: 'secret', hash: hash('sha256', secret, 'buffer') };
}

/** Checks the client's credentials, expiry and address. `now` in epoch milliseconds. */
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
      reason: proof.kind === 'secret' ? 'wrong-secret' : 'no-valid-credentials',
    };
  }
  const { clientExpiresAt, addresses } = found.client;
  if (clientExpiresAt !== null && clientExpiresAt <= now) {
    const ended = instant(clientExpiresAt);
    return refused(
      'invalid_client',
      `This client expired at ${ended}. Ask an administrator to create it again: ${commandLine(['client', 'add'])}`,
    );
  }
  if (addresses !== '[]' && !inRanges(JSON.parse(addresses) as string[], address)) {
    return refused(
      'unauthorized_client',
      `This client is not allowed to connect from ${address}. Ask an administrator to allow it: ${commandLine(['client', 'add', '--allow'])}`,
    );
  }
  return { ok: true, used };
}

function refused(code: OAuthErrorResponse['code'], description: string): Authentication {
  return { ok: false, refusal: { code, description }, reason: 'not-allowed' };
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

/** Compared for an unknown client, so that it takes as long as for a known one. */
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
    return 'This assertion was already used. Create a new one with another jti for every request.';
  }
  return `Unknown client, or wrong credentials. Ask an administrator to list the clients: ${commandLine(['client', 'list'])}`;
}
