import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { ProviderId } from '../domain/providers.ts';
import { isList, isObject } from '../text/json-shape.ts';
import { leaseNextCheck } from './database/lease.ts';
import type { DestinationTable } from './database/schema.ts';
import { parseColumn } from './database/stored-json.ts';
import type { Db } from './db.ts';
import { authentic } from './integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from './integrity/changes.ts';
import { refreshDerivedColumns, refreshManyDerivedColumns } from './profiles/derived-columns.ts';
import { supersedeReminders } from './reminders/reminders.ts';

/** An application of a provisioning tool that has, or should get, a profile's token. */
export interface Destination {
  id: string;
  profileId: string;
  provider: ProviderId;
  /** The application's ID there; empty while unknown. */
  appId: string;
  appName: string;
  cloud: string | null;
  /** How its last token was installed. */
  method: 'push' | 'manual';
  /** The token that it has; null if none was installed yet. */
  tokenId: string | null;
  /** The expiry and rejection of that token, if it was deleted here. Epoch milliseconds. */
  deletedToken: { expiresAt: number; rejectedAt: number | null } | null;
  /** Epoch milliseconds. */
  installedAt: number | null;
  /** The results of the last push, step by step. */
  steps: unknown[];
  /** The provisioning status as of the last check. */
  provisioningStatus: unknown;
  statusCheckedAt: number | null;
  /** Since when provisioning has been in quarantine; null if it is not. Epoch milliseconds. */
  quarantinedSince: number | null;
  /** Why the last status check failed; null if it did not. */
  lastCheckError: string | null;
  /** The findings of the last review of its configuration; null if there was none. */
  findings: unknown[] | null;
  findingsAt: number | null;
  /** How it authenticates: with the Webex token, through the SCIM relay, or with a token from our token endpoint. */
  via: 'token' | 'relay' | 'oauth';
  /**
   * The API client that it uses, by its ID. With the Webex token: null, or the client whose values a person was given and
   * that was not used yet.
   */
  clientId: string | null;
}

/** Identifies an application. Each one has one row. */
export type DestinationTarget = Pick<Destination, 'profileId' | 'provider' | 'appId'>;

/** The destinations of a profile, the latest first. Throws `E_INTEGRITY` if one was changed from outside. */
export async function destinationsOf(db: Db, profileId: string): Promise<Destination[]> {
  const rows = await authentic(db, 'destination', () =>
    db
      .selectFrom('destination')
      .selectAll()
      .where('profile_id', '=', profileId)
      .orderBy('installed_at', 'desc')
      .orderBy('id')
      .execute(),
  );
  return rows.map(fromRow);
}

/** A destination with its profile's name, and the ID of the token that should be there. */
export interface NamedDestination {
  destination: Destination;
  profile: string;
  currentTokenId: string | null;
}

/** The destinations of all profiles, by the profile's name. */
export async function allDestinations(db: Db, profileIds?: readonly string[]): Promise<NamedDestination[]> {
  if (profileIds?.length === 0) return [];
  const rows = await namedDestinations(db)
    .$if(profileIds !== undefined, (select) => select.where('destination.profile_id', 'in', profileIds ?? []))
    .execute();
  return rows.map(fromNamedRow).sort(byProfile);
}

/**
 * By the profile's name, then the latest first. Not sorted in the statement, because SQLite would then read every profile in
 * that order and look for the destinations of each.
 */
function byProfile(a: NamedDestination, b: NamedDestination): number {
  if (a.profile !== b.profile) return a.profile < b.profile ? -1 : 1;
  return (
    (b.destination.installedAt ?? 0) - (a.destination.installedAt ?? 0) ||
    (a.destination.id < b.destination.id ? -1 : 1)
  );
}

function namedDestinations(db: Db) {
  return db
    .selectFrom('destination')
    .innerJoin('profile', 'profile.id', 'destination.profile_id')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .selectAll('destination')
    .select(['profile.name as profile_name', 'token.id as current_token_id']);
}

function fromNamedRow(
  row: Selectable<DestinationTable> & { profile_name: string; current_token_id: string | null },
): NamedDestination {
  return { destination: fromRow(row), profile: row.profile_name, currentTokenId: row.current_token_id };
}

/** Some destinations that have a token, or reach Webex through this server; pushed ones first. */
export async function deliveredDestinations(db: Db, limit = 5): Promise<Pick<Destination, 'method'>[]> {
  return await db
    .selectFrom('destination')
    .select('method')
    .where(({ eb, or }) => or([eb('token_id', 'is not', null), eb('via', 'is not', null)]))
    .orderBy('method', 'desc')
    .limit(limit)
    .execute();
}

/**
 * Whether Entra ID has quarantined provisioning at one of the destinations of each profile, by the profile's ID. Profiles
 * whose provisioning status was never checked are left out.
 */
