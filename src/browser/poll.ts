/* Polls the progress of a task, then opens the next page. Browsers without scripts reload the page instead. */

import { ownPath } from './shared/own-path.ts';

const pauseMs = 1_500;
const failuresBeforeMessage = 4;

document.addEventListener('DOMContentLoaded', () => {
  const place = document.querySelector<HTMLElement>('[data-progress]');
  const url = ownPath(place?.dataset.progress);
  if (place && url !== null) void watch(place, url);
});

async function watch(place: HTMLElement, url: string): Promise<void> {
  for (let failed = 0; ; await pause()) {
    try {
      const response = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      const next = ownPath(((await response.json()) as { next?: unknown }).next);
      if (next !== null) {
        location.replace(next);
        return;
      }
      failed = response.ok ? 0 : failed + 1;
    } catch {
      failed += 1;
    }
    if (failed === failuresBeforeMessage) {
      place.textContent =
        'The server no longer responds. Make sure that it is running, then reload this page.';
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}
