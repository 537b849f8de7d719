import { discoverKeys, IssuerError, readKeys } from '../../api/client-auth/issuer-documents.ts';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import { createFetch } from '../../http/create-fetch.ts';
import { listClients } from '../../vault/clients/clients.ts';
import type { StoreContext } from '../../vault/context.ts';
import type { Finding } from './finding.ts';

/** Checks whether the keys of each workload identity issuer are available. */
export async function diagnoseIssuers(
  vault: StoreContext,
  environment: Readonly<NodeJS.Dict<string>> = environmentWithDotEnv(process.env),
): Promise<Finding[]> {
  const clients = await listClients(vault);
  const issuers = clients.flatMap(({ workloadIdentity }) => workloadIdentity?.issuer ?? []);
  const request = { fetch: createFetch(environment), now: vault.now };
  return await Promise.all([...new Set(issuers)].map((issuer) => diagnoseIssuer(issuer, request)));
}

async function diagnoseIssuer(issuer: string, request: Parameters<typeof readKeys>[1]): Promise<Finding> {
  const title = 'Issuer';
  try {
    const { keys } = await readKeys(await discoverKeys(issuer, request), request);
    return { title, ok: keys.length > 0, message: `${issuer} responds; public keys: ${keys.length}` };
  } catch (error) {
    if (!(error instanceof IssuerError)) throw error;
    return {
      title,
      // Most features work offline, so only an unusable response is an error.
      ok: error.hasResponded ? false : null,
      message: `The keys from ${issuer} are not available: ${error.message}`,
      help: 'Until this is fixed, its clients get no tokens. Check the issuer, and whether this host may connect to it.',
    };
  }
}
