import express, { Router } from 'express';
import type { ProvisionedUser } from '../provisioning/scim-client.ts';
import { sendOktaError } from './okta-error.ts';
import type { OktaLogin } from './okta-login.ts';

export interface SimulatedOktaApp {
  id: string;
  name: string;
  label: string;
  status: 'ACTIVE' | 'INACTIVE';
  /** Whether the connections API supports it. Probably not for the Webex application: then the API sends 200 and `UNKNOWN`. */
  served: boolean;
  connection: 'ENABLED' | 'DISABLED';
  /** The token that was set with the API, which never returns it. */
  token: string | null;
  /** The address that it provisions to. A SCIM application has this field, the catalog's Webex application does not. */
  baseUrl: string | null;
  assigned: ProvisionedUser[];
}

/** The name of the application in the catalog. */
export const catalogName = 'cisco_webex';

/** The part of Okta's management API that is about provisioning connections. */
export function oktaApi(apps: SimulatedOktaApp[], login: OktaLogin, origin: string): Router {
  const router = Router();
  const read = login.require('okta.apps.read');
  const manage = login.require('okta.apps.manage');
  const app = (id: unknown) => apps.find((each) => each.id === id);
  router.use(express.json());

  router.get('/apps', read, (request, response) => {
    const wanted = String(request.query.q ?? '').toLowerCase();
    const begins = (text: string) => text.toLowerCase().startsWith(wanted);
    response.json(apps.filter(({ name, label }) => begins(name) || begins(label)).map(shown));
  });
  router.get('/apps/:id', read, (request, response) => {
    const found = app(request.params.id);
    if (found === undefined) sendOktaError(response, 404);
    else response.json(shown(found));
  });
  router.get('/apps/:id/connections/default', read, (request, response) => {
    const found = app(request.params.id);
    if (found === undefined) sendOktaError(response, 404);
    else response.json(connectionOf(found, origin));
  });
  router.post('/apps/:id/connections/default', manage, (request, response) => {
    const found = app(request.params.id);
    if (found === undefined) return sendOktaError(response, 404);
    const { authScheme, token } = (request.body?.profile ?? {}) as { authScheme?: unknown; token?: unknown };
    const baseUrl: unknown = request.body?.baseUrl;
    if ((typeof baseUrl === 'string') === (found.name === catalogName)) return sendOktaError(response, 400);
    if (!found.served || authScheme !== 'TOKEN' || typeof token !== 'string' || token === '') {
      return sendOktaError(response, 400);
    }
    found.token = token;
    if (typeof baseUrl === 'string') found.baseUrl = baseUrl;
    if (/^true$/i.test(String(request.query.activate))) found.connection = 'ENABLED';
    response.json(connectionOf(found, origin));
  });
  router.post('/apps/:id/connections/default/lifecycle/activate', manage, (request, response) => {
    const found = app(request.params.id);
    if (found === undefined) return sendOktaError(response, 404);
    if (!found.served || found.token === null) return sendOktaError(response, 400);
    found.connection = 'ENABLED';
    response.status(204).end();
  });
  return router;
}

function shown({ id, name, label, status }: SimulatedOktaApp): object {
  return { id, name, label, status, signOnMode: 'SAML_2_0' };
}

function connectionOf({ id, served, connection, baseUrl }: SimulatedOktaApp, origin: string): object {
  const href = `${origin}/api/v1/apps/${id}/connections/default`;
  const authScheme = served ? 'TOKEN' : 'UNKNOWN';
  return {
    authScheme,
    status: served ? connection : 'UNKNOWN',
    profile: { authScheme },
    ...(served && baseUrl !== null && { baseUrl }),
    _links: { self: { href, hints: { allow: ['GET', 'POST'] } } },
  };
}
