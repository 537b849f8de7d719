import { createHash } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { parseColumn } from '../../store/database/stored-json.ts';
import type { Assertion } from '../../store/token-requests/token-request-store.ts';
import { isObject } from '../../text/json-shape.ts';
import { signingAlgorithms } from './signing-algorithms.ts';
import { clockTolerance, verifyJwt } from './verify-jwt.ts';

/** Maximum lifetime of an assertion. Seconds. */
const maxLifetime = 3600;

/** A valid client assertion, or the reason why it is invalid, as text for its author. */
export type CheckedAssertion = { ok: true; assertion: Assertion } | { ok: false; why: string };

/** The `sub` of a JWT, unverified; null if it is not a JWT. */
export function subjectOf(jwt: string): string | null {
  try {
    const { sub } = decodeJwt(jwt);
    return typeof sub === 'string' ? sub : null;
  } catch {
    return null;
  }
}

/**
 * Checks a JWT for client authentication (RFC 7523 §3). It must be signed by one of the client's keys, with the client as
 * `iss` and `sub`, an `aud` of this server, an `exp` within the next hour, and a `jti`. The store checks whether the `jti` was
 * used before.
 */
export async function checkAssertion(
  jwt: string,
  client: string,
  keys: { jwks: string; audiences: string[]; now: number },
): Promise<CheckedAssertion> {
  const jwks = parseColumn(keys.jwks, 'client.jwks', isKeySet);
  let payload: JWTPayload;
  try {
    payload = await verified(jwt, jwks, {
      audience: keys.audiences,
      issuer: client,
      subject: client,
      requiredClaims: ['exp', 'jti'],
      currentDate: new Date(keys.now),
    });
  } catch (error) {
    return { ok: false, why: explain(error, keys.audiences) };
  }
  const { jti, exp = 0 } = payload;
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) {
    return { ok: false, why: 'its jti must be a string of up to 256 characters' };
  }
  if (exp > keys.now / 1000 + maxLifetime + clockTolerance) {
    return {
      ok: false,
      why: 'its exp is more than an hour in the future: shorten its lifetime, or check the clock',
    };
  }
  const jtiHash = createHash('sha256').update(jti).digest('base64url');
  // A NumericDate may have a fraction (RFC 7519 §2). It is rounded up, because the assertion is accepted until then.
  return { ok: true, assertion: { jtiHash, expiresAt: (Math.ceil(exp) + clockTolerance) * 1000 } };
}

/** Each key was checked when the client was added; jose checks it again. */
function isKeySet(value: unknown): value is JSONWebKeySet {
  return isObject(value) && Array.isArray(value.keys) && value.keys.every(isObject);
}

/**
 * The claims of a JWT that one of the keys has signed. Its `kid` is only a hint (RFC 7515 §4.1.4): the key with that ID is
 * preferred. If there is none, each matching key is tried.
 */
async function verified(jwt: string, jwks: JSONWebKeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  const find = createLocalJWKSet(jwks);
  const findKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const { kid: _, ...unnamed } = header;
      return await find(unnamed, token);
    }
  };
  return await verifyJwt(jwt, findKey, options);
}

function explain(error: unknown, audiences: string[]): string {
  if (error instanceof errors.JWTExpired) return 'it has expired: check the clock';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return `its aud must be ${audiences.join(' or ')}`;
    if (error.claim === 'nbf') return 'its nbf is in the future: check the clock';
    if (error.claim === 'iss' || error.claim === 'sub') return 'its iss and sub must both be the client_id';
    return `its claim ${error.claim} is missing or wrong`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `its alg must be one of ${signingAlgorithms.join(' ')}`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'no registered key matches its alg';
  return 'its signature was not made with a registered key';
}
