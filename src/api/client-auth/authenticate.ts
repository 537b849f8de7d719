import { hash, timingSafeEqual } from 'node:crypto';
import { inRanges, maxSecretOverlapMs } from '../../domain/client.ts';
import { clockToleranceMs } from '../../domain/lifetimes.ts';
import type { WorkloadIdentity } from '../../domain/workload-identity.ts';
import { commandLine } from '../../errors/remedy.ts';
import { parseListColumn } from '../../store/database/stored-json.ts';
import type { Assertion, ClientRow, Lookup } from '../../store/token-requests/token-request-store.ts';
import { instant } from '../../text/instant.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** The credentials of a request, checked as far as possible without the store. */
export type ClientProof =
  | { kind: 'secret'; hash: Buffer }
  /** An assertion that is valid with these keys. In the store, they must still be the client's keys. */
  | { kind: 'assertion'; jwks: string; assertion: Assertion }
  /**
   * A JWT from another issuer that is valid for this identity. In the store, the identity must still be the client's.
   * `expiresAt` in epoch milliseconds.
   */
  | { kind: 'foreign-assertion'; identity: WorkloadIdentity; expiresAt: number }
  /** `detail` says which claim did not match. Only the audit log gets it. */
  | { kind: 'wrong-assertion'; detail: string }
  /** The issuer's keys are not available. `retryAfter` in seconds; only the audit log gets `detail`. */
  | { kind: 'unchecked-assertion'; retryAfter: number; detail: string }
  | { kind: 'none'; why: string };

export type Authentication =
  | { ok: true; used: 'current' | 'previous' }
  | { ok: false; refusal: OAuthErrorResponse; reason: AuthenticationFailure };

/**
 * `no-valid-credentials`: the request had none, or wrong ones of a kind that cannot be guessed. `not-checked`: the credentials
 * may be valid. `not-allowed`: the credentials are valid.
 */
export type AuthenticationFailure = 'wrong-secret' | 'no-valid-credentials' | 'not-checked' | 'not-allowed';

/** The hash of a secret as bytes, to be compared with the stored hash; see `hashSecret`. */
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
  if (proof.kind === 'unchecked-assertion') return notChecked(proof.retryAfter);
  const used = matchingCredential(found, proof, now);
  if (found === null || used === null) {
    return {
      ok: false,
      refusal: { code: 'invalid_client', description: failureDescription(found, proof) },
      reason: countedKinds.includes(proof.kind) ? 'wrong-secret' : 'no-valid-credentials',
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
  if (addresses !== '[]' && !inRanges(parseListColumn(addresses, 'client.addresses'), address)) {
    return refused(
      'unauthorized_client',
      `This client is not allowed to connect from ${address}. Ask an administrator to allow it: ${commandLine(['client', 'add', '--allow'])}`,
    );
  }
  return { ok: true, used };
}

/** Failures that anyone who knows a client's name can cause again and again. */
const countedKinds: ClientProof['kind'][] = ['secret', 'wrong-assertion', 'foreign-assertion'];

function notChecked(retryAfter: number): Authentication {
  const description = 'The keys for checking this assertion are not available. Try again later.';
  return {
    ok: false,
    refusal: { code: 'temporarily_unavailable', description, status: 503, retryAfter },
    reason: 'not-checked',
  };
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
  if (found === null) return null;
  const { client, assertionUsed } = found;
  if (proof.kind === 'assertion') return client.jwks === proof.jwks && !assertionUsed ? 'current' : null;
  if (proof.kind !== 'foreign-assertion' || proof.expiresAt <= now) return null;
  const { issuer, subject, audience } = proof.identity;
  const same = client.issuer === issuer && client.subject === subject && client.audience === audience;
  return same ? 'current' : null;
}

/** Compared with for an unknown client, so that the comparison takes as long as for a known one. */
const noSecret = Buffer.alloc(32);

function matchingSecret(client: ClientRow | null, hash: Buffer, now: number): 'current' | 'previous' | null {
  if (equal(client?.secretHash ?? null, hash)) return 'current';
  const until = client?.previousSecretUntil ?? 0;
  // One that works longer than any overlap was replaced while the clock was ahead.
  const works = until > now && until <= now + maxSecretOverlapMs + clockToleranceMs;
  return equal(client?.previousSecretHash ?? null, hash) && works ? 'previous' : null;
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
