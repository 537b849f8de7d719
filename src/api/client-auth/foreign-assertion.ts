import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { matchesAudience, matchesSubject, type WorkloadIdentity } from '../../domain/workload-identity.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { signingAlgorithms } from './signing-algorithms.ts';
import { clockTolerance, verifyJwt } from './verify-jwt.ts';

/** Far larger than any platform's JWTs. Bytes. */
const maxLength = 16 * 1024;

/**
 * How long an assertion is accepted after it was issued, regardless of its `exp`. Kubernetes and GitLab issue JWTs that live as
 * long as a job or a pod's token, so an hour would be too short. Seconds.
 */
const maxAge = 86_400;

/** More than any platform uses. */
const maxAudiences = 50;
const maxKidLength = 300;

/** Why an assertion is invalid, for the audit log. The caller gets no details. */
export class ForeignAssertionError extends Error {
  /** The claim or header parameter and its value, on one line. */
  readonly detail: string;

  constructor(name: string, found: unknown = undefined) {
    const detail = found === undefined ? name : `${name}: ${shown(found)}`;
    super(detail);
    this.detail = detail;
  }
}

export interface ForeignAssertion {
  /** The ID of the key that it claims to be signed with; null if it has none. */
  kid: string | null;
  /** When it stops being accepted. Epoch milliseconds. */
  expiresAt: number;
}

/**
 * Reads a JWT from another issuer (RFC 7523 §3) and checks everything except its signature, so that keys are fetched only for
 * a JWT that can be valid. The JWT may be used again until it expires, so it needs no `jti`. Keys and key addresses in its
 * header are ignored. `now` in epoch milliseconds. Throws `ForeignAssertionError`.
 */
export function readForeignAssertion(jwt: string, identity: WorkloadIdentity, now: number): ForeignAssertion {
  if (jwt.length > maxLength) throw new ForeignAssertionError('size', `${jwt.length} bytes`);
  const { header, payload } = decode(jwt);
  const { alg, kid } = header;
  if (typeof alg !== 'string' || !signingAlgorithms.includes(alg))
    throw new ForeignAssertionError('alg', alg ?? 'none');
  // No extension is supported, so a JWT that requires one has to be rejected (RFC 7515 §4.1.11).
  if (header.crit !== undefined) throw new ForeignAssertionError('crit', header.crit);
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKidLength)) {
    throw new ForeignAssertionError('kid', kid);
  }
  const { iss, sub } = payload;
  if (iss !== identity.issuer) throw new ForeignAssertionError('iss', iss ?? 'missing');
  if (typeof sub !== 'string' || !matchesSubject(identity.subject, sub)) {
    throw new ForeignAssertionError('sub', sub ?? 'missing');
  }
  if (!hasAudience(payload.aud, identity.audience))
    throw new ForeignAssertionError('aud', payload.aud ?? 'missing');
  return { kid: kid ?? null, expiresAt: endOf(payload, now) };
}

/** Checks the signature. Throws `ForeignAssertionError`. */
export async function verifyForeignAssertion(
  jwt: string,
  findKey: JWTVerifyGetKey,
  now: number,
): Promise<void> {
  try {
    await verifyJwt(jwt, findKey, { currentDate: new Date(now) });
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) {
      throw new ForeignAssertionError(
        'kid',
        decodeProtectedHeader(jwt).kid ?? 'no key of the issuer matches',
      );
    }
    // After any other error from jose or Web Crypto, the signature could not be verified: the issuer's keys may be damaged.
    throw new ForeignAssertionError('signature');
  }
}

function decode(jwt: string) {
  try {
    return { header: decodeProtectedHeader(jwt), payload: decodeJwt(jwt) };
  } catch {
    throw new ForeignAssertionError('format', 'not a signed JWT');
  }
}

function hasAudience(aud: unknown, registered: string): boolean {
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences.length > maxAudiences || !audiences.every((each) => typeof each === 'string')) return false;
  return matchesAudience(registered, audiences);
}

/** Checks `exp`, `nbf` and `iat`, and returns when the JWT stops being accepted, in epoch milliseconds. */
function endOf(payload: JWTPayload, now: number): number {
  const seconds = now / 1000;
  const { exp, nbf, iat } = payload;
  if (!isTime(exp) || exp <= seconds - clockTolerance) throw new ForeignAssertionError('exp', time(exp));
  if (nbf !== undefined && !(isTime(nbf) && nbf <= seconds + clockTolerance)) {
    throw new ForeignAssertionError('nbf', time(nbf));
  }
  if (iat === undefined) {
    // Its age is unknown, so its remaining lifetime is limited instead.
    if (exp > seconds + maxAge + clockTolerance) throw new ForeignAssertionError('exp', time(exp));
    return (exp + clockTolerance) * 1000;
  }
  if (!isTime(iat) || iat > seconds + clockTolerance || iat < seconds - maxAge - clockTolerance) {
    throw new ForeignAssertionError('iat', time(iat));
  }
  return (Math.min(exp, iat + maxAge) + clockTolerance) * 1000;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}

/** A `NumericDate` as a date that a person can compare with a clock. */
function time(value: unknown): unknown {
  if (value === undefined) return 'missing';
  return isTime(value) && Math.abs(value) < 8.64e12 ? new Date(value * 1000).toISOString() : value;
}

/** On one line of up to 200 characters. Each segment is sanitized separately, because a long path would look like a token. */
function shown(found: unknown): string {
  const text = typeof found === 'string' ? found : (JSON.stringify(found) ?? '');
  const parts = text.slice(0, 200).split(/([:/])/);
  return parts.map((part) => sanitizeForDisplay(part)).join('');
}
