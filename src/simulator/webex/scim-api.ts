import express, { type Request, type RequestHandler, Router } from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';
import { callerOf } from './bearer.ts';
import { declareScimResources } from './scim-resources.ts';
import type { WebexSettings } from './settings.ts';
import type { UserDirectory } from './user-directory.ts';

const adminRoles = ['full', 'user', 'readonly'];

/** The SCIM service below a path that names the organization as `:orgId`, behind `requireBearer`. */
export function scimApi(
  directories: Map<string, UserDirectory>,
  settings: Pick<WebexSettings, 'groups'>,
): Router {
  declareScimResources();
  const router = Router({ mergeParams: true });
  router.use(express.json({ type: ['application/scim+json', 'application/json'] }));
  router.use(mayUse, storeParsedQuery);
  router.use('/Groups', (_request, response, next) => {
    if (settings.groups === 'served') next();
    else response.status(404).json(scimError(404, 'No such resource'));
  });
  router.use(
    new SCIMMYRouters({
      type: 'bearer',
      handler: (request) => callerOf(request as Request).account.personId,
      context: (request) => directories.get(organizationIn(request as Request)),
      baseUri: (request) => `${request.protocol}://${request.get('host')}`,
    }),
  );
  return router;
}

/** Allows only the organization of the token. Administrators can read, full administrators can also write. */
const mayUse: RequestHandler = (request, response, next) => {
  const { account, scopes } = callerOf(request);
  const reads = request.method === 'GET' || request.path.endsWith('/.search');
  if (account.organization.id !== organizationIn(request)) {
    response.status(404).json(scimError(404, 'No such organization for this token'));
  } else if (!scopes.includes('Identity:SCIM')) {
    response.status(403).json(scimError(403, 'The token lacks the scope Identity:SCIM'));
  } else if (account.role !== 'full' && !(reads && adminRoles.includes(account.role))) {
    response.status(403).json(scimError(403, 'The person who signed in is not a full administrator'));
  } else {
    next();
  }
};

/** Express 5 parses `query` at each access, and SCIMMY writes numbers into it, so the parsed object is stored. */
const storeParsedQuery: RequestHandler = (request, _response, next) => {
  Object.defineProperty(request, 'query', { value: request.query, writable: true, configurable: true });
  next();
};

function organizationIn(request: Request): string {
  return String(request.params.orgId).toLowerCase();
}

function scimError(status: 403 | 404, detail: string): object {
  return new SCIMMY.Messages.Error({ status, detail });
}
