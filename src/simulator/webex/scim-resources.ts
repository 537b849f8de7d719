import SCIMMY from 'scimmy';
import type { GroupAttributes, UserAttributes, UserDirectory } from './user-directory.ts';

/**
 * SCIMMY supports one User and one Group resource for each process. So the handlers are set once, and each request passes the
 * directory of its organization as the context. The handlers are synchronous: SCIMMY has one shared variable with the address for
 * `meta.location`, and a request of another organization must not change it in between.
 */
export function declareScimResources(): void {
  if (SCIMMY.Resources.declared('User')) return;
  SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .extend(SCIMMY.Schemas.EnterpriseUser)
    .ingress((resource, instance, directory: UserDirectory) => {
      const { id: _id, meta: _meta, schemas: _schemas, ...attributes } = plain<UserAttributes>(instance);
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
  SCIMMY.Resources.declare(SCIMMY.Resources.Group)
    .ingress((resource, instance, directory: UserDirectory) => {
      const { id: _id, meta: _meta, schemas: _schemas, ...attributes } = plain<GroupAttributes>(instance);
      const group = resource.id === undefined ? undefined : existingGroup(resource.id, directory);
      return directory.saveGroup(attributes, group);
    })
    .egress((resource, directory: UserDirectory) => {
      if (resource.id !== undefined) return existingGroup(resource.id, directory);
      const groups = directory.listGroups();
      return resource.filter === undefined ? groups : resource.filter.match(groups);
    })
    .degress((resource, directory: UserDirectory) => {
      directory.removeGroup(existingGroup(resource.id ?? '', directory));
    });
}

function existingGroup(id: string, directory: UserDirectory) {
  const group = directory.getGroup(id);
  if (group === undefined) throw new SCIMMY.Types.Error(404, '', `Resource ${id} not found`);
  return group;
}

function existing(id: string, directory: UserDirectory) {
  const user = directory.get(id);
  if (user === undefined) throw new SCIMMY.Types.Error(404, '', `Resource ${id} not found`);
  return user;
}

/** SCIMMY's instances have accessors for their attributes. A plain copy without them is stored. */
function plain<T>(instance: object): T & { id?: string; meta?: unknown; schemas?: unknown } {
  return JSON.parse(JSON.stringify(instance));
}
