/*
 * The script of the cleanup page. A frame checks whether a service worker of another project controls the web app's
 * origin; if not, the page opens the link. If the person consents, it removes the worker and checks again.
 */

import { goToSection, showSection } from './shared/sections.ts';
import { listServiceWorkers, type ServiceWorkerFound } from './shared/service-workers.ts';

/** How long to wait for a message from the frame: for the first one after it has loaded, and for each. Milliseconds. */
const timeoutAfterLoadMs = 1_000;
const timeoutMs = 20_000;
/** A check that is faster than this shows no message. Milliseconds. */
const messageDelayMs = 400;
/** Some browsers respond before they have removed the worker. */
const checksAfterRemoval = 5;
const pauseMs = 300;

const place = document.querySelector<HTMLElement>('[data-app-origin]');
const { appOrigin: main = '', link = '', clear } = place?.dataset ?? {};

if (clear === undefined) void check();
else void remove(clear);

async function check(): Promise<void> {
  const timer = setTimeout(() => showSection('looking'), messageDelayMs);
  const workers = await findWorkers();
  clearTimeout(timer);
  if (workers?.length === 0) openLink();
  else showWorkers(workers, workers === null ? 'silent' : 'found');
}

async function remove(permitUrl: string): Promise<void> {
  showSection('removing');
  try {
    const response = await fetch(permitUrl, { method: 'POST', credentials: 'include', cache: 'no-store' });
    if (!response.ok) throw new Error('not permitted');
  } catch {
    showWorkers([], 'not-removed');
    return;
  }
  let workers: ServiceWorkerFound[] | null = null;
  for (let attempt = 0; attempt < checksAfterRemoval; attempt += 1) {
    workers = await findWorkers();
    if (workers?.length === 0) {
      openLink();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  showWorkers(workers, 'still-there');
}

/** Opens the one-time link in the web app. */
function openLink(): void {
  location.replace(main + link);
}

function showWorkers(workers: readonly ServiceWorkerFound[] | null, section: string): void {
  listServiceWorkers(workers ?? []);
  showSection(section);
  goToSection(section);
}

/** The service workers at the web app's origin; null if this server does not respond there. */
function findWorkers(): Promise<ServiceWorkerFound[] | null> {
  const nonce = crypto.randomUUID();
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Checking for service workers of other projects';
  frame.src = `${main}/service-worker/${nonce}`;
  return new Promise((resolve) => {
    let timer = setTimeout(() => finish(null), timeoutMs);
    let received = false;
    const finish = (workers: ServiceWorkerFound[] | null) => {
      clearTimeout(timer);
      removeEventListener('message', onMessage);
      frame.remove();
      resolve(workers);
    };
    const onMessage = ({ origin, source, data }: MessageEvent) => {
      if (origin !== main || source !== frame.contentWindow || data?.nonce !== nonce) return;
      received = true;
      clearTimeout(timer);
      timer = setTimeout(() => finish(null), timeoutMs);
      if (Array.isArray(data.workers)) finish(data.workers.map(asFound));
    };
    addEventListener('message', onMessage);
    frame.addEventListener('load', () => {
      if (received) return;
      clearTimeout(timer);
      timer = setTimeout(() => finish(null), timeoutAfterLoadMs);
    });
    document.body.append(frame);
  });
}

function asFound(worker: Partial<ServiceWorkerFound> | null): ServiceWorkerFound {
  return { script: String(worker?.script ?? ''), scope: String(worker?.scope ?? '') };
}
