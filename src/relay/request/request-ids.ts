import type { ServerResponse } from 'node:http';

const ids = new WeakMap<ServerResponse, string>();

/** Remembers the ID of a relayed request, which its answer and every line of the log about it have. */
export function setRequestId(response: ServerResponse, id: string): void {
  ids.set(response, id);
}

/** The ID of the request that a response belongs to; undefined if it is not a relayed one. */
export function requestIdOf(response: ServerResponse): string | undefined {
  return ids.get(response);
}
