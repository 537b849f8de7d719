import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Deployment } from '../../webex/deployments.ts';
import type { SimulatedAccount } from './organizations.ts';
import type { SignInSettings } from './settings.ts';

interface Session {
  account: SimulatedAccount;
  /** What was chosen at the sign-in, for the one answer that it leads to. */
  chosen: SignInSettings | null;
}

/** Who is signed in at a broker, remembered by a cookie as the real ones do. */
export class SingleSignOn {
  readonly #sessions = new Map<string, Session>();
  readonly #cookie: string;

  /** Cookies do not tell ports apart, so each broker's has its own name. */
  constructor(deployment: Deployment) {
    this.#cookie = `simulated_${deployment}_session`;
  }

  begin(response: Response, session: Session): void {
    const id = randomUUID();
    this.#sessions.set(id, session);
    response.cookie(this.#cookie, id, { httpOnly: true, sameSite: 'lax', path: '/idb' });
  }

  current(request: Request): Session | undefined {
    return this.#sessions.get(this.#idIn(request));
  }

  end(request: Request, response: Response): void {
    this.#sessions.delete(this.#idIn(request));
    response.clearCookie(this.#cookie, { path: '/idb' });
  }

  #idIn(request: Request): string {
    const cookies = (request.headers.cookie ?? '').split(/; */).map((pair) => pair.split('='));
    return cookies.find(([name]) => name === this.#cookie)?.[1] ?? '';
  }
}
