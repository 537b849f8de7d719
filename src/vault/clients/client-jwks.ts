import { createPublicKey, type JsonWebKey } from 'node:crypto';
import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';

const keySchema = z.looseObject({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().max(200).optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
});

const setSchema = z.union([
  z.object({ keys: z.array(keySchema).min(1).max(10) }),
  keySchema.transform((key) => ({ keys: [key] })),
]);

/** The members of a key that are stored: its public parts (RFC 7518 §6, RFC 8037 §2) and its metadata. */
const storedMembers = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'];

const curves = ['P-256', 'P-384', 'P-521', 'Ed25519'];

const help =
  'Use a JSON Web Key Set or a single JSON Web Key with public RSA (2048 bits or more), EC or Ed25519 keys.';

/**
 * Checks a client's JSON Web Key Set or single key, and returns the set as JSON with public members only. Throws `E_JWKS`.
 * A private key is rejected, not stripped: it should not have left the client.
 */
export function parseJwks(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BrokerError('E_JWKS', 'The key file is not JSON.', { help });
  }
  const parsed = setSchema.safeParse(json);
  if (!parsed.success)
    throw new BrokerError('E_JWKS', 'The key file does not contain public keys.', { help });
  const keys = parsed.data.keys.map((key) => {
    if (Object.hasOwn(key, 'd')) {
      throw new BrokerError('E_JWKS', 'The key file contains a private key.', {
        help: 'Use the public key only. The private key stays with the client.',
      });
    }
    requireStrong(key);
    return Object.fromEntries(Object.entries(key).filter(([name]) => storedMembers.includes(name)));
  });
  return JSON.stringify({ keys });
}

function requireStrong(key: z.infer<typeof keySchema>): void {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    const strong =
      key.kty === 'RSA'
        ? (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
        : curves.includes(String(key.crv));
    if (strong) return;
  } catch {
    // Reported below.
  }
  throw new BrokerError('E_JWKS', 'A key in the file is not supported.', { help });
}
