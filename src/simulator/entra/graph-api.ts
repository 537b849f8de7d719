import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { saveConnectivity, shownConnectivity } from './connectivity-parameters.ts';
import { testCredentials } from './credential-test.ts';
import type { EntraDirectory, SimulatedEnterpriseApp, SimulatedJob } from './entra-directory.ts';
import { webexTemplateId } from './entra-directory.ts';
import { sendGraphError } from './graph-error.ts';
import { jobObject, runCycle } from './provisioning.ts';
import { maskedSecrets, type SecretsSettings, saveSecrets } from './synchronization-secrets.ts';

export interface GraphParts {
  directory: EntraDirectory;
  settings: SecretsSettings;
  /** The permissions of a bearer token; undefined if the token is unknown. */
  permissionsOf: (token: string) => string[] | undefined;
  now: () => number;
}

/** The part of Microsoft Graph v1.0 that is about provisioning. */
export function graphApi(parts: GraphParts): Router {
  const { directory, now } = parts;
  const router = Router();
  router.use(express.json());

  router.get(
    '/servicePrincipals',
    allow(parts, 'Application.Read.All', 'Application.ReadWrite.OwnedBy'),
    (request, response) => {
      const [, field, value] =
        /^(displayName|applicationTemplateId) eq '(.*)'$/.exec(String(request.query.$filter)) ?? [];
      if (field !== 'displayName' && field !== 'applicationTemplateId') return sendGraphError(response, 400);
      response.json({ value: directory.apps.filter((app) => app[field] === value).map(appObject) });
    },
  );
  router.get('/applicationTemplates', allow(parts), (_request, response) => {
    response.json({ value: [{ id: webexTemplateId, displayName: 'Cisco Webex' }] });
  });
  router.get(
    /^\/servicePrincipals\(appId='([^']+)'\)$/,
    allow(parts, 'Application.Read.All', 'Application.ReadWrite.OwnedBy'),
    (request, response) => {
      const wanted = (request.params as unknown as string[])[0];
      const app = directory.apps.find(({ appId }) => appId === wanted);
      if (app === undefined) return sendGraphError(response, 404);
      response.json(appObject(app));
    },
  );
  router.get(
    '/servicePrincipals/:id',
    allow(parts, 'Application.Read.All', 'Application.ReadWrite.OwnedBy'),
    (request, response) => {
      const app = directory.app(String(request.params.id));
      if (app === undefined) return sendGraphError(response, 404);
      response.json(appObject(app));
    },
  );

  router.get('/users', allow(parts, 'User.ReadBasic.All', 'User.Read.All'), (request, response) => {
    const [, upn, mail] =
      /^userPrincipalName eq '(.*)' or mail eq '(.*)'$/.exec(String(request.query.$filter)) ?? [];
    const found = directory.users.filter((user) => user.userPrincipalName === upn || user.mail === mail);
    response.json({ value: found.map(({ id }) => ({ id })) });
  });
  router.get(
    '/users/:id/appRoleAssignments',
    allow(parts, 'User.ReadBasic.All', 'Directory.Read.All'),
    (request, response) => {
      const [, resource] = /^resourceId eq (\S+)$/.exec(String(request.query.$filter)) ?? [];
      const user = directory.users.find(({ id }) => id === request.params.id);
      response.json({ value: (user?.assignments ?? []).filter(({ resourceId }) => resourceId === resource) });
    },
  );

  const synchronization = Router({ mergeParams: true });
  router.use(
    '/servicePrincipals/:id/synchronization',
    allow(parts, 'Synchronization.ReadWrite.All', 'Application.ReadWrite.OwnedBy'),
    simulatePropagation(directory),
    synchronization,
  );
  synchronization.get('/templates', (request, response) => {
    response.json({ value: appOf(directory, request).templates });
  });
  synchronization.get('/jobs', (request, response) => {
    response.json({ value: appOf(directory, request).jobs.map(jobObject) });
  });
  synchronization.post('/jobs', (request, response) => {
    const app = appOf(directory, request);
    const template = app.templates.find(({ id }) => id === request.body?.templateId);
    if (template === undefined) return sendGraphError(response, 400);
    response.status(201).json(jobObject(directory.newJob(app, template.id)));
  });
  synchronization.get('/secrets', (request, response) => {
    response.json({ value: maskedSecrets(appOf(directory, request), parts.settings) });
  });
  synchronization.put('/secrets', (request, response) => {
    const pairs = (request.body as { value?: { key?: unknown }[] } | undefined)?.value;
    if (Array.isArray(pairs) && pairs.some(({ key }) => key === 'Oauth2TokenExchangeUri')) {
      return sendGraphError(
        response,
        400,
        'NotInAllowList',
        'Oauth2TokenExchangeUri is not in the allow list.',
      );
    }
    if (saveSecrets(appOf(directory, request), request.body, parts.settings)) response.status(204).end();
    // Graph sends nothing more specific for an unknown key.
    else sendGraphError(response, 500);
  });
  const beta: RequestHandler = (request, response, next) => {
    if (request.originalUrl.startsWith('/beta/') && parts.settings.connectivityParameters !== 'missing')
      next();
    else sendGraphError(response, 404);
  };
  synchronization.get('/connectivityParameters', beta, (request, response) => {
    response.json({ value: shownConnectivity(appOf(directory, request)) });
  });
  synchronization.patch('/connectivityParameters', beta, (request, response) => {
    if (parts.settings.connectivityParameters === 'read-only') return sendGraphError(response, 403);
    if (saveConnectivity(appOf(directory, request), request.body)) response.status(204).end();
    else sendGraphError(response, 400);
  });
  synchronization.get('/jobs/:job', (request, response) => {
    withJob(directory, request, response, ({ job }) => response.json(jobObject(job)));
  });
  synchronization.get('/jobs/:job/schema', (request, response) => {
    withJob(directory, request, response, ({ job }) => response.json(job.schema));
  });
  synchronization.post('/jobs/:job/start', async (request, response) => {
    await withJob(directory, request, response, async ({ app, job }) => {
      job.quarantine = null;
      job.code = 'Active';
      await runCycle(directory, app, job, now());
      response.status(204).end();
    });
  });
  synchronization.post('/jobs/:job/validateCredentials', async (request, response) => {
    await withJob(directory, request, response, async ({ app }) => {
      const { useSavedCredentials, credentials } = (request.body ?? {}) as {
        useSavedCredentials?: boolean;
        credentials?: { key: string; value: string }[];
      };
      const given = useSavedCredentials
        ? app.secrets
        : new Map(credentials?.map(({ key, value }) => [key, value]));
      const unknown = credentials?.find(({ key }) => !inlineKeys.includes(key));
      if (unknown !== undefined) {
        const message = `Requested value '${unknown.key}' was not found.`;
        return sendGraphError(response, 500, 'InternalError', message);
      }
      const failure = await testCredentials(given);
      if (failure === null) response.status(204).end();
      else sendGraphError(response, 400, failure.code, failure.message);
    });
  });
  return router;
}

