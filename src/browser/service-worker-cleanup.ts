/*
 * The side door's page: looks through a frame whether a service worker that another project left stands before the web
 * app, and goes on there where none does. After the person's consent it has the worker removed, and looks again.
 */

import { goToSection, showSection } from './shared/sections.ts';
import { type ServiceWorkerFound, tellServiceWorkers } from './shared/service-workers.ts';

/** How long the program may take to say that it is there, once the frame has loaded; and in all. Milliseconds. */
const silentAfterLoadMs = 1_000;
const silentMs = 5_000;
/** How long a look that is short enough to go unnoticed takes. Milliseconds. */
const unnoticedMs = 400;
/** Some browsers go on removing after they have answered. */
const looksAfterRemoval = 5;
const pauseMs = 300;

const place = document.querySelector<HTMLElement>('[data-app-origin]');
const { appOrigin: main = '', link = '', clear } = place?.dataset ?? {};

if (clear === undefined) void look();
else void remove(clear);

async function look(): Promise<void> {
  const timer = setTimeout(() => showSection('looking'), unnoticedMs);
  const workers = await ask();
  clearTimeout(timer);
  if (workers?.length === 0) continueUrl();
  else tell(workers, workers === null ? 'silent' : 'found');
}

async function remove(permission: string): Promise<void> {
  showSection('removing');
  try {
    const answer = await fetch(permission, { method: 'POST', credentials: 'include', cache: 'no-store' });
    if (!answer.ok) throw new Error('not permitted');
  } catch {
    tell([], 'not-removed');
    return;
  }
  let workers: ServiceWorkerFound[] | null = null;
  for (let looks = 0; looks < looksAfterRemoval; looks += 1) {
    workers = await ask();
    if (workers?.length === 0) {
      continueUrl();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  tell(workers, 'still-there');
}

/** Back to where the person was. */
function continueUrl(): void {
  location.replace(main + link);
}

function tell(workers: readonly ServiceWorkerFound[] | null, section: string): void {
  tellServiceWorkers(workers ?? []);
  showSection(section);
  goToSection(section);
}

/** The service workers at the web app's origin; null where something else answers there than the program. */
function ask(): Promise<ServiceWorkerFound[] | null> {
  const nonce = crypto.randomUUID();
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Looking for what other projects left';
  frame.src = `${main}/service-worker/${nonce}`;
  return new Promise((resolve) => {
    let timer = setTimeout(() => end(null), silentMs);
    let heard = false;
    const end = (workers: ServiceWorkerFound[] | null) => {
      clearTimeout(timer);
      removeEventListener('message', hear);
      frame.remove();
      resolve(workers);
    };
    const hear = ({ origin, source, data }: MessageEvent) => {
      if (origin !== main || source !== frame.contentWindow || data?.nonce !== nonce) return;
      heard = true;
      if (Array.isArray(data.workers)) end(data.workers.map(asFound));
    };
    addEventListener('message', hear);
    frame.addEventListener('load', () => {
      if (heard) return;
      clearTimeout(timer);
      timer = setTimeout(() => end(null), silentAfterLoadMs);
    });
    document.body.append(frame);
  });
}

function asFound(worker: Partial<ServiceWorkerFound> | null): ServiceWorkerFound {
  return { script: String(worker?.script ?? ''), scope: String(worker?.scope ?? '') };
}
