import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { createApi } from '../api/app.ts';
import { isRelayTarget } from '../config/issuer.ts';
import { createRelay } from '../relay/relay.ts';
import type { Vault } from '../vault/context.ts';
import { healthProbes } from './health-probes.ts';

export interface ApiListenerOptions {
  vault: Vault;
  log: Logger;
  issuer: string;
  /** Other addresses that clients use for this server. */
  origins: string[];
  trustedProxies?: string[];
}

/** The token API and the SCIM relay, which are served together. */
export function createApiListener(options: ApiListenerOptions): {
  listener: RequestListener;
  close(): Promise<void>;
} {
  const { vault, log, issuer } = options;
  const api = createApi({
    ...options,
    probes: healthProbes(vault, () => relay.metrics()),
    // Loaded on the first request, because it would delay the start.
    describe: async () => {
      const { openApiDocument } = await import('../openapi/document.ts');
      return JSON.stringify(openApiDocument(issuer));
    },
  });
  const relay = createRelay({ api: api.context, log });
  return {
    listener: (request, response) =>
      isRelayTarget(request.url ?? '') ? relay.listener(request, response) : api.listener(request, response),
    close: async () => {
      await relay.close();
      await api.close();
    },
  };
}
