import type { RequestHandler } from 'express';
import type { CleanupServer } from '../service-worker-cleanup/server-app.ts';

/**
 * `GET /service-worker/:nonce`: reports the service workers at this origin to the cleanup server's page, which contains this
 * page in a frame. Only a page from this server can report the right nonce.
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
 * `POST /clear-site-data/:permit`: makes the browser delete everything it stored for this origin, including service workers.
 * The cleanup server's page sends this request, because a service worker could intercept requests from the web app's pages.
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
