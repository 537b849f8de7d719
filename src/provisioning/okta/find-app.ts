import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { AmbiguousAppError } from '../ambiguous-app.ts';
import type { OktaClient } from './client.ts';

/** The application in Okta that provisions to Webex. */
export interface OktaApp {
  id: string;
  name: string;
}

const application = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  label: z.string().nullish(),
  status: z.string().nullish(),
});

/** By the ID that a person gave, or null where it is no longer there. */
export async function appById(okta: OktaClient, id: string): Promise<OktaApp | null> {
  const found = await okta.find(`/api/v1/apps/${encodeURIComponent(id)}`, application);
  return found === null ? null : toApp(found);
}

/** Throws `E_ENTRA_APP`. */
export async function requireApp(okta: OktaClient, id: string): Promise<OktaApp> {
  const found = await appById(okta, id);
  if (found !== null) return found;
  throw new BrokerError('E_ENTRA_APP', `Okta has no application with the ID ${sanitizeForDisplay(id, 60)}.`, {
    help: 'It stands in the address of its page in the Admin Console, after /instance/. Check OKTA_CLIENT_ORGURL too.',
  });
}

/** By its label or name. Throws `E_ENTRA_APP` where there is none, `E_AMBIGUOUS_APP` with their IDs where there are several. */
export async function searchApp(okta: OktaClient): Promise<OktaApp> {
  const list = await okta.find('/api/v1/apps?q=Cisco%20Webex&limit=200', z.array(application));
  const found = (list ?? [])
    .filter(
      ({ status, name, label }) => status !== 'DELETED' && /webex/i.test(`${name ?? ''} ${label ?? ''}`),
    )
    .map(toApp);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new BrokerError('E_ENTRA_APP', 'Okta has no application called "Cisco Webex".', {
      help: 'Add it from the catalog first (Applications, Browse App Catalog), or name yours with --app ID.',
    });
  }
  if (others.length === 0) return only;
  throw new AmbiguousAppError('Okta', found);
}

function toApp({ id, label, name }: z.infer<typeof application>): OktaApp {
  return { id, name: sanitizeForDisplay(label ?? name ?? 'Cisco Webex', 100) };
}
