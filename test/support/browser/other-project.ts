import { stepHangsMs } from '../hang-limits.ts';
import { listening } from './foreign-server.ts';

/** What the service worker of another project does with requests. */
export type WorkerKind = 'answers from its cache' | 'passes everything on' | 'only watches';

const answering: Record<WorkerKind, string> = {
  'answers from its cache': 'event.respondWith(caches.match("/").then((page) => page.clone()))',
  'passes everything on': `event.respondWith(fetch(event.request).then((answer) => {
    answer.clone().text().then((text) => tell('answer', text));
    return answer;
  }))`,
  'only watches': '',
};

/**
 * Each sends every URL, body and response that it sees to the collector. The URLs of a request and of a window contain
 * the fragment, and so the token.
 */
const worker = (kind: WorkerKind, collector: string) => `
  const tell = (...seen) => fetch('${collector}', { method: 'POST', mode: 'no-cors', body: JSON.stringify(seen) });
  addEventListener('install', (event) => {
    skipWaiting();
    event.waitUntil(caches.open('other-project').then((cache) => cache.add('/')));
  });
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { request } = event;
    tell('request', request.method, request.url, request.referrer);
    if (request.method === 'POST') request.clone().text().then((text) => tell('body', text));
    event.waitUntil(clients.matchAll({ includeUncontrolled: true, type: 'window' }).then((windows) => {
      tell('windows', windows.map(({ url }) => url));
    }));
    ${answering[kind]}
  });`;

const page = `<!doctype html><title>Another project</title><h1>Another project</h1><script>
  navigator.serviceWorker.register('/sw.js');
  navigator.serviceWorker.ready.then(() => {
    localStorage.setItem('draft', 'of another project');
    document.title = 'Installed';
  });
</script>`;

/** The part of a browser tab that is used; those of puppeteer and playwright both fit. */
interface Tab {
  setDefaultTimeout(milliseconds: number): void;
  goto(url: string): Promise<unknown>;
  waitForFunction(condition: () => boolean): Promise<unknown>;
}

export interface OtherProject<T> {
  /** The origin where it ran. */
  port: number;
  /** Its tab, which is still open. */
  tab: T;
  /** Everything that its worker reported. */
  seen(): string;
}

/** Runs another project on a port, which leaves its service worker in this browser, and stops it. */
export async function leaveWorker<T extends Tab>(
  context: { newPage(): Promise<T> },
  kind: WorkerKind,
): Promise<OtherProject<T>> {
  const told: string[] = [];
  const collector = await listening((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => told.push(text));
    request.on('end', () => response.end());
  });
  const project = await listening((request, response) => {
    const isWorker = request.url === '/sw.js';
    response.setHeader('content-type', isWorker ? 'text/javascript' : 'text/html');
    response.end(isWorker ? worker(kind, collector.origin) : page);
  });
  const tab = await context.newPage();
  tab.setDefaultTimeout(stepHangsMs);
  await tab.goto(project.origin);
  await tab.waitForFunction(() => document.title === 'Installed');
  await project.stop();
  return { port: project.port, tab, seen: () => told.join('\n') };
}
