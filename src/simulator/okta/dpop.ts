import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

export interface ProofExpectations {
  method: string;
  /** Without query and fragment. */
  url: string;
  /** Null if the caller is yet to be given one. */
  nonce: string | null;
  /** The access token that the proof goes with; null at the token endpoint. */
  accessToken: string | null;
}

/** A DPoP proof (RFC 9449 §4.3): the thumbprint of its key, or what is wrong with it. */
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
