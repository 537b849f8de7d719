import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { HandoffTable } from './schema.ts';
import type { Db } from './store.ts';

export type HandoffKind = HandoffTable['kind'];

/** A provisioning tool's application that has, or should get, a profile's token. */
export interface Handoff {
  id: string;
  profileId: string;
  kind: HandoffKind;
  /** The application's ID there; empty where it is not known. */
  appId: string;
  appName: string;
  cloud: string | null;
  /** How the last token got there. */
  method: 'push' | 'by-hand';
  /** The token that it has; null where none was handed over yet. */
  tokenId: string | null;
  /** Epoch milliseconds. */
  handedOverAt: number | null;
  /** The results of the last push, step by step. */
  steps: unknown[];
  /** How provisioning stood there when it was last looked at. */
  watch: unknown;
  watchedAt: number | null;
}

/** The application that is meant: one row each. */
export type HandoffTarget = Pick<Handoff, 'profileId' | 'kind' | 'appId'>;

/** A profile's hand-overs, the latest first. */
export async function handoffsOf(db: Db, profileId: string): Promise<Handoff[]> {
  const rows = await db
    .selectFrom('handoff')
    .selectAll()
    .where('profile_id', '=', profileId)
    .orderBy('handed_over_at', 'desc')
    .orderBy('id')
    .execute();
  return rows.map(fromRow);
}

/** A hand-over with the profile's name, and the ID of the token that should be there. */
export interface NamedHandoff {
  handoff: Handoff;
  profile: string;
  currentTokenId: string | null;
}

/** The hand-overs of every profile, by its name. */
export async function listHandoffs(db: Db): Promise<NamedHandoff[]> {
  const rows = await db
    .selectFrom('handoff')
    .innerJoin('profile', 'profile.id', 'handoff.profile_id')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .selectAll('handoff')
    .select(['profile.name as profile_name', 'token.id as current_token_id'])
    .orderBy('profile.name')
    .orderBy('handoff.handed_over_at', 'desc')
    .orderBy('handoff.id')
    .execute();
  return rows.map((row) => ({
    handoff: fromRow(row),
    profile: row.profile_name,
    currentTokenId: row.current_token_id,
  }));
}

/** Keeps where a token went: a row for each application, changed where it is there already. */
export async function saveHandoff(
  db: Db,
  handoff: HandoffTarget & Omit<Partial<Handoff>, 'id'> & Pick<Handoff, 'appName' | 'method' | 'steps'>,
): Promise<void> {
  const change = {
    app_name: handoff.appName,
    method: handoff.method,
    steps: JSON.stringify(handoff.steps),
    ...(handoff.cloud !== undefined && { cloud: handoff.cloud }),
    ...(handoff.tokenId !== undefined && { token_id: handoff.tokenId }),
    ...(handoff.handedOverAt !== undefined && { handed_over_at: handoff.handedOverAt }),
  };
  await db
    .insertInto('handoff')
    .values({
      id: randomUUID(),
      profile_id: handoff.profileId,
      kind: handoff.kind,
      app_id: handoff.appId,
      ...change,
    })
    .onConflict((conflict) => conflict.columns(['profile_id', 'kind', 'app_id']).doUpdateSet(change))
    .execute();
}

export async function saveWatch(db: Db, id: string, watch: unknown, watchedAt: number): Promise<void> {
  await db
    .updateTable('handoff')
    .set({ watch: JSON.stringify(watch), watched_at: watchedAt })
    .where('id', '=', id)
    .execute();
}

export async function deleteHandoff(db: Db, target: HandoffTarget): Promise<void> {
  await db
    .deleteFrom('handoff')
    .where('profile_id', '=', target.profileId)
    .where('kind', '=', target.kind)
    .where('app_id', '=', target.appId)
    .execute();
}

function fromRow(row: Selectable<HandoffTable>): Handoff {
  return {
    id: row.id,
    profileId: row.profile_id,
    kind: row.kind,
    appId: row.app_id,
    appName: row.app_name,
    cloud: row.cloud,
    method: row.method,
    tokenId: row.token_id,
    handedOverAt: row.handed_over_at,
    steps: JSON.parse(row.steps) as unknown[],
    watch: row.watch === null ? null : JSON.parse(row.watch),
    watchedAt: row.watched_at,
  };
}
