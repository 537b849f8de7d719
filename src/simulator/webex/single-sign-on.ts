import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Deployment } from '../../webex/deployments.ts';
import type { SimulatedAccount } from './organizations.ts';
import type { SignInSettings } from './settings.ts';

interface Session {
  account: SimulatedAccount;
  /** The choices at the sign-in, for the one response that follows it. */
  chosen: SignInSettings | null;
}

/** The sessions at an ID broker, identified by a cookie like those of the real one. */
export class SingleSignOn {
  readonly #sessions = new Map<string, Session>();
  readonly #cookie: string;

  /** Cookies are not separated by port, so each broker has its own cookie name. */
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
