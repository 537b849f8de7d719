import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { signingAlgorithms } from './signing-algorithms.ts';

/** The tolerated clock difference. Seconds. */
export const clockTolerance = 30;

/** The claims of a JWT that one of the keys has signed. If several keys match, each is tried. Throws jose's errors. */
export async function verifyJwt(
  jwt: string,
  findKey: JWTVerifyGetKey,
  given: JWTVerifyOptions,
): Promise<JWTPayload> {
  const options = { ...given, algorithms: signingAlgorithms, clockTolerance };
  try {
    return (await jwtVerify(jwt, findKey, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(jwt, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
