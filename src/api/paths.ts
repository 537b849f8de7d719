import { isRelayTarget, tokenPath } from '../config/issuer.ts';

/** Every path of the token API. A server may serve other paths too. */
export const apiPaths = {
  token: tokenPath,
  introspection: '/oauth/introspect',
  metadata: '/.well-known/oauth-authorization-server',
  openidMetadata: '/.well-known/openid-configuration',
  openapi: '/openapi.json',
  liveness: '/healthz',
  readiness: '/readyz',
  metrics: '/metrics',
} as const;

const all: ReadonlySet<string> = new Set(Object.values(apiPaths));

/** Whether a request target, as in the request line, is a path of the token API or of the SCIM relay. */
export function isApiPath(target: string): boolean {
  return all.has(pathOf(target)) || isRelayTarget(target);
}

/** Whether a request target is a health check. Its response contains nothing confidential. */
export function isHealthPath(target: string): boolean {
  const path = pathOf(target);
  return path === apiPaths.liveness || path === apiPaths.readiness;
}

/** A request target without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}
