import type { RequestListener } from 'node:http';
import { sendJson } from '../../api/responses.ts';
import { proofOf } from '../../instance/instance-file.ts';
import { hostOf } from '../../web/request-host.ts';
import { loopbackHosts } from '../listening/loopback-hosts.ts';

const start = '/instance?';

/**
 * `GET /instance?challenge=`: proves to this program's commands that this is their server, and not another program on the port.
 * Because commands wait at most two seconds, this is handled here and not by the web app, which may have to be loaded first. All
 * other requests go to the handler.
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
