import { isClientName } from '../../domain/client.ts';
import { clientKeys } from '../../store/access/clients.ts';
import type { Db } from '../../store/db.ts';
import { checkAssertion, subjectOf } from './assertion.ts';
import { type ClientProof, verifySecret } from './authenticate.ts';
import type { Credentials } from './credentials.ts';

/** The claimed client of a request and its credentials. The store decides whether they are valid. */
export interface Identity {
  /** Empty if the request has no valid client name. */
  client: string;
  proof: ClientProof;
}

/** The client name and the hashed secret. */
export function secretIdentity({ client, secret }: { client: string; secret: string }): Identity {
  return { client: validClientName(client), proof: verifySecret(secret) };
}

/** The claimed client of an assertion; empty if it is not a valid client name. */
export function claimedClient({ assertion }: { assertion: string }): string {
  return validClientName(subjectOf(assertion) ?? '');
}

/** Checks a client assertion by the registered keys of its `subject`. */
export async function assertionIdentity(
  db: Db,
  credentials: Extract<Credentials, { kind: 'assertion' }>,
  audiences: string[],
  now: number,
): Promise<Identity> {
  const client = claimedClient(credentials);
  const fail = (why: string): Identity => ({ client, proof: { kind: 'none', why } });
  const jwks = client === '' ? null : await clientKeys(db, client);
  if (jwks === null) {
    return fail('No client with registered keys has the sub of the assertion as its client_id.');
  }
  if (credentials.client !== null && credentials.client !== client) {
    return fail('client_id differs from the sub of the assertion.');
  }
  const checked = await checkAssertion(credentials.assertion, client, { jwks, audiences, now });
  if (!checked.ok) return fail(`The assertion is invalid: ${checked.why}.`);
  return { client, proof: { kind: 'assertion', jwks, assertion: checked.assertion } };
}

/** The name, or empty if it is invalid: an invalid name must not reach the log. */
export function validClientName(name: string): string {
  return isClientName(name) ? name : '';
}
