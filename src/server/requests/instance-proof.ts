import type { RequestListener } from 'node:http';
import { sendJson } from '../../api/responses.ts';
import { proofOf } from '../../instance/instance-file.ts';
import { hostOf } from '../../web/request-host.ts';
import { loopbackHosts } from '../listening/loopback-hosts.ts';

const start = '/instance?';

/**
 * `GET /instance?challenge=`: proves to the commands of this program that this is their server, and not another program on the
 * port. They wait for two seconds at most, so that the web app, which may have to be loaded, does not answer. All other requests
 * go to the handler.
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
