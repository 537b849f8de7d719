import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import { requireBearer } from './bearer.ts';
import { type IdBrokerParts, idBroker } from './id-broker.ts';
import { styleSheet } from './pages.ts';
import { restApi } from './rest-api.ts';
import { scimApi } from './scim-api.ts';
import type { UserDirectory } from './user-directory.ts';
import { sendWebexError } from './webex-error.ts';

export interface WebexParts extends IdBrokerParts {
  /** By organization ID. */
  directories: Map<string, UserDirectory>;
}

/** One deployment: its ID broker, REST API and SCIM service, on one address. */
export function webexApp(parts: WebexParts): Express {
  const app = express();
  const bearer = requireBearer(parts.tokens, parts.deployment);
  const scim = scimApi(parts.directories, parts.settings);
  app.disable('x-powered-by').use(headers, (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.get('/idb/pages/simulated.css', (_request, response) => response.sendFile(styleSheet));
  app.use('/idb', idBroker(parts));
  app.use('/v1/scim/:orgId', bearer, scim);
  app.use('/identity/scim/:orgId/v2', bearer, scim);
  app.use('/v1', bearer, restApi(parts.settings));
  app.use((_request, response) => sendWebexError(response, 404));
  app.use(lastResort);
  return app;
}

/** The page posts to this broker and is redirected to the web app. For Chromium, that is a target of the form, too. */
const headers = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ['data:'],
      formAction: ["'self'", 'http://localhost:*'],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
});

const lastResort: ErrorRequestHandler = (error: { status?: number }, _request, response, next) => {
  if (response.headersSent) next();
  else sendWebexError(response, error.status === 400 ? 400 : 500);
};
