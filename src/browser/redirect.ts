/* Goes on to Webex, unless another project's service worker waits here for what comes back: then the person is asked. */

import { ownPath } from './shared/own-path.ts';
import { goToSection, showSection } from './shared/sections.ts';
import { serviceWorkers, tellServiceWorkers } from './shared/service-workers.ts';

const place = document.querySelector<HTMLElement>('[data-continue-url]');
const continueUrl = ownPath(place?.dataset.continueUrl);
if (continueUrl !== null) void check(continueUrl);

async function check(path: string): Promise<void> {
  const workers = await serviceWorkers();
  if (workers.length === 0) {
    location.replace(path);
    return;
  }
  tellServiceWorkers(workers);
  showSection('found');
  goToSection('found');
}
