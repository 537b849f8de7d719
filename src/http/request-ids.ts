import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

const ids = new WeakMap<ServerResponse, string>();

/** The ID of the request that a response belongs to. The response and all log lines about the request contain it. */
export function requestIdOf(response: ServerResponse): string {
  const known = ids.get(response);
  if (known !== undefined) return known;
  const id = randomUUID();
  ids.set(response, id);
  return id;
}
