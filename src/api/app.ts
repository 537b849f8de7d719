import type { RequestListener, ServerResponse } from 'node:http';
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Logger } from 'pino';
import { outboundFetch } from '../http/fetch.ts';
import { requestIdOf } from '../http/request-ids.ts';
import { openTokenRequestStore } from '../store/token-requests/open.ts';
import type { TokenRequestStore } from '../store/token-requests/token-request-store.ts';
import type { Vault } from '../vault/context.ts';
import { storeLocation } from '../vault/store-location.ts';
import { IssuerKeys } from './client-auth/issuer-keys.ts';
import { Throttle } from './client-auth/throttle.ts';
import { VerifiedSecrets } from './client-auth/verified-secrets.ts';
import type { ApiContext } from './context.ts';
import { type HealthProbes, liveness, metrics, readiness } from './endpoints/health.ts';
import { introspection } from './endpoints/introspection.ts';
import { metadata } from './endpoints/metadata.ts';
import { tokenEndpoint } from './endpoints/token.ts';
import { sendOAuthError } from './oauth-error.ts';
import { apiPaths } from './paths.ts';
import { BatchQueue } from './queue/batch-queue.ts';
import { FairLimit } from './queue/fair-limit.ts';
import { forwardedAddress } from './request/forwarded-address.ts';
import { sendJson } from './responses.ts';
import { DecryptedTokenCache } from './tokens/decrypted-token-cache.ts';

/** Each check reads the store and occupies a thread of the pool that also writes to the disk. */
const assertionChecksAtOnce = 2;

export interface ApiOptions {
  vault: Vault;
  log: Pick<Logger, 'error' | 'warn'>;
  /** The API's own address as its clients see it, without a trailing slash. */
  issuer: string;
  /** Other addresses that clients use for this server, in the form of the issuer. */
  origins?: string[];
  probes: HealthProbes;
  /** The description of the API in OpenAPI, as JSON. */
  describe?(): Promise<string>;
  /** The reverse proxies whose `X-Forwarded-For` is trusted: addresses or networks. None by default. */
  trustedProxies?: string[];
  /** Asks the issuers of workload identities for their keys. Default: with the proxy and certificates of the environment. */
  fetch?: typeof globalThis.fetch;
  /** Reads the store. By default, the implementation for its engine. */
  reads?: TokenRequestStore;
}

export interface Api {
  app: Express;
  /** For the SCIM relay, which shares the queue and the clients. */
  context: ApiContext;
  /** The same, with a shorter way to the token endpoint. */
  listener: RequestListener;
  /** Lets requests in flight finish, and releases the store. */
  close(): Promise<void>;
}

/** The token API. It may be served to other hosts, over TLS or behind a proxy that terminates TLS. */
export function createApi(options: ApiOptions): Api {
  const { vault, log, issuer, probes, describe, origins = [], trustedProxies = [] } = options;
  const reads = options.reads ?? openTokenRequestStore(storeLocation(vault.settings), vault.db, vault.now);
  const tokenCache = new DecryptedTokenCache(vault.keys, vault.now);
  const queue = new BatchQueue(reads, vault.now);
  const context: ApiContext = {
    vault,
    log,
    issuer,
    origins: [issuer, ...origins],
    queue,
    assertionChecks: new FairLimit(assertionChecksAtOnce),
    issuerKeys: new IssuerKeys({ fetch: options.fetch ?? outboundFetch, now: vault.now }, (of, error) => {
      log.warn({ err: error, issuer: of }, 'the keys of an issuer of workload identities are not available');
    }),
    tokenCache,
    throttle: new Throttle(),
    verifiedSecrets: new VerifiedSecrets(),
    rejectedRequests: vault.rejectedCallbacks,
    addressOf: forwardedAddress(trustedProxies),
  };

  vault.rollbackDetector.onProblem((problem) => {
    log.error({ err: problem }, 'the store failed its integrity check: no more tokens are served');
  });

  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.set('query parser', false);
  const token = tokenEndpoint(context);
  route(app, apiPaths.token, 'post', token);
  route(app, apiPaths.introspection, 'post', introspection(context));
  route(app, apiPaths.metadata, 'get', metadata(context));
  route(app, apiPaths.openidMetadata, 'get', metadata(context));
  if (describe) {
    route(app, apiPaths.openapi, 'get', (_request, response, next) => {
      describe().then((json) => sendJson(response, 200, json), next);
    });
  }
  route(app, apiPaths.liveness, 'get', liveness);
  route(app, apiPaths.readiness, 'get', readiness(probes, log));
  if (probes.metrics) route(app, apiPaths.metrics, 'get', metrics(probes.metrics, log));
  app.use((_request, response) => {
    sendOAuthError(response, {
      code: 'invalid_request',
      description: 'Unknown path.',
      status: 404,
    });
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    internalError(log, response, error);
  });

  return {
    app,
    context,
    // Nearly all requests are for the token endpoint, and Express adds a tenth to the time that one takes.
    listener: (request, response) => {
      if (request.method !== 'POST' || request.url !== apiPaths.token) return app(request, response);
      try {
        token(request, response);
      } catch (error) {
        internalError(log, response, error);
      }
    },
    close: async () => {
      await queue.idle();
      await reads.close();
      tokenCache.clear();
    },
  };
}

function internalError(log: ApiOptions['log'], response: ServerResponse, error: unknown): void {
  log.error({ err: error, requestId: requestIdOf(response) }, 'token API request failed');
  sendOAuthError(response, {
    code: 'server_error',
    description: 'Internal error. See the log of the server.',
    status: 500,
  });
}

function route(app: Express, path: string, method: 'get' | 'post', handler: RequestHandler): void {
  app[method](path, handler);
  const allow = method === 'get' ? 'GET, HEAD' : 'POST';
  app.all(path, (_request, response) => {
    const description = `Method not allowed. Use ${allow}.`;
    sendOAuthError(response, { code: 'invalid_request', description, status: 405, allow });
  });
}
