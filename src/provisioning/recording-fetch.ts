import type { RequestPreview } from './request-preview.ts';

/** A `fetch` that shows where it goes, once for each address: a sign-in asks the same one again and again. */
export function recordingFetch(
  fetch: typeof globalThis.fetch,
  onRequest: (request: RequestPreview) => void,
): typeof globalThis.fetch {
  const shown = new Set<string>();
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!shown.has(url)) onRequest({ method: init?.method ?? 'GET', url, sent: true });
    shown.add(url);
    return fetch(input, init);
  };
}
