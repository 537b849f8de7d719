import { listening } from './foreign-server.ts';

/** What the service worker of another project does with what passes it. */
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
 * Each tells the collector every address, body and answer that it sees. The addresses of a request and of a window hold
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

/** What is needed of a browser's window; puppeteer's and playwright's both do. */
interface Tab {
  goto(url: string): Promise<unknown>;
  waitForFunction(condition: () => boolean): Promise<unknown>;
}

export interface OtherProject<T> {
  /** Where it ran. */
  port: number;
  /** Its window, which is still open. */
  tab: T;
  /** All that its worker told of. */
  seen(): string;
}

/** Another project ran on a port, left its service worker in this browser, and was stopped. */
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
  await tab.goto(project.origin);
  await tab.waitForFunction(() => document.title === 'Installed');
  await project.stop();
  return { port: project.port, tab, seen: () => told.join('\n') };
}
