import { randomUUID } from 'node:crypto';
import { dayMs } from '../../domain/lifetimes.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import {
  countCampaignItems,
  endCampaign,
  findActiveCampaign,
  insertCampaign,
  itemsOfRound,
  type RenewalCampaign,
  type RenewalItem,
  type RenewalState,
  skipItem,
} from '../../store/profiles/renewal-campaigns.ts';
import type { Actor, StoreContext } from '../context.ts';
import { requireProfile } from './profiles.ts';

/** A renewal round and how far it is. */
export interface CampaignProgress {
  round: RenewalCampaign;
  counts: Record<RenewalState, number>;
}

/**
 * Begins a round with the profiles whose tokens end within so many days, or have ended, or are rejected.
 * Throws `E_RENEWAL` where one is under way, or nothing ends.
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
    if ((await findActiveCampaign(trx)) !== null) {
      throw new BrokerError('E_RENEWAL', 'A renewal is in progress.', {
        help: [
          { text: 'Continue it', command: ['renew'], link: { label: 'Renewals', path: '/renewals' } },
          { text: 'Or finish it', command: ['renew', 'finish'], only: 'terminal' },
        ],
      });
    }
    const round = {
      id: randomUUID(),
      expiresBefore: at + withinDays * dayMs,
      tag: tag ?? null,
      contact: contact ?? null,
      createdAt: at,
    };
    if ((await insertCampaign(trx, round)) === 0) {
      throw new BrokerError('E_RENEWAL', `No token ends within ${withinDays} days.`, {
        help: { text: 'There is nothing to renew. To include more days, raise --within.', only: 'terminal' },
      });
    }
    await appendAudit(trx, at, { action: 'renewal-start', outcome: 'ok', ...actor });
    return { round, counts: await countCampaignItems(trx, round.id) };
  });
}

/** The round that is under way; null where none is. */
export async function findCampaign({ db }: StoreContext): Promise<CampaignProgress | null> {
  const round = await findActiveCampaign(db);
  return round === null ? null : { round, counts: await countCampaignItems(db, round.id) };
}

/** The same. Throws `E_RENEWAL` where none is under way. */
export async function activeCampaign(records: StoreContext): Promise<CampaignProgress> {
  const progress = await findCampaign(records);
  if (progress !== null) return progress;
  throw new BrokerError('E_RENEWAL', 'No renewal is in progress.', {
    help: {
      text: 'Start one',
      command: ['renew', 'start', '--within', '31'],
      link: { label: 'Renewals', path: '/renewals' },
    },
  });
}

/** The profile whose turn it is: of those that wait, the one whose token ends first. Null where all are done. */
export async function nextProfile(
  { db }: StoreContext,
  { round }: CampaignProgress,
): Promise<RenewalItem | null> {
  const [next] = await itemsOfRound(db, round.id, { states: ['waiting'], limit: 1 });
  return next ?? null;
}

export async function campaignItems(
  { db }: StoreContext,
  { round }: CampaignProgress,
): Promise<RenewalItem[]> {
  return await itemsOfRound(db, round.id);
}

/** The items with these states, at most `limit` of them. */
export async function itemsOf(
  { db }: StoreContext,
  { round }: CampaignProgress,
  states: RenewalState[],
  limit: number,
): Promise<RenewalItem[]> {
  return await itemsOfRound(db, round.id, { states, limit });
}

/** Leaves a profile out of the round. Throws `E_NO_PROFILE`, or `E_RENEWAL` where it is not waiting in it. */
export async function skipProfile(records: StoreContext, name: string, actor: Actor): Promise<void> {
  const { round } = await activeCampaign(records);
  const profile = await requireProfile(records, name);
  await records.db.transaction().execute(async (trx) => {
    if (!(await skipItem(trx, round.id, profile.id, records.now()))) {
      throw new BrokerError('E_RENEWAL', `"${profile.name}" is not waiting in this round.`);
    }
    await appendAudit(trx, records.now(), {
      action: 'renewal-skip',
      outcome: 'ok',
      profile: profile.name,
      ...actor,
    });
  });
}

/** Ends the round, done with or not. What was renewed stays so. */
export async function finishCampaign(
  records: StoreContext,
  { round }: CampaignProgress,
  actor: Actor,
): Promise<void> {
  await records.db.transaction().execute(async (trx) => {
    await endCampaign(trx, round.id, records.now());
    await appendAudit(trx, records.now(), { action: 'renewal-end', outcome: 'ok', ...actor });
  });
}
