import { type Profile, parseDisplayName, parseProfileName, quoteProfileName } from '../../domain/profile.ts';
import {
  describeProfile,
  type ProfileDetails,
  type ProfileSummary,
  summarize,
} from '../../domain/profile-summary.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { renameSignIns } from '../../store/access/sign-ins.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { ProfileFilter } from '../../store/profiles/filter.ts';
import {
  deleteProfile,
  findProfile,
  setDisplayName,
  setProfileName,
  setProfileOrganization,
} from '../../store/profiles/profiles.ts';
import { iterateProfiles } from '../../store/profiles/query.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import type { Actor, StoreContext, Vault } from '../context.ts';

/** The matching profiles, by name, a few hundred at a time, so that not all of them are in memory at once. */
export async function* iterateSummaries(
  { db, now, settings }: StoreContext,
  filter: ProfileFilter = {},
): AsyncGenerator<ProfileSummary[]> {
  const at = now();
  for await (const page of iterateProfiles(db, filter, at)) {
    yield page.map(({ profile, current }) =>
      summarize(profile, current, settings.webex[profile.deployment], at),
    );
  }
}

/** Every profile, by name. */
export async function listSummaries(vault: StoreContext): Promise<ProfileSummary[]> {
  const summaries: ProfileSummary[] = [];
  for await (const page of iterateSummaries(vault)) summaries.push(...page);
  return summaries;
}

/** Throws `E_NO_PROFILE`. */
export async function requireProfile(vault: Pick<Vault, 'db'>, name: string): Promise<Profile> {
  const profile = await findProfile(vault.db, name);
  if (profile !== null) return profile;
  throw noSuchProfile(name);
}

export function noSuchProfile(name: string): BrokerError {
  return new BrokerError('E_NO_PROFILE', `No profile is named ${quoteProfileName(name)}.`, {
    help: [
      { text: 'To list the profiles', command: ['list'], link: { label: 'All organizations', path: '/' } },
      { text: 'To create a profile', command: ['login', 'NAME'], only: 'terminal' },
    ],
  });
}

/** Throws `E_NO_PROFILE`. */
export async function showProfile(vault: Vault, name: string): Promise<ProfileDetails> {
  const profile = await requireProfile(vault, name);
  const tokens = await tokensOf(vault.db, profile.id);
  return describeProfile(profile, tokens, vault.settings.webex[profile.deployment], vault.now());
}

/** Removes a profile and its tokens from the store. Webex still accepts the tokens. */
export async function removeProfile(vault: Vault, name: string, actor: Actor): Promise<void> {
  const profile = await requireProfile(vault, name);
  await vault.db.transaction().execute(async (trx) => {
    await deleteProfile(trx, profile.id);
    await appendAudit(trx, vault.now(), { action: 'remove', outcome: 'ok', profile: name, ...actor });
  });
}

/** Throws `E_PROFILE_EXISTS` if the new name is taken, `E_PROFILE_NAME` if it is not valid. */
export async function renameProfile(
  vault: Vault,
  oldName: string,
  newName: string,
  actor: Actor,
): Promise<void> {
  const name = parseProfileName(newName);
  const profile = await requireProfile(vault, oldName);
  await vault.db.transaction().execute(async (trx) => {
    if ((await findProfile(trx, name)) !== null) {
      throw new BrokerError('E_PROFILE_EXISTS', `A profile named "${name}" already exists.`, {
        help: 'Choose another name. Nothing was changed.',
      });
    }
    await setProfileName(trx, profile.id, name);
    await renameSignIns(trx, oldName, name);
    await appendAudit(trx, vault.now(), { action: 'rename', outcome: 'ok', profile: oldName, ...actor });
    await appendAudit(trx, vault.now(), { action: 'rename', outcome: 'ok', profile: name, ...actor });
  });
}

/** Sets the name that pages and emails show; if empty, they show the technical name. Throws `E_NO_PROFILE`, `E_PROFILE_NAME`. */
export async function changeDisplayName(
  vault: Vault,
  name: string,
  text: string,
  actor: Actor,
): Promise<void> {
  const displayName = parseDisplayName(text);
  const profile = await requireProfile(vault, name);
  await vault.db.transaction().execute(async (trx) => {
    await setDisplayName(trx, profile.id, displayName);
    await appendAudit(trx, vault.now(), { action: 'update', outcome: 'ok', profile: name, ...actor });
  });
}

/** Sets a profile's organization if neither the token nor Webex named it. Throws `E_PROFILE_MISMATCH`. */
export async function setOrganization(
  vault: Vault,
  name: string,
  orgId: string,
  actor: Actor,
): Promise<void> {
  const profile = await requireProfile(vault, name);
  if (profile.orgId !== null) {
    throw new BrokerError(
      'E_PROFILE_MISMATCH',
      `The profile "${name}" belongs to the organization ${profile.orgId}.`,
    );
  }
  await vault.db.transaction().execute(async (trx) => {
    await setProfileOrganization(trx, profile.id, orgId);
    await appendAudit(trx, vault.now(), {
      action: 'set-organization',
      outcome: 'ok',
      profile: name,
      ...actor,
    });
  });
}
