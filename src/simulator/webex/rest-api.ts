import { Router } from 'express';
import { callerOf } from './bearer.ts';
import { displayName, type SimulatedAccount } from './organizations.ts';
import type { WebexSettings } from './settings.ts';
import { sendWebexError } from './webex-error.ts';
import { webexId } from './webex-id.ts';

const roleIds = {
  full: 'id_full_admin',
  user: 'id_user_admin',
  readonly: 'id_readonly_admin',
  device: 'id_device_admin',
};

/** The part of the Webex REST API (`/v1`) that this program uses: the account and the expiry of a token. */
export function restApi(settings: WebexSettings): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.sendDate = settings.date === 'shown';
    next();
  });
  router.get('/people/me', (request, response) => {
    const { account, scopes } = callerOf(request);
    if (!scopes.includes('spark:people_read')) {
      sendWebexError(response, 403);
      return;
    }
    response.json(personOf(account));
  });
  router.get('/authorizations/tokenExpiry', (request, response) => {
    if (settings.tokenExpiry === 'forbidden') {
      sendWebexError(response, 403);
      return;
    }
    response.json({ exp: callerOf(request).expiresAt });
  });
  return router;
}

function personOf(account: SimulatedAccount): Record<string, unknown> {
  return {
    id: webexId('PEOPLE', account.personId),
    emails: [account.email],
    phoneNumbers: [],
    displayName: displayName(account),
    nickName: account.firstName,
    firstName: account.firstName,
    lastName: account.lastName,
    orgId: webexId('ORGANIZATION', account.organization.id),
    ...(account.hidesRoles ? {} : { roles: rolesOf(account) }),
    licenses: [],
    created: '2024-01-15T09:00:00.000Z',
    lastModified: '2024-01-15T09:00:00.000Z',
    status: 'active',
    invitePending: false,
    loginEnabled: true,
    type: 'person',
  };
}

function rolesOf({ role }: SimulatedAccount): string[] {
  return role === 'none' ? [] : [webexId('ROLE', roleIds[role])];
}
