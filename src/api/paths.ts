/** Every path of the token API, beside which a server may have other pages. */
export const apiPaths = {
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  metadata: '/.well-known/oauth-authorization-server',
  openidMetadata: '/.well-known/openid-configuration',
  liveness: '/healthz',
  readiness: '/readyz',
  metrics: '/metrics',
} as const;

const all: ReadonlySet<string> = new Set(Object.values(apiPaths));

/** Whether a request's target, as it stands in the request line, is one of the token API's. */
export function isApiPath(target: string): boolean {
  return all.has(pathOf(target));
}

/** Whether a request's target is what health checks ask for: it tells nobody anything of worth. */
export function isHealthPath(target: string): boolean {
  const path = pathOf(target);
  return path === apiPaths.liveness || path === apiPaths.readiness;
}

function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}
