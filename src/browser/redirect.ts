/* Redirects to Webex. If a service worker of another project could see the token that comes back, asks the person first. */

import { ownPath } from './shared/own-path.ts';
import { goToSection, showSection } from './shared/sections.ts';
import { listServiceWorkers, serviceWorkers } from './shared/service-workers.ts';

const place = document.querySelector<HTMLElement>('[data-continue-url]');
const continueUrl = ownPath(place?.dataset.continueUrl);
if (continueUrl !== null) void check(continueUrl);

async function check(path: string): Promise<void> {
  const workers = await serviceWorkers();
  if (workers.length === 0) {
    location.replace(path);
    return;
  }
  listServiceWorkers(workers);
  showSection('found');
  goToSection('found');
}
