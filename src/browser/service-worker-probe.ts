/*
 * Runs in a frame of the cleanup page, at the web app's origin. It reports to that page that the server itself responded,
 * and which service workers are installed. If a service worker responds instead, the cleanup page gets no message.
 */

import { serviceWorkers } from './shared/service-workers.ts';

const requester = document.currentScript?.dataset.requester;
const nonce = location.pathname.split('/').at(-1);

if (requester !== undefined && parent !== window) void report(requester);

async function report(target: string): Promise<void> {
  parent.postMessage({ nonce, workers: null }, target);
  parent.postMessage({ nonce, workers: await serviceWorkers() }, target);
}
