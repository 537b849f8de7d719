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

/** What of a key is kept: its public parts (RFC 7518 §6, RFC 8037 §2) and what tells it apart. */
const keptMembers = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'];

const curves = ['P-256', 'P-384', 'P-521', 'Ed25519'];

const help =
  'The file holds a JSON Web Key Set, or one JSON Web Key: public, of RSA (2048 bits or more), EC or Ed25519.';

/**
 * Checks a client's JSON Web Key Set, or a single key, and returns the set as JSON with nothing in it but public keys.
 * Throws `E_JWKS`. A private key is refused rather than cut down: it has been where it should not be.
 */
export function parseJwks(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BrokerError('E_JWKS', 'The key file is not JSON.', { help });
  }
  const parsed = setSchema.safeParse(json);
  if (!parsed.success) throw new BrokerError('E_JWKS', 'The key file holds no public keys.', { help });
  const keys = parsed.data.keys.map((key) => {
    if (Object.hasOwn(key, 'd')) {
      throw new BrokerError('E_JWKS', 'The key file holds a private key.', {
        help: 'Only the public half belongs here. Leave the private one with the client alone.',
      });
    }
    requireStrong(key);
    return Object.fromEntries(Object.entries(key).filter(([name]) => keptMembers.includes(name)));
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
    // said below
  }
  throw new BrokerError('E_JWKS', 'A key in the file cannot be used.', { help });
}
