import type { RequestHandler } from 'express';
import type { CleanupServer } from '../service-worker-cleanup/server-app.ts';

/**
 * `GET /service-worker/:nonce`: reports the service workers at this origin to the page of the cleanup server, which
 * frames this page. Only a page of this server can report the nonce of that moment.
 */
export function probePage({ origin }: CleanupServer): RequestHandler {
  return (_request, response) => {
    response.removeHeader('X-Frame-Options');
    response
      .type('html')
      .send(
        `<!doctype html>\n<html lang="en">\n<title>Service workers</title>\n<script src="/assets/service-worker-probe.js" data-requester="${origin}"></script>\n`,
      );
  };
}

/**
 * `POST /clear-site-data/:permit`: makes the browser delete what it stored for this origin, service workers included. The
 * page of the cleanup server sends this request, because a service worker could intercept requests that pages of the web app send.
 */
export function clearSiteData({ origin, permits }: CleanupServer): RequestHandler<{ permit: string }> {
  return (request, response, next) => {
    if (request.headers.origin !== origin || !permits.use(request.params.permit)) {
      next();
      return;
    }
    response
      .set({
        'Clear-Site-Data': '"storage"',
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
      })
      .sendStatus(204);
  };
}
