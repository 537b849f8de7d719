import type { RelayRights } from '../../domain/client.ts';

const methods: Record<RelayRights, ReadonlySet<string>> = {
  read: new Set(['GET', 'HEAD']),
  write: new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH']),
  all: new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
};

/** Whether the rights of a client include a method. */
export function mayUse(rights: RelayRights, method: string): boolean {
  return methods[rights].has(method);
}
