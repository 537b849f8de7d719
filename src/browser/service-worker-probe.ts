/*
 * Runs in a frame of the side door's page, at the web app's origin: says there that the program itself has answered, and
 * which service workers there are. Where a worker answers instead, nothing is said.
 */

import { serviceWorkers } from './shared/service-workers.ts';

const asker = document.currentScript?.dataset.asker;
const nonce = location.pathname.split('/').at(-1);

if (asker !== undefined && parent !== window) void tell(asker);

async function tell(target: string): Promise<void> {
  parent.postMessage({ nonce, workers: null }, target);
  parent.postMessage({ nonce, workers: await serviceWorkers() }, target);
}
