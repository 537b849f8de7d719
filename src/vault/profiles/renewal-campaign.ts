import { randomUUID } from 'node:crypto';
import { dayMs } from '../../domain/lifetimes.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import {
  countCampaignItems,
  endCampaign,
  findActiveCampaign,
  insertCampaign,
  insertCampaignOf,
  itemsOfCampaign,
  type RenewalCampaign,
  type RenewalItem,
  type RenewalState,
  skipItem,
} from '../../store/profiles/renewal-campaigns.ts';
import { plural } from '../../text/count.ts';
import type { Actor, StoreContext } from '../context.ts';
import { noSuchProfile, requireProfile } from './profiles.ts';

const renewalsPage = { label: 'Renewals', path: '/renewals' };

/** A renewal campaign and its progress. */
export interface CampaignProgress {
  campaign: RenewalCampaign;
  counts: Record<RenewalState, number>;
}

/**
 * Starts a campaign with the profiles whose tokens expire within `withinDays`, have expired, or are rejected. It also includes
 * renewed profiles with a destination that still has such a token.
 * Throws `E_RENEWAL` if a campaign is in progress, or if there are no such profiles.
 */
export async function startCampaign(
  { db, now }: StoreContext,
  {
    withinDays,
    tag,
    contact,
  }: { withinDays: number; tag?: string | undefined; contact?: string | undefined },
  actor: Actor,
): Promise<CampaignProgress> {
  return await db.transaction().execute(async (trx) => {
    const at = now();
    await requireNoCampaign(trx);
    const campaign = {
      id: randomUUID(),
      expiresBefore: at + withinDays * dayMs,
      tag: tag ?? null,
      contact: contact ?? null,
      createdAt: at,
    };
    if ((await insertCampaign(trx, campaign)) === 0) {
      throw new BrokerError('E_RENEWAL', `No token expires within ${plural(withinDays, 'day')}.`, {
        help: {
          text: 'To include tokens that expire later',
          command: ['renew', 'start', '--within', 'DAYS'],
          link: renewalsPage,
        },
      });
    }
    await appendAudit(trx, at, { action: 'renewal-start', outcome: 'ok', ...actor });
    return { campaign, counts: await countCampaignItems(trx, campaign.id) };
  });
}

/**
 * Starts a campaign with these profiles, no matter when their tokens expire. Those without a token get their first one.
 * Throws `E_RENEWAL` if a campaign is in progress, or `E_NO_PROFILE` if none of the profiles exists.
 */
export async function startCampaignOf(
  { db, now }: StoreContext,
  names: readonly string[],
  actor: Actor,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await requireNoCampaign(trx);
    const campaign = { id: randomUUID(), createdAt: now() };
    if ((await insertCampaignOf(trx, campaign, names)) === 0) throw noSuchProfile(names[0] ?? '');
    await appendAudit(trx, campaign.createdAt, { action: 'renewal-start', outcome: 'ok', ...actor });
  });
}

async function requireNoCampaign(trx: Db): Promise<void> {
  if ((await findActiveCampaign(trx)) === null) return;
  throw new BrokerError('E_RENEWAL', 'A renewal is in progress.', {
    help: [
      { text: 'To continue it', command: ['renew', 'continue'], link: renewalsPage },
      { text: 'To finish it', command: ['renew', 'finish'], only: 'terminal' },
    ],
  });
}

/** The campaign in progress; null if there is none. */
export async function findCampaign({ db }: StoreContext): Promise<CampaignProgress | null> {
  const campaign = await findActiveCampaign(db);
  return campaign === null ? null : { campaign, counts: await countCampaignItems(db, campaign.id) };
}

/** The campaign in progress. Throws `E_RENEWAL` if there is none. */
export async function activeCampaign(records: StoreContext): Promise<CampaignProgress> {
  const progress = await findCampaign(records);
  if (progress !== null) return progress;
  throw new BrokerError('E_RENEWAL', 'No renewal is in progress.', {
    help: {
      text: 'To start one',
      command: ['renew', 'start', '--within', '31'],
      link: renewalsPage,
    },
  });
}

/**
 * The next profile. Profiles that wait for a new token come first, in order of expiry; then those whose new token is not
 * delivered. Null if none is left.
 */
export async function nextProfile(
  { db }: StoreContext,
  { campaign }: CampaignProgress,
): Promise<RenewalItem | null> {
  for (const state of ['waiting', 'undelivered'] as const) {
    const [next] = await itemsOfCampaign(db, campaign.id, { states: [state], limit: 1 });
    if (next !== undefined) return next;
  }
  return null;
}

export async function campaignItems(
  { db }: StoreContext,
  { campaign }: CampaignProgress,
): Promise<RenewalItem[]> {
  return await itemsOfCampaign(db, campaign.id);
}

/** Up to `limit` items with these states. */
export async function itemsOf(
  { db }: StoreContext,
  { campaign }: CampaignProgress,
  states: RenewalState[],
  limit?: number,
): Promise<RenewalItem[]> {
  return await itemsOfCampaign(db, campaign.id, { states, ...(limit !== undefined && { limit }) });
}

/** Skips a profile. Throws `E_NO_PROFILE`, or `E_RENEWAL` if the profile is not waiting in the campaign. */
export async function skipProfile(records: StoreContext, name: string, actor: Actor): Promise<void> {
  const { campaign } = await activeCampaign(records);
  const profile = await requireProfile(records, name);
  await records.db.transaction().execute(async (trx) => {
    if (!(await skipItem(trx, campaign.id, profile.id, records.now()))) {
      throw new BrokerError('E_RENEWAL', `"${profile.name}" is not waiting in this renewal.`);
    }
    await appendAudit(trx, records.now(), {
      action: 'renewal-skip',
      outcome: 'ok',
      profile: profile.name,
      ...actor,
    });
  });
}

/** Finishes the campaign, even if profiles are still waiting. Renewed tokens are kept. */
export async function finishCampaign(
  records: StoreContext,
  { campaign }: CampaignProgress,
  actor: Actor,
): Promise<void> {
  await records.db.transaction().execute(async (trx) => {
    await endCampaign(trx, campaign.id, records.now());
    await appendAudit(trx, records.now(), { action: 'renewal-end', outcome: 'ok', ...actor });
  });
}
