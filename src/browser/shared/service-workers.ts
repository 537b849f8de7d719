/** A service worker that is installed in this browser. */
export interface ServiceWorkerFound {
  /** Its script's address; empty where the browser does not tell. */
  script: string;
  /** Every page whose address begins so goes through it. */
  scope: string;
}

/**
 * The service workers at this page's origin. None is ours. Any of them counts: one that is not in charge of a page can
 * see the page's address all the same.
 */
export async function serviceWorkers(): Promise<ServiceWorkerFound[]> {
  // Browsers that forbid this origin to store anything have none, and throw when asked.
  const registrations = (await navigator.serviceWorker?.getRegistrations().catch(() => [])) ?? [];
  return registrations.map(({ active, waiting, installing, scope }) => ({
    script: (active ?? waiting ?? installing)?.scriptURL ?? '',
    scope,
  }));
}

/** Names the workers in the page. */
export function tellServiceWorkers(workers: readonly ServiceWorkerFound[]): void {
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
