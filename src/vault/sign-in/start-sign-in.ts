import { randomUUID } from 'node:crypto';
import { redirectUri } from '../../config/settings.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { isNamed, parseProfileName } from '../../domain/profile.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Remedy } from '../../errors/remedy.ts';
import {
  deleteOldSignIns,
  deleteUnusedSignIn,
  insertSignIn,
  type SignIn,
  signInByLink,
  startByLink,
} from '../../store/access/sign-ins.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { type Deployment, deploymentTitles } from '../../webex/deployments.ts';
import { authorizeUrl, newState } from '../../webex/sign-in/authorize-url.ts';
import type { Vault } from '../context.ts';
import { createLinkSecret, type LinkOptions, linkUsed } from './one-time-links.ts';
import { hashSecret } from './secret-hashes.ts';

/** How long a person has to sign in. Milliseconds. */
export const signInLifetimeMs = 10 * 60_000;

/** The requested profile and, if it is new, its organization. */
export interface SignInRequest {
  /** The technical name. */
  profile: string;
  /** The display name that the person entered, if any. A new profile gets it. */
  displayName?: string | null | undefined;
  /** Default: the profile's deployment, or `commercial` for a new profile. */
  deployment?: Deployment | undefined;
  /** The organization's UUID. Default: the profile's organization, or the one named in the token. */
  orgId?: string | undefined;
  /** Whether Webex asks for the credentials even if someone is signed in. */
  freshSignIn?: boolean | undefined;
}

/** The profile that a sign-in is for, after comparing the request with an existing profile. */
export interface SignInTarget {
  profileName: string;
  /** For a new profile. */
  displayName: string | null;
  deployment: Deployment;
  orgId: string | null;
  scopes: string[];
}

/**
 * Throws `E_PROFILE_NAME`, or `E_PROFILE_MISMATCH` if the profile has another deployment, organization or display name.
 */
export async function resolveTarget(
  vault: Vault,
  request: SignInRequest,
  defaultDeployment: Deployment = 'commercial',
): Promise<SignInTarget> {
  const profileName = parseProfileName(request.profile);
  const existing = await findProfile(vault.db, profileName);
  if (existing === null) {
    return {
      profileName,
      displayName: request.displayName ?? null,
      deployment: request.deployment ?? defaultDeployment,
      orgId: request.orgId ?? null,
      scopes: vault.settings.scopes,
    };
  }
  if (!isNamed(existing, request.displayName ?? null)) {
    throw new BrokerError(
      'E_PROFILE_MISMATCH',
      `The profile "${profileName}" already exists and is named ${existing.displayName}.`,
      {
        help: [
          {
            text: 'To renew its token',
            command: ['login', profileName],
            link: { label: 'Open it', path: `/profiles/${profileName}` },
          },
          'For another organization, choose another name.',
        ],
      },
    );
  }
  if (request.deployment !== undefined && request.deployment !== existing.deployment) {
    throw mismatch(profileName, `belongs to ${deploymentTitles[existing.deployment]}`);
  }
  if (request.orgId !== undefined && existing.orgId !== null && request.orgId !== existing.orgId) {
    throw mismatch(profileName, `belongs to the organization ${existing.orgId}`);
  }
  return {
    profileName,
    displayName: null,
    deployment: existing.deployment,
    orgId: existing.orgId ?? request.orgId ?? null,
    scopes: existing.scopes,
  };
}

function mismatch(profileName: string, fact: string): BrokerError {
  return new BrokerError('E_PROFILE_MISMATCH', `The profile "${profileName}" ${fact}.`, {
    help: 'Each profile is for one organization. Choose a different name for the other organization.',
  });
}

/**
 * Starts a sign-in that is bound to the secret of the browser session or command that gets the redirect. Returns the authorize
 * URL.
 */
export async function startSignIn(
  vault: Vault,
  request: SignInRequest,
  sessionBinding: string,
): Promise<{ signInId: string; authorizeUrl: string }> {
  const target = await resolveTarget(vault, request);
  const state = newState();
  const signInId = await insert(vault, target, request, {
    state: hashSecret(state),
    sessionBinding: hashSecret(sessionBinding),
  });
  return { signInId, authorizeUrl: urlFor(vault, target, state, request.freshSignIn ?? false) };
}

/** Cancels a sign-in that was not finished, so that a later redirect is rejected. Does not change a finished sign-in. */
export async function cancelSignIn(vault: Pick<Vault, 'db'>, signInId: string): Promise<void> {
  await deleteUnusedSignIn(vault.db, signInId);
}

/** Creates a one-time link that starts a sign-in in the first browser that opens it. */
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

/** Starts the sign-in of a one-time link. Throws `E_LINK_USED`. */
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
  if (signIn === null) throw linkUsed(newLink);
  return { authorizeUrl: urlFor(vault, signIn, state, signIn.freshSignIn) };
}

/** The sign-in of a one-time link that was not opened yet. Throws `E_LINK_USED`. */
export async function pendingSignIn(vault: Vault, link: string): Promise<SignIn> {
  const signIn = await signInByLink(vault.db, hashSecret(link), vault.now());
  if (signIn === null) throw linkUsed(newLink);
  return signIn;
}

const newLink: Remedy = { text: 'Start the sign-in again. For a new link', command: ['login', 'PROFILE'] };

async function insert(
  vault: Vault,
  target: SignInTarget,
  request: SignInRequest,
  hashes: { state?: string; sessionBinding?: string; link?: string },
): Promise<string> {
  const id = randomUUID();
  const createdAt = vault.now();
  const expiresAt = createdAt + signInLifetimeMs;
  // Expired sign-ins are kept for a day, to distinguish a late redirect from an unknown one.
  await deleteOldSignIns(vault.db, createdAt - dayMs);
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
