import type { Identity } from '../client-auth/identify.ts';
import type { VerifiedSecrets } from '../client-auth/verified-secrets.ts';
import { type Lane, unauthenticatedLane } from '../queue/fair-queue.ts';

/** The lane of a request. A secret is authenticated if it was valid before; an assertion that got here is valid. */
export function laneOf(
  verifiedSecrets: VerifiedSecrets,
  { client, proof, secretHash }: Identity,
  address: string,
): Lane {
  if (secretHash !== undefined) {
    const named = verifiedSecrets.clientOf(secretHash);
    return named === null ? unauthenticatedLane('', address) : { authenticated: true, key: named };
  }
  const known =
    proof.kind === 'assertion' ||
    proof.kind === 'foreign-assertion' ||
    (proof.kind === 'secret' && verifiedSecrets.has(client, proof.hash));
  return known ? { authenticated: true, key: client } : unauthenticatedLane(client, address);
}
