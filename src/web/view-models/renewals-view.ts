import { dayMs, daysLeft, knownEnd } from '../../domain/lifetimes.ts';
import {
  dueForRenewal,
  itemState,
  knownTags,
  type RenewalItem,
} from '../../store/profiles/renewal-campaigns.ts';
import {
  type CampaignProgress,
  findCampaign,
  itemsOf,
  nextProfile,
} from '../../vault/profiles/renewal-campaign.ts';
import type { Vault } from '../../vault/vault.ts';
import { timeLeftText } from './dates.ts';

/** How far a renewal round is. */
export interface RoundCounts {
  renewed: number;
  skipped: number;
  waiting: number;
  /** Renewed or left out. */
  done: number;
  all: number;
}

/** A profile in a round, or that could be in one. */
export interface RoundRow {
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
export interface RoundStep {
  counts: RoundCounts;
  /** Null where all are done. */
  next: RoundRow | null;
}

/** The round that is under way. */
export interface ActiveCampaign extends RoundStep {
  /** RFC 3339. */
  begunAt: string;
  tag: string | null;
  contact: string | null;
  /** The first of those that wait, the next one left out. */
  waiting: RoundRow[];
  /** The first of those that are done. */
  settled: RoundRow[];
}

/** What a round would be of, as it was asked for. */
export interface RoundForm {
  values: { within: string; tag: string; contact: string };
  tags: string[];
  /** The first of them; null where the question is not understood. */
  due: { rows: RoundRow[]; total: number } | null;
}

/** More rows than these would bury the buttons. */
const mostRows = 25;

export async function activeCampaignView(vault: Vault): Promise<ActiveCampaign | null> {
  const progress = await findCampaign(vault);
  if (progress === null) return null;
  const { round } = progress;
  const waiting = await itemsOf(vault, progress, ['waiting'], mostRows + 1);
  const settled = await itemsOf(vault, progress, ['renewed', 'skipped'], mostRows);
  const [next = null, ...others] = waiting.map((item) => rowOf(vault, item));
  return {
    begunAt: new Date(round.createdAt).toISOString(),
    tag: round.tag,
    contact: round.contact,
    counts: countsOf(progress),
    next,
    waiting: others,
    settled: settled.map((item) => rowOf(vault, item)),
  };
}

/** Where a profile stands in the round; null where no round is under way, or it is of others. */
export async function roundStep(vault: Vault, profileId: string): Promise<RoundStep | null> {
  const progress = await findCampaign(vault);
  if (progress === null || (await itemState(vault.db, progress.round.id, profileId)) === null) return null;
  const next = await nextProfile(vault, progress);
  return { counts: countsOf(progress), next: next && rowOf(vault, next) };
}

/** `filter` null: what was typed is not understood. */
export async function roundForm(
  vault: Vault,
  values: RoundForm['values'],
  filter: { withinDays: number; tag: string | null; contact: string | null } | null,
): Promise<RoundForm> {
  const tags = await knownTags(vault.db, mostRows);
  if (filter === null) return { values, tags, due: null };
  const { withinDays, tag, contact } = filter;
  const expiresBefore = vault.now() + withinDays * dayMs;
  const { items, total } = await dueForRenewal(vault.db, { expiresBefore, tag, contact }, mostRows);
  const rows = items.map((item) => rowOf(vault, { ...item, state: 'waiting' }));
  return { values, tags, due: { rows, total } };
}

function countsOf({ counts }: CampaignProgress): RoundCounts {
  const done = counts.renewed + counts.skipped;
  return { ...counts, done, all: done + counts.waiting };
}

function rowOf({ now }: Vault, { profile, contact, expiresAt, rejected, state }: RenewalItem): RoundRow {
  const ends = knownEnd(expiresAt) === null ? null : new Date(expiresAt).toISOString();
  const left = daysLeft(expiresAt, now());
  const timeLeft = rejected
    ? 'rejected by Webex'
    : timeLeftText(expiresAt <= now() ? Math.min(-1, left) : left);
  return { profile, contact, expiresAt: ends, timeLeft, rejected, state };
}
