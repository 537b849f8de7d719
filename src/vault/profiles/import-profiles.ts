import { randomUUID } from 'node:crypto';
import { documentedLifetimeMs } from '../../domain/lifetimes.ts';
import type { NewProfile, Profile } from '../../domain/profile.ts';
import { firstLookAt } from '../../domain/reminder-triggers.ts';
import type { Token } from '../../domain/token.ts';
import { appendAudits } from '../../store/audit/audit.ts';
import type { AuditEntry } from '../../store/audit/chain.ts';
import type { Db } from '../../store/db.ts';
import {
  insertProfiles,
  profilesByName,
  setProfileOrganization,
  setTagsAndContact,
} from '../../store/profiles/profiles.ts';
import { insertTokens, tokenCiphertextsOf } from '../../store/profiles/tokens.ts';
import { usesReminderDays } from '../../store/reminders.ts';
import { type Deployment, deploymentTitles } from '../../webex/deployments.ts';
import { describeAccessToken } from '../../webex/sign-in/access-token.ts';
import type { Actor, Vault } from '../context.ts';
import type { CsvToken, ProfileRow } from './csv-row.ts';

/** What becomes, or would become, of one row. */
export interface RowResult {
  line: number;
  profile: string;
  outcome: 'created' | 'updated' | 'unchanged' | 'invalid';
  /** Whether its token is stored by this. */
  token: boolean;
  /** Why it is bad, as a sentence. */
  reason: string | null;
}

/** How many rows go into one transaction, which limits how long other writers wait. */
export const importBatchSize = 500;

/** What would become of these rows. Changes nothing. */
export async function planImport(vault: Vault, rows: readonly ProfileRow[]): Promise<RowResult[]> {
  return (await decide(vault, vault.db, rows)).map(({ result }) => result);
}

/**
 * Stores the profiles of these rows, and their tokens sealed and unchecked, in one transaction; rows that are in the
 * store already, and bad ones, are passed over. No more than `importBatchSize` at a time.
 */
export async function importProfiles(
  vault: Vault,
  rows: readonly ProfileRow[],
  actor: Actor,
): Promise<RowResult[]> {
  const now = vault.now();
  return await vault.db.transaction().execute(async (trx) => {
    const decisions = await decide(vault, trx, rows);
    const profiles = decisions.flatMap((each) => (each.create === null ? [] : [each.create]));
    const tokens = await sealTokens(vault, trx, decisions);
    await insertProfiles(trx, profiles);
    const { days } = vault.settings.reminders;
    const scheduled = await usesReminderDays(trx, days);
    await insertTokens(
      trx,
      tokens.map((each) => ({ ...each, ...(scheduled && { remindAt: firstLookAt(each.token, days, now) }) })),
    );
    for (const { row, result, profileId } of decisions) {
      if (result.outcome !== 'updated') continue;
      if (row.orgId !== undefined) await setProfileOrganization(trx, profileId, row.orgId);
      await setTagsAndContact(trx, profileId, { contact: row.contact, tags: row.tags });
    }
    await appendAudits(
      trx,
      now,
      decisions.flatMap((each) => auditOf(each, actor)),
    );
    return decisions.map(({ result }) => result);
  });
}

interface Decision {
  row: ProfileRow;
  result: RowResult;
  profileId: string;
  scopes: string[];
  create: NewProfile | null;
}

async function decide(vault: Vault, db: Db, rows: readonly ProfileRow[]): Promise<Decision[]> {
  const known = await profilesByName(
    db,
    rows.map(({ profile }) => profile),
  );
  const values = await heldTokens(vault, db, [...known.values()]);
  return rows.map((row) => {
    const existing = known.get(row.profile);
    if (existing === undefined) return creation(vault, row);
    const held = values.get(existing.id) ?? [];
    const { id: profileId, scopes } = existing;
    const decided = (outcome: RowResult['outcome'], token = false, reason: string | null = null) => ({
      row,
      profileId,
      scopes,
      create: null,
      result: { line: row.line, profile: row.profile, outcome, token, reason },
    });
    const reason = conflict(row, existing, held);
    if (reason !== null) return decided('invalid', false, reason);
    const token = row.token !== undefined && !held.includes(row.token.accessToken);
    return decided(token || changes(row, existing) ? 'updated' : 'unchanged', token);
  });
}

function creation(vault: Vault, row: ProfileRow): Decision {
  const { line, profile, orgId = null, contact = null, tags = [], token } = row;
  // Where the file does not say it, the token may.
  const deployment = row.deployment ?? token?.deployment ?? 'commercial';
  const reason = foreignToken(row, deployment);
  const profileId = randomUUID();
  const { scopes } = vault.settings;
  return {
    row,
    profileId,
    scopes,
    create:
      reason === null
        ? {
            id: profileId,
            name: profile,
            deployment,
            orgId,
            scopes,
            contact,
            tags,
            createdAt: vault.now(),
          }
        : null,
    result:
      reason === null
        ? { line, profile, outcome: 'created', token: token !== undefined, reason }
        : { line, profile, outcome: 'invalid', token: false, reason },
  };
}

