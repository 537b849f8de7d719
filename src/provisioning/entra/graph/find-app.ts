import { BrokerError } from '../../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { AmbiguousAppError } from '../../ambiguous-app.ts';
import type { GraphClient } from './client.ts';
import { graphList, identified, type ServicePrincipal, servicePrincipal } from './objects.ts';

/** The enterprise application in Entra ID that provisions to Webex. */
export interface EntraApp {
  /** The object ID of its service principal. */
  id: string;
  appId: string | null;
  name: string;
}

/** What the gallery calls it. */
const galleryName = 'Cisco Webex';

const fields = '$select=id,appId,displayName,applicationTemplateId';

/** By the ID that a person gave: the object ID of the enterprise application, or its application ID. Throws `E_ENTRA_APP`. */
export async function appById(graph: GraphClient, id: string): Promise<EntraApp> {
  const found = (await byObjectId(graph, id)) ?? (await byAppId(graph, id));
  if (found !== null) return found;
  throw new BrokerError('E_ENTRA_APP', `Entra ID has no enterprise application with the ID ${id}.`, {
    help: 'Its "Object ID" and "Application ID" stand on its Properties page. Check --cloud too, and which tenant was signed in to.',
  });
}

/** Null where it is no longer there. */
export async function byObjectId(graph: GraphClient, id: string): Promise<EntraApp | null> {
  const path = `/servicePrincipals/${encodeURIComponent(id)}?${fields}`;
  return toApp(await graph.find(path, servicePrincipal));
}

async function byAppId(graph: GraphClient, appId: string): Promise<EntraApp | null> {
  const path = `/servicePrincipals(appId='${encodeURIComponent(appId)}')?${fields}`;
  return toApp(await graph.find(path, servicePrincipal));
}

/**
 * By its name, else by the gallery's template that it was made of, whatever it was renamed to.
 * Throws `E_ENTRA_APP` where there is none, `E_AMBIGUOUS_APP` with their IDs where there are several.
 */
export async function searchApp(graph: GraphClient): Promise<EntraApp> {
  const named = await search(graph, `displayName eq '${galleryName}'`);
  const found = named.length > 0 ? named : await madeOfTemplate(graph);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new BrokerError('E_ENTRA_APP', `Entra ID has no enterprise application called "${galleryName}".`, {
      help: 'Add it from the gallery first (Enterprise applications, New application), or name yours with --app ID. Check --cloud too, and which tenant was signed in to.',
    });
  }
  if (others.length === 0) return only;
  throw new AmbiguousAppError('Entra ID', found);
}

async function madeOfTemplate(graph: GraphClient): Promise<EntraApp[]> {
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
