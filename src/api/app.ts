import type { RequestListener, ServerResponse } from 'node:http';
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
import { apiPaths, pathOf } from './paths.ts';
import { BatchQueue } from './queue/batch-queue.ts';
import { FairLimit } from './queue/fair-limit.ts';
import { forwardedAddress } from './request/forwarded-address.ts';
import { sendJson } from './responses.ts';
import { DecryptedTokenCache } from './tokens/decrypted-token-cache.ts';

/** How many checks run at once. Each one reads the store and occupies a thread of the pool that also writes to the disk. */
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
  /** Fetches the keys of workload identity issuers. Default: uses the proxy and certificates of the environment. */
  fetch?: typeof globalThis.fetch;
  /** How long an issuer may take for one document. Milliseconds. Default: five seconds. */
  issuerTimeoutMs?: number;
  /** Reads the store. By default, the implementation for its engine. */
  reads?: TokenRequestStore;
}

export interface Api {
  listener: RequestListener;
  /** Every path, with its method. `GET` includes `HEAD`. */
  endpoints: ReadonlyMap<string, ApiEndpoint>;
  /** For the SCIM relay, which uses the same queue and clients. */
  context: ApiContext;
  /** Lets requests in flight finish, and releases the store. */
  close(): Promise<void>;
}

export interface ApiEndpoint {
  method: 'GET' | 'POST';
  listener: RequestListener;
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
    issuerKeys: new IssuerKeys(
      {
        fetch: options.fetch ?? outboundFetch,
        now: vault.now,
        timeoutMs: options.issuerTimeoutMs,
      },
      (of, error) =>
        log.warn({ err: error, issuer: of }, 'the keys of a workload identity issuer are not available'),
    ),
    tokenCache,
    throttle: new Throttle(),
    verifiedSecrets: new VerifiedSecrets(),
    rejectedRequests: vault.rejectedCallbacks,
    addressOf: forwardedAddress(trustedProxies),
  };

  vault.rollbackDetector.onProblem((problem) => {
    log.error({ err: problem }, 'the store failed its integrity check: tokens are no longer served');
  });

  const document = metadata(context);
  const endpoints = new Map<string, ApiEndpoint>([
    [apiPaths.token, { method: 'POST', listener: tokenEndpoint(context) }],
    [apiPaths.introspection, { method: 'POST', listener: introspection(context) }],
    [apiPaths.metadata, { method: 'GET', listener: document }],
    [apiPaths.openidMetadata, { method: 'GET', listener: document }],
    [apiPaths.liveness, { method: 'GET', listener: liveness }],
    [apiPaths.readiness, { method: 'GET', listener: readiness(probes, log) }],
  ]);
  if (describe) endpoints.set(apiPaths.openapi, { method: 'GET', listener: description(describe, log) });
  if (probes.metrics) {
    endpoints.set(apiPaths.metrics, { method: 'GET', listener: metrics(probes.metrics, log) });
  }

  return {
    context,
    endpoints,
    listener: (request, response) => {
      try {
        const endpoint = endpoints.get(pathOf(request.url ?? ''));
        if (endpoint === undefined) unknownPath(response);
        else if (!isAllowed(request.method, endpoint)) methodNotAllowed(response, endpoint);
        else endpoint.listener(request, response);
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
    description: 'Internal error. See the server log.',
    status: 500,
  });
}

/** `GET /openapi.json`. */
function description(describe: () => Promise<string>, log: ApiOptions['log']): RequestListener {
  return (_request, response) => {
    describe().then(
      (json) => sendJson(response, 200, json),
      (error: unknown) => internalError(log, response, error),
    );
  };
}

function isAllowed(method: string | undefined, endpoint: ApiEndpoint): boolean {
  return method === endpoint.method || (method === 'HEAD' && endpoint.method === 'GET');
}

function unknownPath(response: ServerResponse): void {
  sendOAuthError(response, { code: 'invalid_request', description: 'Unknown path.', status: 404 });
}

function methodNotAllowed(response: ServerResponse, { method }: ApiEndpoint): void {
  const allow = method === 'GET' ? 'GET, HEAD' : method;
  const description = `Method not allowed. Use ${allow}.`;
  sendOAuthError(response, { code: 'invalid_request', description, status: 405, allow });
}
