import { randomUUID } from 'node:crypto';
import { claimConflict } from '../../domain/assess-token.ts';
import { documentedLifetimeMs } from '../../domain/lifetimes.ts';
import { isNamed, type NewProfile, type Profile } from '../../domain/profile.ts';
import { firstReminderCheckAt } from '../../domain/reminder-triggers.ts';
import type { Token } from '../../domain/token.ts';
import { commandLine } from '../../errors/remedy.ts';
import { appendAudits } from '../../store/audit/audit.ts';
import type { AuditEntry } from '../../store/audit/chain.ts';
import type { Db } from '../../store/db.ts';
import { recordActivations } from '../../store/profiles/activations.ts';
import {
  insertProfiles,
  profilesByName,
  setDisplayName,
  setProfileOrganization,
  setTagsAndContact,
} from '../../store/profiles/profiles.ts';
import { insertTokens, tokenCiphertextsOf } from '../../store/profiles/tokens.ts';
import { usesReminderDays } from '../../store/reminders/reminders.ts';
import { type Deployment, deploymentTitles } from '../../webex/deployments.ts';
import { describeAccessToken } from '../../webex/sign-in/access-token.ts';
import type { Actor, Vault } from '../context.ts';
import type { CsvToken, ProfileRow } from './csv-row.ts';

/** The result of importing one row, or of planning that import. */
export interface RowResult {
  line: number;
  profile: string;
  outcome: 'created' | 'updated' | 'unchanged' | 'invalid';
  /** Whether the import stores its token. */
  token: boolean;
  /** Why the row is invalid. */
  reason: string | null;
}

/** How many rows one transaction imports. This limits how long other writers wait. */
export const importBatchSize = 500;

/** Returns what importing these rows would do. Changes nothing. */
export async function planImport(vault: Vault, rows: readonly ProfileRow[]): Promise<RowResult[]> {
  return (await decide(vault, vault.db, rows)).map(({ result }) => result);
}

/**
 * Stores the profiles of these rows, and their tokens encrypted and unverified, in one transaction. Skips rows that are
 * already stored, and invalid rows. Takes at most `importBatchSize` rows.
 */
export async function importProfiles(
  vault: Vault,
  rows: readonly ProfileRow[],
  actor: Actor,
): Promise<RowResult[]> {
  const now = vault.now();
  const results = await vault.db.transaction().execute(async (trx) => {
    const decisions = await decide(vault, trx, rows);
    const profiles = decisions.flatMap((each) => (each.create === null ? [] : [each.create]));
    const tokens = await encryptTokens(vault, trx, decisions);
    await insertProfiles(trx, profiles);
    const { days } = vault.settings.reminders;
    const scheduled = await usesReminderDays(trx, days);
    await insertTokens(
      trx,
      tokens.map((each) => ({
        ...each,
        ...(scheduled && { remindAt: firstReminderCheckAt(each.token, days, now) }),
      })),
    );
    const hook = vault.settings.renewalHook !== null;
    await recordActivations(
      trx,
      tokens.map(({ token: { id: tokenId, profileId } }) => ({ profileId, tokenId, now, hook })),
    );
    for (const { row, result, profileId, displayName } of decisions) {
      if (result.outcome !== 'updated') continue;
      if (row.orgId !== undefined) await setProfileOrganization(trx, profileId, row.orgId);
      if (displayName !== undefined) await setDisplayName(trx, profileId, displayName);
      await setTagsAndContact(trx, profileId, { contact: row.contact, tags: row.tags });
    }
    await appendAudits(
      trx,
      now,
      decisions.flatMap((each) => auditOf(each, actor)),
    );
    return decisions.map(({ result }) => result);
  });
  if (results.some(({ token }) => token)) vault.renewals.announce();
  return results;
}

interface Decision {
  row: ProfileRow;
  result: RowResult;
  profileId: string;
  scopes: string[];
  /** The new display name of an existing profile; undefined if it keeps its own. */
  displayName?: string | undefined;
  create: NewProfile | null;
}

