import type { Selectable } from 'kysely';
import type { Profile } from '../tokens/profile.ts';
import type { Token } from '../tokens/token.ts';
import { refreshStanding, standingOf } from './profile-standing.ts';
import type { ProfileTable } from './schema.ts';
import type { Db } from './store.ts';
import { currentTokens } from './tokens.ts';

export async function findProfile(db: Db, name: string): Promise<Profile | null> {
  const row = await db.selectFrom('profile').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : profileFromRow(row);
}

export async function profileById(db: Db, id: string): Promise<Profile> {
  return profileFromRow(
    await db.selectFrom('profile').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  );
}

/** Every profile by name, with its current token. */
export async function listProfiles(db: Db): Promise<{ profile: Profile; current: Token | null }[]> {
  const rows = await db.selectFrom('profile').selectAll().orderBy('name').execute();
  const tokens = new Map((await currentTokens(db)).map((token) => [token.profileId, token]));
  return rows.map((row) => ({ profile: profileFromRow(row), current: tokens.get(row.id) ?? null }));
}

export async function insertProfile(db: Db, profile: Profile): Promise<void> {
  await db
    .insertInto('profile')
    .values({
      id: profile.id,
      name: profile.name,
      deployment: profile.deployment,
      org_id: profile.orgId,
      scopes: JSON.stringify(profile.scopes),
      created_at: profile.createdAt,
      ...standingOf(profile.name, profile.orgId, null),
    })
    .execute();
}

export async function setProfileOrganization(db: Db, id: string, orgId: string): Promise<void> {
  await db.updateTable('profile').set({ org_id: orgId }).where('id', '=', id).execute();
  await refreshStanding(db, id);
}

export async function setProfileName(db: Db, id: string, name: string): Promise<void> {
  await db.updateTable('profile').set({ name }).where('id', '=', id).execute();
  await refreshStanding(db, id);
}

/** Removes a profile with all its tokens. */
export async function deleteProfile(db: Db, id: string): Promise<void> {
  await db.deleteFrom('profile').where('id', '=', id).execute();
}

export function profileFromRow(row: Selectable<ProfileTable>): Profile {
  return {
    id: row.id,
    name: row.name,
    deployment: row.deployment,
    orgId: row.org_id,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
  };
}
