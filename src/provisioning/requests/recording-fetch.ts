import type { PushContext } from '../push/push-context.ts';

/** A `fetch` that reports each address once, because a device code sign-in requests the same address again and again. */
export function recordingFetch({ fetch, onEvent }: Pick<PushContext, 'fetch' | 'onEvent'>): typeof fetch {
  const reported = new Set<string>();
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!reported.has(url)) {
      onEvent({ type: 'request', request: { method: init?.method ?? 'GET', url, sent: true } });
    }
    reported.add(url);
    return fetch(input, init);
  };
}