/** Why the row's token cannot be stored for a deployment; null where nothing is known against it. */
function foreignToken({ token }: ProfileRow, deployment: Deployment): string | null {
  const named = token?.deployment ?? deployment;
  if (named === deployment) return null;
  return `the token belongs to ${deploymentTitles[named]}, and the profile to ${deploymentTitles[deployment]}`;
}

/** What the file says against what is held; null where it can be had beside it. */
function conflict(row: ProfileRow, existing: Profile, held: string[]): string | null {
  const { deployment = existing.deployment } = row;
  if (deployment !== existing.deployment) {
    return `the profile is there already, and belongs to ${deploymentTitles[existing.deployment]}`;
  }
  if (row.orgId !== undefined && existing.orgId !== null && row.orgId !== existing.orgId) {
    return `the profile is there already, and belongs to the organization ${existing.orgId}`;
  }
  const foreign = foreignToken(row, existing.deployment);
  if (foreign !== null) return foreign;
  if (row.token !== undefined && held.length > 0 && !held.includes(row.token.accessToken)) {
    return 'the profile holds another token already; "webex-token import" replaces it, once it is checked';
  }
  return null;
}

function changes(row: ProfileRow, existing: Profile): boolean {
  return (
    (row.orgId !== undefined && row.orgId !== existing.orgId) ||
    (row.contact !== undefined && row.contact !== existing.contact) ||
    (row.tags !== undefined && row.tags.join() !== existing.tags.join())
  );
}

/** The values of every token that these profiles hold, by profile. */
async function heldTokens(vault: Vault, db: Db, profiles: Profile[]): Promise<Map<string, string[]>> {
  const held = new Map<string, string[]>();
  const tokens = await tokenCiphertextsOf(
    db,
    profiles.map(({ id }) => id),
  );
  for (const { id, profileId, ciphertext } of tokens) {
    // Within a transaction only its own connection may be asked.
    if (!vault.keys.hasKeyFor(ciphertext)) await vault.keys.refresh(db === vault.db ? undefined : db);
    const value = vault.keys.decryptSync(ciphertext, { tokenId: id, profileId });
    held.set(profileId, [...(held.get(profileId) ?? []), value]);
  }
  return held;
}

/** Seals what is to be stored. That the key is the store's newest is looked up with the first of them, for all. */
async function sealTokens(
  vault: Vault,
  trx: Db,
  decisions: Decision[],
): Promise<{ token: Token; ciphertext: string }[]> {
  const all = decisions.flatMap(({ row, result, profileId, scopes }) =>
    result.token && row.token !== undefined
      ? [{ token: tokenOf(vault, row.token, profileId, scopes), value: row.token.accessToken }]
      : [],
  );
  const [first, ...rest] = all;
  if (first === undefined) return [];
  const place = ({ id: tokenId, profileId }: Token) => ({ tokenId, profileId });
  const { keys } = vault;
  return await Promise.all([
    { token: first.token, ciphertext: await keys.seal(trx, first.value, place(first.token)) },
    ...rest.map(async ({ token, value }) => ({
      token,
      ciphertext: await keys.ring.seal(value, place(token)),
    })),
  ]);
}

function tokenOf(
  vault: Vault,
  { accessToken, orgId, capturedAt, expiresAt }: CsvToken,
  profileId: string,
  scopes: string[],
): Token {
  const { warnings } = describeAccessToken(accessToken);
  return {
    id: randomUUID(),
    profileId,
    state: 'current',
    source: 'file',
    capturedAt: capturedAt ?? vault.now(),
    lifetimes: {
      confirmed: null,
      reported: expiresAt ?? null,
      // From an unknown day on, nothing can be counted.
      documented: capturedAt === undefined ? null : capturedAt + documentedLifetimeMs,
    },
    scopes,
    orgId,
    account: null,
    verifiedAt: null,
    rejectedAt: null,
    reviewReason: null,
    warnings: [
      ...warnings,
      ...(capturedAt === undefined ? ['The file did not say when it was captured.'] : []),
    ],
  };
}

function auditOf({ result, row }: Decision, actor: Actor): AuditEntry[] {
  const { outcome, token } = result;
  if (outcome === 'invalid' || outcome === 'unchanged') return [];
  const entry = { outcome: 'ok', profile: row.profile, ...actor };
  return [
    { action: outcome === 'created' ? 'add' : 'update', ...entry },
    ...(token ? [{ action: 'import', ...entry }] : []),
  ];
}
