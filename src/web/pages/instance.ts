import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { signChallenge } from '../../instance/instance-file.ts';

/** `GET /instance?challenge=`: proves to the commands of this product that this is their server and not another program on the port. */
export function instance(secret: string | undefined): RequestHandler {
  return (request, response) => {
    const proof = secret === undefined ? null : proofOf(secret, request.query.challenge);
    if (proof === null) {
      throw new BrokerError(
        'E_NOT_FOUND',
        'This server has no instance secret, or the challenge is malformed.',
      );
    }
    response.json({ proof });
  };
}

/** The proof for a challenge; null if that is malformed. */
export function proofOf(secret: string, challenge: unknown): string | null {
  const isChallenge = typeof challenge === 'string' && /^[\w-]{16,128}$/.test(challenge);
  return isChallenge ? signChallenge(secret, challenge) : null;
}
