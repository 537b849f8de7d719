/** A service worker that is installed in this browser. */
export interface ServiceWorkerFound {
  /** The URL of its script; empty if the browser does not report it. */
  script: string;
  /** It can intercept every page whose URL starts with this. */
  scope: string;
}

/**
 * The service workers at the origin of this page. The web app has none. Each of them counts, because even one that does
 * not control a page can see its URL.
 */
export async function serviceWorkers(): Promise<ServiceWorkerFound[]> {
  // Browsers that block storage for this origin have none, and throw an error.
  const registrations = (await navigator.serviceWorker?.getRegistrations().catch(() => [])) ?? [];
  return registrations.map(({ active, waiting, installing, scope }) => ({
    script: (active ?? waiting ?? installing)?.scriptURL ?? '',
    scope,
  }));
}

/** Lists the workers in the page. */
export function listServiceWorkers(workers: readonly ServiceWorkerFound[]): void {
  const list = document.querySelector('[data-found]');
  const template = document.querySelector<HTMLTemplateElement>('template[data-worker]');
  if (list === null || template === null) return;
  list.replaceChildren(
    ...workers.map((worker) => {
      const item = template.content.cloneNode(true) as DocumentFragment;
      for (const part of ['script', 'scope'] as const) {
        const place = item.querySelector(`[data-text="${part}"]`);
        if (place !== null) place.textContent = worker[part] || 'unknown';
      }
      return item;
    }),
  );
}
