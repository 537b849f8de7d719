import type { Selectable } from 'kysely';
import type { NewProfile, Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { grantIds } from '../access/clients.ts';
import type { ProfileTable } from '../database/schema.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { authentic, authenticRow } from '../integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from '../integrity/changes.ts';
import { derivedColumnsOf, refreshDerivedColumns } from './derived-columns.ts';
import { currentTokens } from './tokens.ts';

/** The columns of a `Profile`, and `due_at` for the order of urgency. The others are only for searching and sorting. */
export const profileColumns = [
  'id',
  'name',
  'display_name',
  'deployment',
  'org_id',
  'scopes',
  'created_at',
  'contact',
  'tags',
  'undelivered_until',
  'due_at',
] as const satisfies (keyof ProfileTable)[];

export type ProfileRow = Pick<Selectable<ProfileTable>, (typeof profileColumns)[number]>;

/** The profile with this name; null if there is none. Throws `E_INTEGRITY` if another program changed it. */
export async function findProfile(db: Db, name: string): Promise<Profile | null> {
  const row = await authenticRow(db, 'profile', () =>
    db.selectFrom('profile').select(profileColumns).where('name', '=', name).executeTakeFirst(),
  );
  return row === undefined ? null : profileFromRow(row);
}

export async function profileById(db: Db, id: string): Promise<Profile> {
  const rows = await authentic(db, 'profile', async () => [
    await db.selectFrom('profile').select(profileColumns).where('id', '=', id).executeTakeFirstOrThrow(),
  ]);
  return profileFromRow(rows[0] as ProfileRow);
}

/** The profiles with these names, by name. Names without a profile are absent. */
export async function profilesByName(db: Db, names: readonly string[]): Promise<Map<string, Profile>> {
  if (names.length === 0) return new Map();
  const rows = await authentic(db, 'profile', () =>
    db.selectFrom('profile').select(profileColumns).where('name', 'in', names).execute(),
  );
  return new Map(rows.map((row) => [row.name, profileFromRow(row)]));
}

/** The profiles with one of these display names, sorted by name. */
export async function profilesByDisplayName(db: Db, displayNames: readonly string[]): Promise<Profile[]> {
  if (displayNames.length === 0) return [];
  const rows = await authentic(db, 'profile', () =>
    db
      .selectFrom('profile')
      .select(profileColumns)
      .where('display_name', 'in', displayNames)
      .orderBy('name')
      .execute(),
  );
  return rows.map(profileFromRow);
}

/** Every profile by name, with its current token. */
export async function listProfiles(db: Db): Promise<{ profile: Profile; current: Token | null }[]> {
  const rows = await db.selectFrom('profile').select(profileColumns).orderBy('name').execute();
  const tokens = new Map((await currentTokens(db)).map((token) => [token.profileId, token]));
  return rows.map((row) => ({ profile: profileFromRow(row), current: tokens.get(row.id) ?? null }));
}

export async function insertProfile(db: Db, profile: NewProfile): Promise<void> {
  await insertProfiles(db, [profile]);
}

/** Inserts up to a few hundred profiles. The engines limit the number of values in one statement. */
export async function insertProfiles(db: Db, profiles: readonly NewProfile[]): Promise<void> {
  if (profiles.length === 0) return;
  const rows = profiles.map(({ contact = null, tags = [], displayName = null, ...profile }) => ({
    id: profile.id,
    name: profile.name,
    display_name: displayName,
    deployment: profile.deployment,
    org_id: profile.orgId,
    scopes: JSON.stringify(profile.scopes),
    created_at: profile.createdAt,
    contact,
    tags: JSON.stringify(tags),
    ...derivedColumnsOf({ ...profile, displayName, contact, tags }),
  }));
  await inTransaction(db, async (trx) => {
    created(
      trx,
      'profile',
      profiles.map(({ id }) => id),
    );
    await trx.insertInto('profile').values(rows).execute();
    await insertTags(trx, profiles);
  });
}

async function insertTags(db: Db, profiles: readonly Pick<NewProfile, 'id' | 'tags'>[]): Promise<void> {
  const rows = profiles.flatMap(({ id, tags = [] }) => tags.map((tag) => ({ tag, profile_id: id })));
  // Two values for each tag of each profile.
  for (let at = 0; at < rows.length; at += 1000) {
    await db
      .insertInto('profile_tag')
      .values(rows.slice(at, at + 1000))
      .execute();
  }
}

/** Sets the tags and contact of a profile; those not given stay unchanged. */
export async function setTagsAndContact(
  db: Db,
  id: string,
  { contact, tags }: { contact?: string | null | undefined; tags?: string[] | undefined },
): Promise<void> {
  if (contact === undefined && tags === undefined) return;
  const changes = {
    ...(contact !== undefined && { contact }),
    ...(tags !== undefined && { tags: JSON.stringify(tags) }),
  };
  await db.updateTable('profile').set(changes).where('id', '=', id).execute();
  if (tags !== undefined) {
    await db.deleteFrom('profile_tag').where('profile_id', '=', id).execute();
    await insertTags(db, [{ id, tags }]);
  }
  await refreshDerivedColumns(db, id);
}

export async function setProfileOrganization(db: Db, id: string, orgId: string): Promise<void> {
  await changeProfile(db, id, { org_id: orgId });
}

export async function setProfileName(db: Db, id: string, name: string): Promise<void> {
  await changeProfile(db, id, { name });
}

/** Sets a name that is only displayed, so no MAC covers it. */
export async function setDisplayName(db: Db, id: string, displayName: string | null): Promise<void> {
  await db.updateTable('profile').set({ display_name: displayName }).where('id', '=', id).execute();
  await refreshDerivedColumns(db, id);
}

async function changeProfile(
  db: Db,
  id: string,
  change: { name: string } | { org_id: string },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await changing(trx, 'profile', [id]);
    await trx.updateTable('profile').set(change).where('id', '=', id).execute();
    await refreshDerivedColumns(trx, id);
  });
}

/** Removes a profile with all its tokens, its destinations, and the grants of clients to it. */
export async function deleteProfile(db: Db, id: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await removing(trx, 'profile', [id]);
    for (const [kind, table] of [
      ['token', 'token'],
      ['destination', 'destination'],
    ] as const) {
      const rows = await trx.selectFrom(table).select('id').where('profile_id', '=', id).execute();
      await removing(
        trx,
        kind,
        rows.map((row) => row.id),
      );
    }
    await removing(trx, 'grant', await grantIds(trx, 'profile_id', id));
    await trx.deleteFrom('profile').where('id', '=', id).execute();
  });
}

export function profileFromRow(row: ProfileRow): Profile {
  return {
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    deployment: row.deployment,
    orgId: row.org_id,
    scopes: parseListColumn(row.scopes, 'profile.scopes'),
    createdAt: row.created_at,
    contact: row.contact,
    tags: parseListColumn(row.tags, 'profile.tags'),
    undeliveredUntil: row.undelivered_until,
  };
}
