import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Actor, Vault } from '../vault/vault.ts';
import type { VerificationJobs } from './background-checks.ts';
import type { PushJobs } from './hand-overs.ts';
import type { TokenTestJobs } from './proofs.ts';
import type { CleanupServer } from './side-door/side-door.ts';
import type { Render } from './views.ts';

/** What every page has at hand. */
export interface WebContext {
  vault: Vault;
  log: Logger;
  checks: VerificationJobs;
  proofs: TokenTestJobs;
  handOvers: PushJobs;
  render: Render;
  /** Null where it could not listen. */
  sideDoor: CleanupServer | null;
}

/** Who a request comes from, for the audit log. */
export function actorOf(request: Pick<Request, 'socket'>): Actor {
  const address = request.socket.remoteAddress;
  return address === undefined ? {} : { address };
}
