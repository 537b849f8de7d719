/* Adds the steps of a push job to the page, and reloads the page when the stage of the job changes. */

import { ownPath } from './shared/own-path.ts';

interface Progress {
  stage: string;
  tasks: { steps: { status: string; message: string }[]; waiting: string | null }[];
}

const pauseMs = 1_000;

document.addEventListener('DOMContentLoaded', () => {
  const place = document.querySelector<HTMLElement>('[data-push-job]');
  const url = ownPath(place?.dataset.pushJob);
  if (place && url !== null) void follow(place, url);
});

async function follow(place: HTMLElement, url: string): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      const response = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      const progress = (await response.json()) as Progress;
      if (!response.ok || progress.stage !== place.dataset.stage) {
        location.reload();
        return;
      }
      progress.tasks.forEach((task, at) => {
        show(place.querySelectorAll<HTMLElement>('.push-task')[at], task);
      });
    } catch {
      // The server does not respond: keep what the page shows, and try again.
    }
  }
}

function show(section: HTMLElement | undefined, { steps, waiting }: Progress['tasks'][number]): void {
  const list = section?.querySelector('[data-steps]');
  if (!list) return;
  for (const { status, message } of steps.slice(list.children.length)) {
    const kind = ['done', 'failed'].includes(status) ? status : 'skipped';
    const template = document.querySelector<HTMLTemplateElement>(`template[data-step="${kind}"]`);
    const item = template?.content.cloneNode(true) as DocumentFragment | undefined;
    const text = item?.querySelector('span');
    if (!item || !text) return;
    text.textContent = message;
    list.append(item);
  }
  const status = section?.querySelector('[data-waiting]');
  const text = waiting ?? 'In progress…';
  if (status && status.textContent !== text) status.textContent = text;
}
