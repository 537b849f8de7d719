import { backupTarget, csvTarget } from './file-targets.ts';
import { foreignAssertionTarget } from './foreign-assertion-target.ts';
import { cookieTarget, hostTarget, originTarget, tokenEndpointTarget } from './http-targets.ts';
import { neighborsTarget } from './neighbors-target.ts';
import { locationTarget, relayTargetTarget } from './relay-targets.ts';
import type { Target } from './target.ts';
import {
  assertionTarget,
  clientAuthenticationTarget,
  configTarget,
  fragmentTarget,
  importTarget,
} from './text-targets.ts';

/** Every parser of untrusted input, by name. */
export const targets: Record<string, () => Promise<Target<never>> | Target<never>> = {
  fragment: fragmentTarget as never,
  import: importTarget as never,
  host: hostTarget as never,
  origin: originTarget as never,
  cookies: cookieTarget as never,
  'client-authentication': clientAuthenticationTarget as never,
  'token-endpoint': tokenEndpointTarget as never,
  'neighbors-sqlite': () => neighborsTarget('sqlite') as never,
  'neighbors-postgres': () => neighborsTarget('postgres') as never,
  assertions: assertionTarget as never,
  'foreign-assertions': foreignAssertionTarget as never,
  'relay-target': relayTargetTarget as never,
  'relay-locations': locationTarget as never,
  config: configTarget as never,
  csv: csvTarget as never,
  backup: backupTarget as never,
};
