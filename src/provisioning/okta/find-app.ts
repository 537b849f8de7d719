import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { AmbiguousAppError } from '../push/ambiguous-app.ts';
import type { OktaClient } from './client.ts';

/** The application in Okta that provisions Webex users. */
export interface OktaApp {
  id: string;
  name: string;
  /** Whether it is a SCIM application, which has an address. The Webex application from the catalog has none. */
  isScimApp: boolean;
  /** Okta does not provision anyone with a deactivated application. */
  isDeactivated: boolean;
}

/** The names of the SCIM test applications, and of App Integration Wizard applications, which end with a number. */
const scimAppName = /^scim|_\d+$/i;

const application = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  label: z.string().nullish(),
  status: z.string().nullish(),
});

/** Null if it does not exist. */
export async function appById(okta: OktaClient, id: string): Promise<OktaApp | null> {
  const found = await okta.find(`/api/v1/apps/${encodeURIComponent(id)}`, application);
  return found === null ? null : toApp(found);
}

/** Throws `E_ENTRA_APP`. */
export async function requireApp(okta: OktaClient, id: string): Promise<OktaApp> {
  const found = await appById(okta, id);
  if (found !== null) return found;
  throw new BrokerError('E_ENTRA_APP', `Okta has no application with the ID ${sanitizeForDisplay(id, 60)}.`, {
    help: 'Find the ID in the address of the application’s page in the Admin Console, after /instance/. Also check OKTA_CLIENT_ORGURL.',
  });
}

/** Finds the application by label or name. Throws `E_ENTRA_APP` if there is none, `E_AMBIGUOUS_APP` if there are several. */
export async function searchApp(okta: OktaClient): Promise<OktaApp> {
  const found = await search(okta, 'Cisco Webex');
  const [only, ...others] = found;
  if (only === undefined) {
    throw new BrokerError('E_ENTRA_APP', 'Okta has no application called "Cisco Webex".', {
      help: [
        'Add it from the catalog first (Applications, Browse App Catalog).',
        { text: 'If it has another name, choose it with --app ID', only: 'terminal' },
        { text: 'If it has another name, enter its ID under “More options”.', only: 'page' },
      ],
    });
  }
  if (others.length === 0) return only;
  throw new AmbiguousAppError('Okta', found);
}

/**
 * Finds the SCIM application that has Webex in its name; null if there is none.
 * Throws `E_AMBIGUOUS_APP` if there are several.
 */
export async function searchScimApp(okta: OktaClient): Promise<OktaApp | null> {
  const both = [...(await search(okta, 'Cisco Webex')), ...(await search(okta, 'Webex'))];
  const found = [...new Map(both.map((app) => [app.id, app])).values()].filter((app) => app.isScimApp);
  if (found.length > 1) throw new AmbiguousAppError('Okta', found);
  return found[0] ?? null;
}

/** Searches by the start of the label or name, because Okta supports no other search. */
async function search(okta: OktaClient, beginning: string): Promise<OktaApp[]> {
  const path = `/api/v1/apps?q=${encodeURIComponent(beginning)}&limit=200`;
  return ((await okta.find(path, z.array(application))) ?? [])
    .filter(
      ({ status, name, label }) => status !== 'DELETED' && /webex/i.test(`${name ?? ''} ${label ?? ''}`),
    )
    .map(toApp);
}

function toApp({ id, label, name, status }: z.infer<typeof application>): OktaApp {
  return {
    id,
    name: sanitizeForDisplay(label ?? name ?? 'Cisco Webex', 100),
    isScimApp: scimAppName.test(name ?? ''),
    isDeactivated: status === 'INACTIVE',
  };
}