export async function quarantineStatesOf(
  db: Db,
  profileIds: readonly string[],
): Promise<Map<string, boolean>> {
  const rows = await db
    .selectFrom('destination')
    .select(['profile_id', 'quarantined_since'])
    .where('profile_id', 'in', profileIds)
    .where('status_checked_at', 'is not', null)
    .execute();
  const states = new Map<string, boolean>();
  for (const { profile_id, quarantined_since } of rows) {
    states.set(profile_id, quarantined_since !== null || states.get(profile_id) === true);
  }
  return states;
}

/** Stores a destination, or updates the row of the application. Also updates the profile's derived columns. */
export async function saveDestination(
  db: Db,
  destination: DestinationTarget &
    Omit<Partial<Destination>, 'id'> &
    Pick<Destination, 'appName' | 'method' | 'steps'>,
): Promise<void> {
  const change = {
    app_name: destination.appName,
    method: destination.method,
    steps: JSON.stringify(destination.steps),
    ...(destination.cloud !== undefined && { cloud: destination.cloud }),
    ...(destination.tokenId !== undefined && {
      token_id: destination.tokenId,
      token_expires_at: null,
      token_rejected_at: null,
    }),
    ...(destination.installedAt !== undefined && { installed_at: destination.installedAt }),
    ...(destination.via !== undefined && {
      via: destination.via === 'token' ? null : destination.via,
      client_id: destination.clientId ?? null,
    }),
  };
  const { profileId, provider, appId } = destination;
  await inTransaction(db, async (trx) => {
    const known = await idOf(trx, destination);
    if (known !== undefined) {
      await changing(trx, 'destination', [known.id]);
      await trx.updateTable('destination').set(change).where('id', '=', known.id).execute();
    } else {
      const id = randomUUID();
      created(trx, 'destination', [id]);
      await trx
        .insertInto('destination')
        .values({ id, profile_id: profileId, provider, app_id: appId, ...change })
        .execute();
    }
    await refreshDerivedColumns(trx, profileId);
  });
}

/** The names of the other profiles whose token an application has, or that it reaches through this server. */
export async function otherProfilesAt(
  db: Db,
  { profileId, provider, appId }: DestinationTarget,
): Promise<string[]> {
  const rows = await db
    .selectFrom('destination')
    .innerJoin('profile', 'profile.id', 'destination.profile_id')
    .select('profile.name')
    .where('destination.provider', '=', provider)
    .where('destination.app_id', '=', appId)
    .where('destination.profile_id', '<>', profileId)
    .where((destination) =>
      destination.or([
        destination('destination.token_id', 'is not', null),
        destination('destination.via', 'is not', null),
      ]),
    )
    .orderBy('profile.name')
    .execute();
  return rows.map(({ name }) => name);
}

/** Records that an application no longer has another profile's token, because this profile's token replaced it. */
export async function clearOtherProfilesAt(
  db: Db,
  { profileId, provider, appId }: DestinationTarget,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const others = await trx
      .selectFrom('destination')
      .select('id')
      .where('provider', '=', provider)
      .where('app_id', '=', appId)
      .where('profile_id', '<>', profileId)
      .execute();
    await clear(
      trx,
      others.map(({ id }) => id),
    );
  });
}

/**
 * Records that the applications that use an API client no longer have access, because the client is removed. Within the
 * caller's transaction.
 */
export async function clearDestinationsOfClient(trx: Db, clientId: string): Promise<void> {
  const rows = await trx
    .selectFrom('destination')
    .select(['id', 'via'])
    .where('client_id', '=', clientId)
    .execute();
  const [using, offered] = [rows.filter(({ via }) => via !== null), rows.filter(({ via }) => via === null)];
  await clear(
    trx,
    using.map(({ id }) => id),
  );
  // A destination that has not used the client yet still has its token.
  for (const { id } of offered) {
    await changing(trx, 'destination', [id]);
    await trx.updateTable('destination').set({ client_id: null }).where('id', '=', id).execute();
  }
}

async function clear(trx: Db, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await changing(trx, 'destination', ids);
  const cleared = await trx
    .updateTable('destination')
    .set({
      token_id: null,
      token_expires_at: null,
      token_rejected_at: null,
      installed_at: null,
      via: null,
      client_id: null,
    })
    .where('id', 'in', ids)
    .returning('profile_id')
    .execute();
  await refreshManyDerivedColumns(
    trx,
    cleared.map((row) => row.profile_id),
  );
}

/** A destination that an API client serves, with its profile's name. */
export async function destinationsOfClient(db: Db, clientId: string): Promise<NamedDestination[]> {
  const rows = await namedDestinations(db).where('destination.client_id', '=', clientId).execute();
  return rows.map(fromNamedRow).sort(byProfile);
}

/** The result of a status check. Times are epoch milliseconds. */
export interface StatusCheck {
  provisioningStatus: unknown;
  statusCheckedAt: number;
  /** Null if it is not in quarantine. Undelivered alerts about a quarantine are then not sent again. */
  quarantinedSince: number | null;
}

/** Stores the result of a status check. */
export async function saveProvisioningStatus(db: Db, id: string, check: StatusCheck): Promise<void> {
  await db
    .updateTable('destination')
    .set({
      provisioning_status: JSON.stringify(check.provisioningStatus),
      status_checked_at: check.statusCheckedAt,
      quarantined_since: check.quarantinedSince,
      last_check_error: null,
    })
    .where('id', '=', id)
    .execute();
  if (check.quarantinedSince === null) await supersedeReminders(db, id);
}

