import type { Request, RequestHandler, Response } from 'express';
import { accountConflict } from '../../domain/assess-token.ts';
import { type Profile, profileTitle } from '../../domain/profile.ts';
import { tokenStatus } from '../../domain/profile-status.ts';
import { summarize, summarizeToken } from '../../domain/profile-summary.ts';
import { currentOf, type Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { profileById } from '../../store/profiles/profiles.ts';
import { othersOfOrganization } from '../../store/profiles/same-organization.ts';
import { tokenById, tokensOf } from '../../store/profiles/tokens.ts';
import type { Vault } from '../../vault/context.ts';
import { setOrganization } from '../../vault/profiles/profiles.ts';
import { databaseFile } from '../../vault/store-location.ts';
import { reverifyToken } from '../../vault/tokens/reverify-token.ts';
import { approveToken, changeOrganization, discardToken } from '../../vault/tokens/review-token.ts';
import { storedResult, verifyToken } from '../../vault/tokens/verify-token.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';
import { logoutUrl } from '../../webex/sign-in/authorize-url.ts';
import { actorOf, type WebContext } from '../context.ts';
import { unauthenticated } from '../errors/unauthenticated.ts';
import { fieldError } from '../forms/form-errors.ts';
import { verificationError } from '../jobs/verification-jobs.ts';
import { field } from '../middleware/body.ts';
import { setFlash } from '../session/flash.ts';
import { expiryEvidence } from '../view-models/expiry-evidence.ts';
import { expiryView } from '../view-models/expiry-view.ts';
import type { CapturedTokenPage, FieldError } from '../view-models/pages.ts';
import { offeredProviders } from '../view-models/provider-choice.ts';
import { campaignStep } from '../view-models/renewals-view.ts';

type ByToken = RequestHandler<{ tokenId: string }>;

/** Allows authenticated sessions, and the browser session that captured this token. */
export const requireOwnCapturedToken: RequestHandler = (request, _response, next) => {
  const { authenticated, captured } = request.session;
  const own =
    authenticated === true || captured?.some((tokenId) => tokenId === request.params.tokenId) === true;
  next(own ? undefined : unauthenticated(request));
};

/** `GET /tokens/last`: the last token that this browser captured. */
export const lastCapturedToken: RequestHandler = (request, response) => {
  const last = request.session.captured?.at(-1);
  if (last === undefined && request.session.authenticated !== true) throw unauthenticated(request);
  response.redirect(303, last === undefined ? '/' : `/tokens/${last}`);
};

/** `GET /tokens/:tokenId`: the state of a captured token. */
export function capturedTokenPage(context: WebContext): ByToken {
  return async (request, response) => {
    await renderCaptured(context, request, response, request.params.tokenId, []);
  };
}

/** `GET /tokens/:tokenId/progress`: polled by the page that waits for the verification. */
export function verificationProgress({ verifications, waitMs }: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    const finished = await verifications.finishesWithin(tokenId, waitMs);
    response.json({ next: finished ? `/tokens/${tokenId}` : null });
  };
}

/** `POST /tokens/:tokenId/verify`: verifies the token again. The token's page waits for the result. */
export function reverify({ vault, verifications }: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    await requireToken(vault, tokenId);
    void verifications.start(tokenId, () => reverifyToken(vault, tokenId, actorOf(request)));
    response.redirect(303, `/tokens/${tokenId}`);
  };
}

/** `POST /tokens/:tokenId/approve`: makes a token current that needs review or that is not yet verified. */
export function approve({ vault }: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    const { profile } = await requireToken(vault, tokenId);
    const accepted = await approveToken(vault, tokenId, actorOf(request));
    if (accepted) setFlash(request, 'This token is now in use.');
    response.redirect(303, `/profiles/${profile.name}`);
  };
}

/** `POST /tokens/:tokenId/change-organization`: an earlier sign-in used an account of the wrong organization. */
export function changeOrganizationPage({ vault }: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    const { profile } = await requireToken(vault, tokenId);
    const changed = await changeOrganization(vault, tokenId, actorOf(request));
    if (changed) setFlash(request, 'The organization was changed, and this token is now in use.');
    response.redirect(303, `/profiles/${profile.name}`);
  };
}

/** `POST /tokens/:tokenId/discard` */
export function discard({ vault }: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    const { profile } = await requireToken(vault, tokenId);
    const discarded = await discardToken(vault, tokenId, actorOf(request));
    if (discarded) setFlash(request, 'The token was discarded.');
    response.redirect(303, `/profiles/${profile.name}`);
  };
}

