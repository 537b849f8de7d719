import { relayPath } from '../../config/issuer.ts';

/*
 * Which request targets are forwarded. The allowlist applies to the raw text, without decoding or normalizing anything, so the
 * text that is checked is the text that is sent.
 */

/** The documented resources of SCIM (RFC 7644 §3.2). */
export const resources = {
  Users: { collection: ['GET', 'HEAD', 'POST'], item: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] },
  Groups: { collection: ['GET', 'HEAD', 'POST'], item: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] },
  ServiceProviderConfig: { collection: ['GET', 'HEAD'], item: null },
  ResourceTypes: { collection: ['GET', 'HEAD'], item: ['GET', 'HEAD'] },
  Schemas: { collection: ['GET', 'HEAD'], item: ['GET', 'HEAD'] },
} as const;

export type ResourceType = keyof typeof resources;

export const resourceTypes = Object.keys(resources) as ResourceType[];

/** A target below `/scim/`. */
export interface RelayTarget {
  /** The profile name as the client sent it; null if it is not a valid name. */
  profile: string | null;
  /** Null if the target is not forwarded. */
  forwarded: {
    resource: ResourceType;
    /** Appended to the tenant URL: the path after the profile, and the query, exactly as the client sent them. */
    suffix: string;
    methods: readonly string[];
  } | null;
}

const prefix = `${relayPath}/`;
const profilePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/**
 * An ID: the characters of a path segment (RFC 3986 §3.3) except `;`, after which some servers cut off the rest, and percent
 * escapes of harmless characters such as letters. An escaped slash, backslash, dot, percent or control character is rejected.
 */
const idPattern =
  /^(?:[\w.~!$&'()*+,=:@-]|%(?:2[0-46-9A-D]|3[0-9ACDF]|4[0-9A-F]|5[0-9ABD-F]|6[0-9A-F]|7[0-9A-E]|[89A-F][0-9A-F])){1,512}$/i;

/** Visible ASCII characters. Clients have to escape all others. */
const queryPattern = /^\?[!-"$-~]{0,8192}$/;

/** Parses a target of the relay. */
export function readRelayTarget(target: string): RelayTarget {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  const [name = '', resource = '', id, ...more] = path.slice(prefix.length).split('/');
  const profile = profilePattern.test(name) ? name : null;
  const known = resourceTypes.find((each) => each === resource);
  if (known === undefined || more.length > 0 || (query !== '' && !queryPattern.test(query))) {
    return { profile, forwarded: null };
  }
  const { collection, item } = resources[known];
  const methods = id === undefined ? collection : isId(id) ? item : null;
  if (methods === null) return { profile, forwarded: null };
  const suffix = `/${known}${id === undefined ? '' : `/${id}`}${query}`;
  return { profile, forwarded: { resource: known, suffix, methods } };
}

function isId(text: string): boolean {
  return text !== '.' && text !== '..' && idPattern.test(text);
}
