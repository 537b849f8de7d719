import { randomUUID } from 'node:crypto';
import { redirectUri } from '../../config/settings.ts';
import { parseProfileName } from '../../domain/profile.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import {
  deleteOldSignIns,
  insertSignIn,
  type SignIn,
  signInByLink,
  startByLink,
} from '../../store/access/sign-ins.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { type Deployment, deploymentTitles } from '../../webex/deployments.ts';
import { authorizeUrl, newState } from '../../webex/sign-in/authorize-url.ts';
import type { Vault } from '../context.ts';
import { createLinkSecret, type LinkOptions } from './one-time-links.ts';
import { hashSecret } from './secret-hashes.ts';

/** How long a person has to sign in. Milliseconds. */
export const signInLifetimeMs = 10 * 60_000;

/** What a person asks for: which profile, and for a new one, of which organization. */
export interface SignInRequest {
  profile: string;
  /** Left out: the profile's own, or the usual one for a new profile. */
  deployment?: Deployment | undefined;
  /** Organization UUID. Left out: the profile's own, or what the token says. */
  orgId?: string | undefined;
  /** Webex forgets who is signed in there and asks anew. */
  freshSignIn?: boolean | undefined;
}

/** What a sign-in is for, once the request was held against the profile that may be there already. */
export interface SignInTarget {
  profileName: string;
  deployment: Deployment;
  orgId: string | null;
  scopes: string[];
}

/** Throws `E_PROFILE_NAME`, or `E_PROFILE_MISMATCH` where the profile is of another deployment or organization. */
export async function resolveTarget(
  vault: Vault,
  request: SignInRequest,
  usual: Deployment = 'commercial',
): Promise<SignInTarget> {
  const profileName = parseProfileName(request.profile);
  const existing = await findProfile(vault.db, profileName);
  if (existing === null) {
    return {
      profileName,
      deployment: request.deployment ?? usual,
      orgId: request.orgId ?? null,
      scopes: vault.settings.scopes,
    };
  }
  if (request.deployment !== undefined && request.deployment !== existing.deployment) {
    throw mismatch(profileName, `belongs to ${deploymentTitles[existing.deployment]}`);
  }
  if (request.orgId !== undefined && existing.orgId !== null && request.orgId !== existing.orgId) {
    throw mismatch(profileName, `belongs to the organization ${existing.orgId}`);
  }
  return {
    profileName,
    deployment: existing.deployment,
    orgId: existing.orgId ?? request.orgId ?? null,
    scopes: existing.scopes,
  };
}

function mismatch(profileName: string, fact: string): BrokerError {
  return new BrokerError('E_PROFILE_MISMATCH', `The profile "${profileName}" ${fact}.`, {
    help: 'Choose another name for the other one; each profile holds one organization.',
  });
}

/** Begins a sign-in in a browser session; `binding` is that session's own secret. The address to go to. */
export async function startSignIn(
  vault: Vault,
  request: SignInRequest,
  sessionBinding: string,
): Promise<{ authorizeUrl: string }> {
  const target = await resolveTarget(vault, request);
  const state = newState();
  await insert(vault, target, request, {
    state: hashSecret(state),
    sessionBinding: hashSecret(sessionBinding),
  });
  return { authorizeUrl: urlFor(vault, target, state, request.freshSignIn ?? false) };
}

/** Prepares a sign-in that a one-time link will begin in whichever browser opens it first. */
export async function createSignInLink(
  vault: Vault,
  request: SignInRequest,
  options?: LinkOptions,
): Promise<{ signInId: string; link: string }> {
  const target = await resolveTarget(vault, request);
  const link = createLinkSecret(options);
  const signInId = await insert(vault, target, request, { link: hashSecret(link) });
  return { signInId, link };
}

/** Begins the sign-in that the one-time link stands for. Throws `E_LINK_USED`. */
export async function startFromLink(
  vault: Vault,
  link: string,
  sessionBinding: string,
): Promise<{ authorizeUrl: string }> {
  const state = newState();
  const signIn = await startByLink(vault.db, hashSecret(link), vault.now(), {
    state: hashSecret(state),
    sessionBinding: hashSecret(sessionBinding),
  });
  if (signIn === null) throw linkSpent();
  return { authorizeUrl: urlFor(vault, signIn, state, signIn.freshSignIn) };
}

/** The sign-in that the one-time link stands for, while it waits to be begun. Throws `E_LINK_USED`. */
export async function pendingSignIn(vault: Vault, link: string): Promise<SignIn> {
  const signIn = await signInByLink(vault.db, hashSecret(link), vault.now());
  if (signIn === null) throw linkSpent();
  return signIn;
}

function linkSpent(): BrokerError {
  return new BrokerError('E_LINK_USED', 'This link was used already, or its ten minutes are over.', {
    help: 'Start a new sign-in where this one came from, or run "webex-token login" again for a new link.',
  });
}

async function insert(
  vault: Vault,
  target: SignInTarget,
  request: SignInRequest,
  hashes: { state?: string; sessionBinding?: string; link?: string },
): Promise<string> {
  const id = randomUUID();
  const createdAt = vault.now();
  const expiresAt = createdAt + signInLifetimeMs;
  // What is over is kept for a day, so that a late answer can be told from one that was never asked for.
  await deleteOldSignIns(vault.db, createdAt - 86_400_000);
  await insertSignIn(
    vault.db,
    { id, ...target, freshSignIn: request.freshSignIn ?? false, createdAt, expiresAt },
    hashes,
  );
  return id;
}

function urlFor(
  vault: Vault,
  target: Pick<SignIn, 'deployment' | 'scopes'>,
  state: string,
  freshSignIn: boolean,
): string {
  return authorizeUrl({
    idbroker: vault.settings.webex[target.deployment].idbroker,
    clientId: vault.settings.clientId,
    redirectUri: redirectUri(vault.settings),
    scopes: target.scopes,
    state,
    freshSignIn,
  });
}
