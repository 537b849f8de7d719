import type { Deployment } from '../../webex/deployments.ts';
import type { SimulatedAccount } from './organizations.ts';
import { makeToken, type TokenForm } from './token-formats.ts';

export interface SimulatedToken {
  /** Names the token in the record of requests without being it, e.g. `token-3`. */
  id: string;
  accessToken: string;
  deployment: Deployment;
  account: SimulatedAccount;
  scopes: string[];
  /** Epoch milliseconds: when Webex really stops accepting it, whatever `expires_in` said. */
  expiresAt: number;
  revoked: boolean;
}

export interface TokenRequest {
  account: SimulatedAccount;
  scopes: string[];
  lifetimeSeconds: number;
  form: TokenForm;
}

/** Every token the simulated Webex has given out. One deployment knows nothing of the other's. */
export class TokenRegistry {
  readonly #tokens = new Map<string, SimulatedToken>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  issue({ account, scopes, lifetimeSeconds, form }: TokenRequest): SimulatedToken {
    const { deployment, id: orgId } = account.organization;
    const expiresAt = this.#now() + lifetimeSeconds * 1000;
    const token: SimulatedToken = {
      id: `token-${this.#tokens.size + 1}`,
      accessToken: makeToken({ form, deployment, orgId, expiresAt }),
      deployment,
      account,
      scopes,
      expiresAt,
      revoked: false,
    };
    this.#tokens.set(token.accessToken, token);
    return token;
  }

  /** The token as it was given out, still accepted or not. */
  find(accessToken: string): SimulatedToken | undefined {
    return this.#tokens.get(accessToken);
  }

  accepts(token: SimulatedToken, deployment: Deployment): boolean {
    return token.deployment === deployment && !token.revoked && token.expiresAt > this.#now();
  }

  /** What "Reset Access" in Control Hub and the deactivation of a person do: no token of theirs is left. */
  revokeAll(account: SimulatedAccount): void {
    for (const token of this.#tokens.values()) {
      if (token.account === account) token.revoked = true;
    }
  }
}
