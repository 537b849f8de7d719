import type { StoreContext } from '../../../vault/context.ts';
import type { PushContext } from '../../push/push-context.ts';
import { type EntraCloud, entraEndpoints } from '../clouds.ts';
import { GraphClient } from '../graph/client.ts';
import { signInToGraph } from './sign-in.ts';

/** Signs in to Entra ID and returns a client for Microsoft Graph. `secrets` are redacted from Graph's responses. */
export async function openGraph(
  { settings, now }: Pick<StoreContext, 'settings' | 'now'>,
  cloud: EntraCloud,
  context: PushContext,
  { secrets = [], dryRun = false }: { secrets?: readonly string[]; dryRun?: boolean } = {},
): Promise<GraphClient> {
  const endpoints = entraEndpoints(cloud, settings.entra);
  const accessToken = await signInToGraph({ settings: settings.entra, endpoints, context });
  const { fetch, sleep, onEvent } = context;
  return new GraphClient({
    origin: endpoints.graph,
    accessToken,
    fetch,
    sleep,
    onEvent,
    now,
    secrets,
    dryRun,
  });
}
