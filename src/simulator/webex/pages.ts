import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';
import type { Response } from 'express';
import { type Deployment, deploymentTitles } from '../../webex/deployments.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { displayName, roleTitles, type SimulatedAccount } from './organizations.ts';
import type { SignInSettings } from './settings.ts';
import { errorCodes, questionsWith } from './sign-in-form.ts';

const pagesFolder = join(import.meta.dirname, 'pages');
export const styleSheet = join(pagesFolder, 'simulated.css');

const signInPage = template('sign-in');
const messagePage = template('message');

export interface SignInPage {
  deployment: Deployment;
  accounts: SimulatedAccount[];
  request: AuthorizationRequest;
  query: string;
  settings: SignInSettings;
}

/** The sign-in page. Each account is a button that signs in immediately. */
export function sendSignInPage(response: Response, page: SignInPage): void {
  const [usual, ...others] = page.accounts;
  send(response, 200, signInPage, {
    title: `Sign in to the simulated ${deploymentTitles[page.deployment]}`,
    where: whereTitle(page.deployment),
    usual: usual && card(usual),
    others: others.map(card),
    scopes: page.request.scopes,
    returnsTo: new URL(page.request.redirectUri).host,
    query: page.query,
    questions: questionsWith(page.settings),
    errorCodes,
  });
}

function card(account: SimulatedAccount): object {
  return {
    name: account.name,
    initials: `${account.firstName[0] ?? ''}${account.lastName[0] ?? ''}`,
    person: displayName(account),
    email: account.email,
    role: roleTitles[account.role],
    organization: account.organization.name,
    hint: account.hint,
  };
}

/** A page with a single message. */
export function sendMessagePage(
  response: Response,
  status: number,
  page: { deployment: Deployment; title: string; text: string },
): void {
  send(response, status, messagePage, { ...page, where: whereTitle(page.deployment) });
}

function whereTitle(deployment: Deployment): string {
  return `Simulated ${deploymentTitles[deployment]}`;
}

function send(response: Response, status: number, page: (data: object) => string, data: object): void {
  response.status(status).type('html').send(page(data));
}

function template(name: string): (data: object) => string {
  const filename = join(pagesFolder, `${name}.ejs`);
  return ejs.compile(readFileSync(filename, 'utf8'), { filename });
}
