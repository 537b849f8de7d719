import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

export interface ProofExpectations {
  method: string;
  /** Without query and fragment. */
  url: string;
  /** Null if the caller has not received a nonce yet. */
  nonce: string | null;
  /** The access token that is sent with the proof; null at the token endpoint. */
  accessToken: string | null;
}

/** Checks a DPoP proof (RFC 9449 §4.3). Returns the thumbprint of its key, or the error. */
export async function checkProof(
  proof: string | undefined,
  { method, url, nonce, accessToken }: ProofExpectations,
): Promise<{ thumbprint: string } | { error: 'invalid_dpop_proof' | 'use_dpop_nonce' }> {
  if (proof === undefined) return { error: 'invalid_dpop_proof' };
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      maxTokenAge: 300,
      requiredClaims: ['jti'],
    });
    const { htm, htu, ath } = payload;
    if (htm !== method || htu !== url) return { error: 'invalid_dpop_proof' };
    if (accessToken !== null && ath !== createHash('sha256').update(accessToken).digest('base64url')) {
      return { error: 'invalid_dpop_proof' };
    }
    if (nonce === null || payload.nonce !== nonce) return { error: 'use_dpop_nonce' };
    return { thumbprint: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) };
  } catch {
    return { error: 'invalid_dpop_proof' };
  }
}
