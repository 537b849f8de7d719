import { BrokerError } from '../../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { AmbiguousAppError } from '../../push/ambiguous-app.ts';
import type { GraphClient } from './client.ts';
import { graphList, identified, type ServicePrincipal, servicePrincipal } from './objects.ts';

/** The enterprise application in Entra ID that provisions Webex users. */
export interface EntraApp {
  /** The object ID of its service principal. */
  id: string;
  appId: string | null;
  name: string;
}

/** Its name in the gallery. */
const galleryName = 'Cisco Webex';

const fields = '$select=id,appId,displayName,applicationTemplateId';

/** Finds an enterprise application by its object ID or application ID. Throws `E_ENTRA_APP`. */
export async function appById(graph: GraphClient, id: string): Promise<EntraApp> {
  const found = (await byObjectId(graph, id)) ?? (await byAppId(graph, id));
  if (found !== null) return found;
  throw new BrokerError('E_ENTRA_APP', `Entra ID has no enterprise application with the ID ${id}.`, {
    help: 'Its Properties page shows both IDs. Also check the selected cloud and the tenant that you signed in to.',
  });
}

/** Null if it does not exist. */
export async function byObjectId(graph: GraphClient, id: string): Promise<EntraApp | null> {
  const path = `/servicePrincipals/${encodeURIComponent(id)}?${fields}`;
  return toApp(await graph.find(path, servicePrincipal));
}

async function byAppId(graph: GraphClient, appId: string): Promise<EntraApp | null> {
  const path = `/servicePrincipals(appId='${encodeURIComponent(appId)}')?${fields}`;
  return toApp(await graph.find(path, servicePrincipal));
}

/**
 * Finds the application by name, or else by the gallery template that it was created from, whatever its name is now.
 * Throws `E_ENTRA_APP` if there is none, `E_AMBIGUOUS_APP` if there are several.
 */
export async function searchApp(graph: GraphClient): Promise<EntraApp> {
  const named = await search(graph, `displayName eq '${galleryName}'`);
  const found = named.length > 0 ? named : await createdFromTemplate(graph);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new BrokerError('E_ENTRA_APP', `Entra ID has no enterprise application called "${galleryName}".`, {
      help: [
        'Add it from the gallery first (Enterprise applications, New application).',
        { text: 'If it has another name, choose it with --app ID', only: 'terminal' },
        { text: 'If it has another name, enter its ID under “More options”.', only: 'page' },
        'Also check the selected cloud and the tenant that you signed in to.',
      ],
    });
  }
  if (others.length === 0) return only;
  throw new AmbiguousAppError('Entra ID', found);
}

async function createdFromTemplate(graph: GraphClient): Promise<EntraApp[]> {
  const filter = encodeURIComponent(`displayName eq '${galleryName}'`);
  const path = `/applicationTemplates?$filter=${filter}&$select=id,displayName`;
  const templates = await graph.find(path, graphList(identified));
  const apps: EntraApp[] = [];
  for (const { id } of templates?.value ?? []) {
    apps.push(...(await search(graph, `applicationTemplateId eq '${id.replaceAll("'", "''")}'`)));
  }
  return apps;
}

async function search(graph: GraphClient, filter: string): Promise<EntraApp[]> {
  const path = `/servicePrincipals?$filter=${encodeURIComponent(filter)}&${fields}`;
  const { value } = await graph.get(path, graphList(servicePrincipal));
  return value.map(toApp).filter((app) => app !== null);
}

function toApp(found: ServicePrincipal | null): EntraApp | null {
  if (found === null) return null;
  return {
    id: found.id,
    appId: found.appId ?? null,
    name: sanitizeForDisplay(found.displayName ?? galleryName, 100),
  };
}
