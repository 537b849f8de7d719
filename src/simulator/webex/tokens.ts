import type { Deployment } from '../../webex/deployments.ts';
import type { SimulatedAccount } from './organizations.ts';
import { makeToken, type TokenForm } from './token-formats.ts';

export interface SimulatedToken {
  /** Identifies the token in the request log without revealing it, such as `token-3`. */
  id: string;
  accessToken: string;
  deployment: Deployment;
  account: SimulatedAccount;
  scopes: string[];
  /** When Webex stops accepting it, regardless of `expires_in`. Epoch milliseconds. */
  expiresAt: number;
  revoked: boolean;
}

export interface TokenRequest {
  account: SimulatedAccount;
  scopes: string[];
  lifetimeSeconds: number;
  form: TokenForm;
}

/** All tokens that the simulated Webex has issued. Each deployment knows only its own. */
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

  /** An issued token, whether it is still accepted or not. */
  find(accessToken: string): SimulatedToken | undefined {
    return this.#tokens.get(accessToken);
  }

  accepts(token: SimulatedToken, deployment: Deployment): boolean {
    return token.deployment === deployment && !token.revoked && token.expiresAt > this.#now();
  }

  /** Revokes all tokens of a person, like "Reset Access" in Control Hub or the deactivation of the person. */
  revokeAll(account: SimulatedAccount): void {
    for (const token of this.#tokens.values()) {
      if (token.account === account) token.revoked = true;
    }
  }
}