async function decide(vault: Vault, db: Db, rows: readonly ProfileRow[]): Promise<Decision[]> {
  const known = await profilesByName(
    db,
    rows.map(({ profile }) => profile),
  );
  const storedTokens = await storedTokensOf(vault, db, [...known.values()]);
  return rows.map((row) => {
    const existing = known.get(row.profile);
    if (existing === undefined) return creation(vault, row);
    const stored = storedTokens.get(existing.id) ?? [];
    const { id: profileId, scopes } = existing;
    const displayName = newDisplayName(row, existing);
    const decided = (outcome: RowResult['outcome'], token = false, reason: string | null = null) => ({
      row,
      profileId,
      scopes,
      displayName,
      create: null,
      result: { line: row.line, profile: row.profile, outcome, token, reason },
    });
    const reason = conflictReason(row, existing, stored);
    if (reason !== null) return decided('invalid', false, reason);
    const token = row.token !== undefined && !stored.includes(row.token.accessToken);
    return decided(
      token || displayName !== undefined || changes(row, existing) ? 'updated' : 'unchanged',
      token,
    );
  });
}

function creation(vault: Vault, row: ProfileRow): Decision {
  const { line, profile, orgId = null, contact = null, tags = [], token } = row;
  // If the file does not contain the deployment, the token may.
  const deployment = row.deployment ?? token?.deployment ?? 'commercial';
  const reason = deploymentConflict(row, deployment);
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
            displayName: row.displayName ?? row.typedName,
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

/** Why the row's token cannot be stored for a deployment; null if it can. */
function deploymentConflict({ token }: ProfileRow, deployment: Deployment): string | null {
  const claimed = token?.deployment ?? null;
  if (claimed === null || claimConflict({ deployment: claimed }, { deployment, orgId: null }) === null)
    return null;
  return `the token belongs to ${deploymentTitles[claimed]}, but the profile to ${deploymentTitles[deployment]}`;
}

/** Why the row cannot be added to an existing profile; null if it can. */
function conflictReason(row: ProfileRow, existing: Profile, stored: string[]): string | null {
  const conflict = claimConflict({ deployment: row.deployment ?? null, orgId: row.orgId ?? null }, existing);
  if (conflict === 'other-deployment') {
    return `the profile already exists and belongs to ${deploymentTitles[existing.deployment]}`;
  }
  if (conflict === 'other-organization') {
    return `the profile already exists and belongs to the organization ${existing.orgId}`;
  }
  if (!isNamed(existing, row.displayName === undefined ? row.typedName : null)) {
    return `the profile ${row.profile} already exists and is named ${existing.displayName}`;
  }
  const tokenConflict = deploymentConflict(row, existing.deployment);
  if (tokenConflict !== null) return tokenConflict;
  if (row.token !== undefined && stored.length > 0 && !stored.includes(row.token.accessToken)) {
    return `the profile already has another token. To replace it: ${commandLine(['import', row.profile])}`;
  }
  return null;
}

/** Undefined if the profile keeps its own. */
function newDisplayName(
  { displayName, typedName }: ProfileRow,
  existing: Pick<Profile, 'displayName'>,
): string | undefined {
  const wanted = displayName ?? (existing.displayName === null ? typedName : null);
  return wanted === null || wanted === existing.displayName ? undefined : wanted;
}

function changes(row: ProfileRow, existing: Profile): boolean {
  return (
    (row.orgId !== undefined && row.orgId !== existing.orgId) ||
    (row.contact !== undefined && row.contact !== existing.contact) ||
    (row.tags !== undefined && row.tags.join() !== existing.tags.join())
  );
}

/** The values of the stored tokens of these profiles, by profile. */
async function storedTokensOf(vault: Vault, db: Db, profiles: Profile[]): Promise<Map<string, string[]>> {
  const stored = new Map<string, string[]>();
  const tokens = await tokenCiphertextsOf(
    db,
    profiles.map(({ id }) => id),
  );
  for (const { id, profileId, ciphertext } of tokens) {
    // Within a transaction, only the transaction's connection can be used.
    if (!vault.keys.hasKeyFor(ciphertext)) await vault.keys.refresh(db === vault.db ? undefined : db);
    const value = vault.keys.decryptSync(ciphertext, { tokenId: id, profileId });
    stored.set(profileId, [...(stored.get(profileId) ?? []), value]);
  }
  return stored;
}

/** Encrypts the tokens to store. Only for the first one, checks whether the key is the newest; the others use the same key. */
async function encryptTokens(
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
  const tokenRef = ({ id: tokenId, profileId }: Token) => ({ tokenId, profileId });
  const { keys } = vault;
  return await Promise.all([
    { token: first.token, ciphertext: await keys.seal(trx, first.value, tokenRef(first.token)) },
    ...rest.map(async ({ token, value }) => ({
      token,
      ciphertext: await keys.ring.seal(value, tokenRef(token)),
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
      // The documented lifetime counts from the capture.
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
      ...(capturedAt === undefined ? ['The file does not say when the token was captured.'] : []),
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
