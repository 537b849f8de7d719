import { isClientName } from '../../domain/client.ts';
import { type ClientProof, verifySecret } from './authenticate.ts';

/** The claimed client of a request and its credentials. The store decides whether they are valid. */
export interface Identity {
  /** Empty if the request has no valid client name. */
  client: string;
  /** The hash in base64url of a secret that names its client by itself. */
  secretHash?: string;
  proof: ClientProof;
}

/** The client name and the hashed secret. */
export function secretIdentity({ client, secret }: { client: string; secret: string }): Identity {
  return { client: validClientName(client), proof: verifySecret(secret) };
}

/** The name, or empty if it is invalid: an invalid name must not reach the log. */
export function validClientName(name: string): string {
  return isClientName(name) ? name : '';
}
