import type { RequestHandler } from 'express';
import type { CleanupServer } from '../service-worker-cleanup/server-app.ts';

/**
 * `GET /service-worker/:nonce`: which service workers there are at this origin, told to the side door, which frames this page.
 * Only a browser that asks this very program gets an answer with the nonce of the moment out of it.
 */
export function probePage({ origin }: CleanupServer): RequestHandler {
  return (_request, response) => {
    response.removeHeader('X-Frame-Options');
    response
      .type('html')
      .send(
        `<!doctype html>\n<html lang="en">\n<title>Left-overs</title>\n<script src="/assets/service-worker-probe.js" data-asker="${origin}"></script>\n`,
      );
  };
}

/**
 * `POST /clear-site-data/:permit`: has the browser forget what it stored for this origin, service workers included. Asked for
 * from here, a worker could answer in our place: so that it is the side door's page that asks.
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
