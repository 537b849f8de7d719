import SCIMMY from 'scimmy';
import type { UserAttributes, UserDirectory } from './user-directory.ts';

/**
 * SCIMMY knows one User resource a process, so the handlers are set once and each request brings its
 * organization's directory along as the context. They answer at once, with nothing to wait for: SCIMMY keeps the
 * address for `meta.location` in a shared place, and a request of another organization must not interfere.
 */
export function declareScimUsers(): void {
  if (SCIMMY.Resources.declared('User')) return;
  SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .extend(SCIMMY.Schemas.EnterpriseUser)
    .ingress((resource, instance, directory: UserDirectory) => {
      const { id: _id, meta: _meta, schemas: _schemas, ...attributes } = plain(instance);
      if (directory.isTaken(attributes.userName, resource.id)) {
        throw new SCIMMY.Types.Error(409, 'uniqueness', 'A user with this userName exists already');
      }
      if (resource.id === undefined) return directory.create(attributes);
      return directory.replace(existing(resource.id, directory), attributes);
    })
    .egress((resource, directory: UserDirectory) => {
      if (resource.id !== undefined) return existing(resource.id, directory);
      const users = directory.list();
      return resource.filter === undefined ? users : resource.filter.match(users);
    })
    .degress((resource, directory: UserDirectory) => {
      directory.remove(existing(resource.id ?? '', directory));
    });
}

function existing(id: string, directory: UserDirectory) {
  const user = directory.get(id);
  if (user === undefined) throw new SCIMMY.Types.Error(404, '', `Resource ${id} not found`);
  return user;
}

/** SCIMMY's instances guard their attributes by accessors; what is stored is theirs no more. */
function plain(instance: object): UserAttributes & { id?: string; meta?: unknown; schemas?: unknown } {
  return JSON.parse(JSON.stringify(instance));
}
