import { randomUUID } from 'node:crypto';

/** A stored SCIM user. Responses contain dates in place of epoch milliseconds. */
export interface StoredUser {
  id: string;
  userName: string;
  active?: boolean;
  meta: { created: Date; lastModified: Date };
  [attribute: string]: unknown;
}

export type UserAttributes = { userName: string; active?: boolean } & Record<string, unknown>;

/** A stored SCIM group. */
export interface StoredGroup {
  id: string;
  displayName: string;
  meta: { created: Date; lastModified: Date };
  [attribute: string]: unknown;
}

export type GroupAttributes = { displayName: string } & Record<string, unknown>;

/** The users and groups of one organization. */
export class UserDirectory {
  readonly #groups = new Map<string, StoredGroup>();
  readonly #users = new Map<string, StoredUser>();
  readonly #now: () => number;
  readonly #onDeactivated: (userName: string) => void;

  /** `onDeactivated` is called for each user who is deactivated or deleted. */
  constructor(now: () => number, onDeactivated: (userName: string) => void) {
    this.#now = now;
    this.#onDeactivated = onDeactivated;
  }

  list(): StoredUser[] {
    return [...this.#users.values()];
  }

  get(id: string): StoredUser | undefined {
    return this.#users.get(id);
  }

  /** Whether a user other than `id` has this user name, ignoring case (RFC 7643 §4.1.1). */
  isTaken(userName: string, id?: string): boolean {
    const wanted = userName.toLowerCase();
    return this.list().some((user) => user.id !== id && user.userName.toLowerCase() === wanted);
  }

  create(attributes: UserAttributes): StoredUser {
    const created = new Date(this.#now());
    const user = { active: true, ...attributes, id: randomUUID(), meta: { created, lastModified: created } };
    this.#users.set(user.id, user);
    return user;
  }

  replace(user: StoredUser, attributes: UserAttributes): StoredUser {
    const meta = { created: user.meta.created, lastModified: new Date(this.#now()) };
    const replaced = { ...attributes, id: user.id, meta };
    this.#users.set(user.id, replaced);
    if (user.active !== false && replaced.active === false) this.#onDeactivated(user.userName);
    return replaced;
  }

  remove(user: StoredUser): void {
    this.#users.delete(user.id);
    this.#onDeactivated(user.userName);
  }

  listGroups(): StoredGroup[] {
    return [...this.#groups.values()];
  }

  getGroup(id: string): StoredGroup | undefined {
    return this.#groups.get(id);
  }

  /** Stores a group. With `group`, replaces that one. */
  saveGroup(attributes: GroupAttributes, group?: StoredGroup): StoredGroup {
    const lastModified = new Date(this.#now());
    const saved = {
      ...attributes,
      id: group?.id ?? randomUUID(),
      meta: { created: group?.meta.created ?? lastModified, lastModified },
    };
    this.#groups.set(saved.id, saved);
    return saved;
  }

  removeGroup(group: StoredGroup): void {
    this.#groups.delete(group.id);
  }
}
