import type { RequestListener } from 'node:http';
import { sendJson } from '../../api/responses.ts';
import { proofOf } from '../../web/pages/instance.ts';
import { hostOf } from '../../web/request-host.ts';
import { loopbackHosts } from '../listening/loopback-hosts.ts';

const start = '/instance?';

/**
 * Answers the challenges of commands, which wait for two seconds at most, before the web app is loaded. All other requests go
 * to the handler.
 */
export function withInstanceProof(handler: RequestListener, secret: string, port: number): RequestListener {
  const hosts = loopbackHosts(port);
  return (request, response) => {
    const { method, url = '' } = request;
    const isAsked = method === 'GET' && url.startsWith(start) && hosts.has(hostOf(request));
    const challenge = isAsked ? new URLSearchParams(url.slice(start.length)).get('challenge') : null;
    const proof = proofOf(secret, challenge);
    if (proof === null) return handler(request, response);
    sendJson(response, 200, JSON.stringify({ proof }));
  };
}
