import { dayMs, daysLeft, knownEnd } from '../../domain/lifetimes.ts';
import {
  dueForRenewal,
  itemState,
  knownTags,
  type RenewalItem,
} from '../../store/profiles/renewal-campaigns.ts';
import type { Vault } from '../../vault/context.ts';
import {
  type CampaignProgress,
  findCampaign,
  itemsOf,
  nextProfile,
} from '../../vault/profiles/renewal-campaign.ts';
import { timeLeftText } from './dates.ts';

/** How far a renewal round is. */
export interface CampaignCounts {
  renewed: number;
  skipped: number;
  waiting: number;
  /** Renewed or left out. */
  done: number;
  all: number;
}

/** A profile in a round, or that could be in one. */
export interface CampaignRow {
  profile: string;
  contact: string | null;
  /** RFC 3339. */
  /** Null while unknown. */
  expiresAt: string | null;
  timeLeft: string;
  rejected: boolean;
  state: RenewalItem['state'];
}

/** A step within the round, for the page of a captured token. */
export interface CampaignStep {
  counts: CampaignCounts;
  /** Null where all are done. */
  next: CampaignRow | null;
}

/** The round that is under way. */
export interface ActiveCampaign extends CampaignStep {
  /** RFC 3339. */
  startedAt: string;
  tag: string | null;
  contact: string | null;
  /** The first of those that wait, the next one left out. */
  waiting: CampaignRow[];
  /** The first of those that are done. */
  settled: CampaignRow[];
}

/** What a round would be of, as it was asked for. */
export interface CampaignForm {
  values: { within: string; tag: string; contact: string };
  tags: string[];
  /** The first of them; null where the question is not understood. */
  due: { rows: CampaignRow[]; total: number } | null;
}

/** More rows than these would bury the buttons. */
const maxRows = 25;

export async function activeCampaignView(vault: Vault): Promise<ActiveCampaign | null> {
  const progress = await findCampaign(vault);
  if (progress === null) return null;
  const { round } = progress;
  const waiting = await itemsOf(vault, progress, ['waiting'], maxRows + 1);
  const settled = await itemsOf(vault, progress, ['renewed', 'skipped'], maxRows);
  const [next = null, ...others] = waiting.map((item) => rowOf(vault, item));
  return {
    startedAt: new Date(round.createdAt).toISOString(),
    tag: round.tag,
    contact: round.contact,
    counts: countsOf(progress),
    next,
    waiting: others,
    settled: settled.map((item) => rowOf(vault, item)),
  };
}

/** Where a profile stands in the round; null where no round is under way, or it is of others. */
export async function campaignStep(vault: Vault, profileId: string): Promise<CampaignStep | null> {
  const progress = await findCampaign(vault);
  if (progress === null || (await itemState(vault.db, progress.round.id, profileId)) === null) return null;
  const next = await nextProfile(vault, progress);
  return { counts: countsOf(progress), next: next && rowOf(vault, next) };
}

/** `filter` null: what was typed is not understood. */
export async function campaignForm(
  vault: Vault,
  values: CampaignForm['values'],
  filter: { withinDays: number; tag: string | null; contact: string | null } | null,
): Promise<CampaignForm> {
  const tags = await knownTags(vault.db, maxRows);
  if (filter === null) return { values, tags, due: null };
  const { withinDays, tag, contact } = filter;
  const expiresBefore = vault.now() + withinDays * dayMs;
  const { items, total } = await dueForRenewal(vault.db, { expiresBefore, tag, contact }, maxRows);
  const rows = items.map((item) => rowOf(vault, { ...item, state: 'waiting' }));
  return { values, tags, due: { rows, total } };
}

function countsOf({ counts }: CampaignProgress): CampaignCounts {
  const done = counts.renewed + counts.skipped;
  return { ...counts, done, all: done + counts.waiting };
}

function rowOf({ now }: Vault, { profile, contact, expiresAt, rejected, state }: RenewalItem): CampaignRow {
  const ends = knownEnd(expiresAt) === null ? null : new Date(expiresAt).toISOString();
  const left = daysLeft(expiresAt, now());
  const timeLeft = rejected
    ? 'rejected by Webex'
    : timeLeftText(expiresAt <= now() ? Math.min(-1, left) : left);
  return { profile, contact, expiresAt: ends, timeLeft, rejected, state };
}