/** The credentials that can be tested without saving them. */
const inlineKeys = [
  'BaseAddress',
  'SecretToken',
  'AuthenticationType',
  'Oauth2ClientId',
  'Oauth2ClientSecret',
  'Oauth2TokenExchangeUri',
];

function appOf(directory: EntraDirectory, request: Request): SimulatedEnterpriseApp {
  const app = directory.app(String(request.params.id));
  if (app === undefined) throw new Error('simulatePropagation() comes before this');
  return app;
}

function withJob<T>(
  directory: EntraDirectory,
  request: Request,
  response: Response,
  use: (found: { app: SimulatedEnterpriseApp; job: SimulatedJob }) => T,
): T | undefined {
  const app = appOf(directory, request);
  const job = app.jobs.find(({ id }) => id === request.params.job);
  if (job !== undefined) return use({ app, job });
  sendGraphError(response, 404);
  return undefined;
}

function allow({ permissionsOf }: GraphParts, ...anyOf: string[]): RequestHandler {
  return (request, response, next) => {
    const token = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '')?.[1] ?? '';
    const permissions = permissionsOf(token);
    if (permissions === undefined) sendGraphError(response, 401);
    else if (anyOf.length > 0 && !anyOf.some((name) => permissions.includes(name)))
      sendGraphError(response, 403);
    else next();
  };
}

/** Responds with 403 and 409 for a while, as Graph does until a new application is replicated. */
function simulatePropagation(directory: EntraDirectory): RequestHandler {
  return (request, response, next) => {
    const app = directory.app(String(request.params.id));
    if (app === undefined) return sendGraphError(response, 404);
    if (app.propagationErrors <= 0) return next();
    app.propagationErrors -= 1;
    sendGraphError(response, app.propagationErrors % 2 === 0 ? 409 : 403);
  };
}

function appObject({ id, appId, displayName, applicationTemplateId }: SimulatedEnterpriseApp): object {
  return { id, appId, displayName, applicationTemplateId };
}
