import type { Deployment } from '../../webex/deployments.ts';
import { documentedLifetimeSeconds, documentedScopes } from '../../webex/documented-values.ts';
import type { SimulatedAccount, SimulatedOrganization } from './organizations.ts';
import { seedUsers } from './seed-users.ts';
import { defaultSettings, type WebexSettings } from './settings.ts';
import type { TokenForm } from './token-formats.ts';
import { type SimulatedToken, TokenRegistry } from './tokens.ts';
import { UserDirectory } from './user-directory.ts';

export interface IssueOptions {
  /** Default: `commercial`. */
  deployment?: Deployment;
  /** Default: the three documented scopes. */
  scopes?: readonly string[];
  /** How long the token is accepted. Default: 365 days. */
  lifetimeSeconds?: number;
  /** Default: the usual opaque format. */
  form?: TokenForm;
}

/** The data of both deployments: people, tokens and users. The servers give access to it. */
export class WebexCloud {
  readonly accounts: SimulatedAccount[];
  readonly organizations: SimulatedOrganization[];
  readonly settings: WebexSettings = defaultSettings();
  readonly tokens: TokenRegistry;
  /** The SCIM users by organization ID. */
  readonly directories: Map<string, UserDirectory>;

  constructor(accounts: SimulatedAccount[], now: () => number) {
    this.accounts = accounts;
    this.tokens = new TokenRegistry(now);
    this.organizations = [...new Set(accounts.map(({ organization }) => organization))];
    this.directories = new Map(
      this.organizations.map((organization) => {
        // Cisco's guide about deactivating a user: "All tokens are revoked for the user".
        const directory = new UserDirectory(now, (userName) => this.#revokeByMail(organization, userName));
        const members = accounts.filter((account) => account.organization === organization);
        for (const user of seedUsers(organization, members)) directory.create(user);
        return [organization.id, directory];
      }),
    );
  }

  accountsOf(deployment: Deployment): SimulatedAccount[] {
    return this.accounts.filter(({ organization }) => organization.deployment === deployment);
  }

  /** Throws if no account of the deployment has this name. */
  account(name: string, deployment: Deployment = 'commercial'): SimulatedAccount {
    const accounts = this.accountsOf(deployment);
    const account = accounts.find((candidate) => candidate.name === name);
    if (account !== undefined) return account;
    throw new RangeError(`No account ${name} in ${deployment}: ${accounts.map((it) => it.name).join(', ')}`);
  }

  issueToken(accountName: string, options: IssueOptions = {}): SimulatedToken {
    return this.tokens.issue({
      account: this.account(accountName, options.deployment),
      scopes: [...(options.scopes ?? documentedScopes)],
      lifetimeSeconds: options.lifetimeSeconds ?? documentedLifetimeSeconds,
      form: options.form ?? 'opaque',
    });
  }

  #revokeByMail(organization: SimulatedOrganization, userName: string): void {
    const person = this.accounts.find(
      ({ organization: home, email }) => home === organization && email === userName.toLowerCase(),
    );
    if (person !== undefined) this.tokens.revokeAll(person);
  }
}