/** `POST /tokens/:tokenId/organization`: sets the organization ID if neither the token nor Webex contained it. */
export function saveOrganization(context: WebContext): ByToken {
  return async (request, response) => {
    const { tokenId } = request.params;
    const { profile } = await requireToken(context.vault, tokenId);
    try {
      const orgId = parseOrganizationId(field(request.body, 'orgId'));
      await setOrganization(context.vault, profile.name, orgId, actorOf(request));
    } catch (error) {
      const errors = [fieldError(error, ['orgId'])];
      await renderCaptured(context, request, response, tokenId, errors);
      return;
    }
    response.redirect(303, `/tokens/${tokenId}`);
  };
}

async function requireToken(vault: Vault, tokenId: string): Promise<{ token: Token; profile: Profile }> {
  const token = await tokenById(vault.db, tokenId);
  if (token !== null) return { token, profile: await profileById(vault.db, token.profileId) };
  throw new BrokerError('E_NO_CAPTURED_TOKEN', 'This token does not exist.', {
    help: 'The token was discarded, or its organization was removed.',
  });
}

async function renderCaptured(
  context: WebContext,
  request: Pick<Request, 'session' | 'socket'>,
  response: Response,
  tokenId: string,
  errors: FieldError[],
): Promise<void> {
  const { vault, verifications, render, waitMs } = context;
  let found = await requireToken(vault, tokenId);
  // Stored but never verified: the process that captured the token ended too early.
  if (found.token.state === 'pending') {
    void verifications.start(tokenId, () => verifyToken(vault, tokenId, actorOf(request)));
  }
  if (!(await verifications.finishesWithin(tokenId, waitMs))) {
    const url = `/tokens/${tokenId}`;
    render(
      request,
      response,
      'waiting',
      {
        title: 'Token saved',
        text: 'Verifying the token with Webex. This page updates automatically.',
        progressUrl: `${url}/progress`,
      },
      { title: 'Verifying the token', script: 'poll', refresh: { seconds: 2, url } },
    );
    return;
  }
  found = await requireToken(vault, tokenId);
  const page = await capturedTokenView(context, request, found, errors);
  const heading = headings[page.outcome];
  render(request, response, 'captured-token', page, {
    title: `${errors.length > 0 ? 'Error: ' : ''}${heading}`,
    status: errors.length > 0 ? 422 : 200,
  });
}

const headings: Record<CapturedTokenPage['outcome'], string> = {
  current: 'Token saved',
  superseded: 'Token saved',
  unverified: 'Not verified yet',
  waiting: 'Not verified yet',
  rejected: 'Webex rejects this token',
  'needs-review': 'Token needs review',
};

async function capturedTokenView(
  { vault, verifications }: WebContext,
  request: Pick<Request, 'session' | 'socket'>,
  { token, profile }: { token: Token; profile: Profile },
  errors: FieldError[],
): Promise<CapturedTokenPage> {
  const { settings } = vault;
  const now = vault.now();
  const endpoints = settings.webex[profile.deployment];
  const tokens = await tokensOf(vault.db, profile.id);
  const current = currentOf(tokens);
  const summary = summarizeToken(token);
  return {
    outcome: storedResult(token, profile).outcome,
    token: summary,
    profile: summarize(profile, current, endpoints, now),
    title: profileTitle(profile),
    isRenewal: tokens.some(({ state, capturedAt }) => state === 'previous' && capturedAt <= token.capturedAt),
    offered: offeredProviders(settings),
    deploymentTitle: deploymentTitles[profile.deployment],
    expiry: expiryView(tokenStatus(token, now), summary, now),
    evidence: expiryEvidence(token.lifetimes, token.capturedAt),
    why: verificationError(verifications, token.id) ?? notAsked,
    file: settings.databaseUrl === null ? databaseFile(settings.home) : null,
    keyLocation: await keyLocationOf(vault),
    logoutUrl: logoutUrl(endpoints.idbroker),
    destinations: await listDestinations(vault, profile.name),
    issue: issueOf(token, profile),
    sameOrganization: (await othersOfOrganization(vault.db, profile)).map(profileTitle),
    campaign: await campaignStep(vault, profile.id),
    authenticated: request.session.authenticated === true,
    errors,
  };
}

const notAsked = {
  message: 'Webex has not verified this token yet.',
  help: '',
};

/** A problem with a token in use: it was found later, or a person approved the token despite it. */
function issueOf({ state, account }: Token, profile: Profile): CapturedTokenPage['issue'] {
  return state !== 'current' || account === null ? null : accountConflict(account, profile);
}

const keyLocations = {
  keychain: 'the encryption key is in this computer’s keychain',
  file: 'the encryption key is in a file that only you can read',
  passphrase: 'the encryption key is derived from your passphrase',
};

async function keyLocationOf({ db }: Vault): Promise<string> {
  const [key] = await listKeyEncryptionKeys(db);
  return key === undefined ? '' : keyLocations[key.kind];
}