/** Stores why a status check failed. The result of the previous check is kept. */
export async function saveStatusError(db: Db, id: string, failure: string): Promise<void> {
  await db.updateTable('destination').set({ last_check_error: failure }).where('id', '=', id).execute();
}

/** Stores the findings of a review of the configuration. */
export async function saveFindings(db: Db, id: string, findings: unknown[], now: number): Promise<void> {
  await db
    .updateTable('destination')
    .set({ findings: JSON.stringify(findings), findings_at: now })
    .where('id', '=', id)
    .execute();
}

/** A destination in quarantine, with the current token of its profile. */
export interface Quarantined extends NamedDestination {
  quarantinedSince: number;
  /** When the current token was captured; null without one. Epoch milliseconds. */
  capturedAt: number | null;
}

/** The destinations in quarantine, by their profile's name. Optionally only those of profiles with a tag, or of these profiles. */
export async function quarantinedDestinations(
  db: Db,
  { tag, profileIds }: { tag?: string | undefined; profileIds?: readonly string[] } = {},
): Promise<Quarantined[]> {
  if (profileIds?.length === 0) return [];
  const rows = await namedDestinations(db)
    .select('token.captured_at')
    // Not "is not null": SQLite uses the index for a range only.
    .where('destination.quarantined_since', '>', 0)
    .$if(profileIds !== undefined, (select) => select.where('profile.id', 'in', profileIds ?? []))
    .$if(tag !== undefined, (select) =>
      select.where('profile.id', 'in', (ids) =>
        ids
          .selectFrom('profile_tag')
          .select('profile_tag.profile_id')
          .where('profile_tag.tag', '=', tag ?? ''),
      ),
    )
    .execute();
  return rows
    .map((row) => ({
      ...fromNamedRow(row),
      quarantinedSince: row.quarantined_since ?? 0,
      capturedAt: row.captured_at,
    }))
    .sort(byProfile);
}

/** A destination in Entra ID whose status check is due. */
export interface DueStatusCheck {
  destination: Destination;
  /** Epoch milliseconds. */
  nextCheckAt: number;
}

/** The destination whose status check is most overdue; null if none is due. */
export async function nextDueStatusCheck(db: Db, now: number): Promise<DueStatusCheck | null> {
  const row = await db
    .selectFrom('destination')
    .selectAll()
    .where('provider', '=', 'entra')
    .where('next_check_at', '<=', now)
    .where('app_id', '<>', '')
    .orderBy('next_check_at')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { destination: fromRow(row), nextCheckAt: row.next_check_at };
}

/** Schedules the next status check, or leases this one until then. False if another process was faster. */
export async function leaseStatusCheck(
  db: Db,
  { destination, nextCheckAt }: DueStatusCheck,
  until: number,
): Promise<boolean> {
  return await leaseNextCheck(db, 'destination', { id: destination.id, dueAt: nextCheckAt, until });
}

/** Makes the status check of every destination due, because the clock was set back. */
export async function rescheduleStatusChecks(db: Db): Promise<void> {
  await db.updateTable('destination').set({ next_check_at: 0 }).execute();
}

export async function deleteDestination(db: Db, target: DestinationTarget): Promise<void> {
  await inTransaction(db, async (trx) => {
    const row = await idOf(trx, target);
    if (row === undefined) return;
    await removing(trx, 'destination', [row.id]);
    await trx.deleteFrom('destination').where('id', '=', row.id).execute();
    await supersedeReminders(trx, row.id);
    await refreshDerivedColumns(trx, target.profileId);
  });
}

async function idOf(trx: Db, { profileId, provider, appId }: DestinationTarget) {
  return await trx
    .selectFrom('destination')
    .select('id')
    .where('profile_id', '=', profileId)
    .where('provider', '=', provider)
    .where('app_id', '=', appId)
    .executeTakeFirst();
}

function fromRow(row: Selectable<DestinationTable>): Destination {
  return {
    id: row.id,
    profileId: row.profile_id,
    provider: row.provider,
    appId: row.app_id,
    appName: row.app_name,
    cloud: row.cloud,
    method: row.method,
    tokenId: row.token_id,
    deletedToken:
      row.token_expires_at === null
        ? null
        : { expiresAt: row.token_expires_at, rejectedAt: row.token_rejected_at },
    installedAt: row.installed_at,
    steps: parseColumn(row.steps, 'destination.steps', isList),
    provisioningStatus:
      row.provisioning_status === null
        ? null
        : parseColumn(row.provisioning_status, 'destination.provisioning_status', isObject),
    statusCheckedAt: row.status_checked_at,
    quarantinedSince: row.quarantined_since,
    lastCheckError: row.last_check_error,
    findings: row.findings === null ? null : parseColumn(row.findings, 'destination.findings', isList),
    findingsAt: row.findings_at,
    via: row.via ?? 'token',
    clientId: row.client_id,
  };
}
