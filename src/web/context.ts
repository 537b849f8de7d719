import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Actor, Vault } from '../vault/vault.ts';
import type { BackgroundChecks } from './background-checks.ts';
import type { HandOvers } from './hand-overs.ts';
import type { Proofs } from './proofs.ts';
import type { SideDoor } from './side-door/side-door.ts';
import type { Render } from './views.ts';

/** What every page has at hand. */
export interface WebContext {
  vault: Vault;
  log: Logger;
  checks: BackgroundChecks;
  proofs: Proofs;
  handOvers: HandOvers;
  render: Render;
  /** Null where it could not listen. */
  sideDoor: SideDoor | null;
}

/** Who a request comes from, for the audit log. */
export function actorOf(request: Pick<Request, 'socket'>): Actor {
  const address = request.socket.remoteAddress;
  return address === undefined ? {} : { address };
}
