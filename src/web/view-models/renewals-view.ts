import { dayMs, daysLeft, knownEnd } from '../../domain/lifetimes.ts';
import { profileTitle } from '../../domain/profile.ts';
import {
  dueForRenewal,
  itemState,
  knownTags,
  type RenewalItem,
} from '../../store/profiles/renewal-campaigns.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import {
  type CampaignProgress,
  findCampaign,
  itemsOf,
  nextProfile,
} from '../../vault/profiles/renewal-campaign.ts';
import { timeLeftText } from './dates.ts';

/** The progress of a renewal campaign. */
export interface CampaignCounts {
  renewed: number;
  skipped: number;
  waiting: number;
  /** Renewed, but a destination still holds an earlier token. */
  undelivered: number;
  /** Renewed and delivered, or skipped. */
  done: number;
  all: number;
}

/** A profile in a campaign, or one that a campaign would include. */
export interface CampaignRow {
  profile: string;
  /** The name of the organization as people know it. */
  title: string;
  contact: string | null;
  /** RFC 3339; null if unknown. */
  expiresAt: string | null;
  timeLeft: string;
  rejected: boolean;
  state: RenewalItem['state'];
}

/** The progress and the next profile, for the page of a captured token. */
export interface CampaignStep {
  counts: CampaignCounts;
  /** Null if all are done. */
  next: CampaignRow | null;
}

/** The active campaign. */
export interface ActiveCampaign extends CampaignStep {
  /** RFC 3339. */
  startedAt: string;
  tag: string | null;
  contact: string | null;
  /** The first waiting profiles, without the next one. */
  waiting: CampaignRow[];
  /** The first profiles that are renewed but not delivered, without the next one. */
  undelivered: CampaignRow[];
  /** The first profiles that are done. */
  finished: CampaignRow[];
}

/** The tokens that a new campaign would include, by the filter that was entered. */
export interface CampaignForm {
  values: { within: string; tag: string; contact: string };
  tags: string[];
  /** The first matching tokens; null if the filter is invalid. */
  due: { rows: CampaignRow[]; total: number } | null;
}

/** Longer tables would push the buttons off the screen. */
const maxRows = 25;

export async function activeCampaignView(vault: Vault): Promise<ActiveCampaign | null> {
  const progress = await findCampaign(vault);
  if (progress === null) return null;
  const { campaign } = progress;
  const waiting = await itemsOf(vault, progress, ['waiting'], maxRows + 1);
  const finished = await itemsOf(vault, progress, ['renewed', 'skipped'], maxRows);
  const undelivered = await itemsOf(vault, progress, ['undelivered'], maxRows + 1);
  const toDeliver = undelivered.map((item) => rowOf(vault, item));
  const [next = toDeliver.shift() ?? null, ...others] = waiting.map((item) => rowOf(vault, item));
  return {
    startedAt: instant(campaign.createdAt),
    tag: campaign.tag,
    contact: campaign.contact,
    counts: campaignCounts(progress),
    next,
    waiting: others,
    undelivered: toDeliver,
    finished: finished.map((item) => rowOf(vault, item)),
  };
}

/** The step for a profile; null if no campaign is active or it does not include the profile. */
export async function campaignStep(vault: Vault, profileId: string): Promise<CampaignStep | null> {
  const progress = await findCampaign(vault);
  if (progress === null || (await itemState(vault.db, progress.campaign.id, profileId)) === null) return null;
  const next = await nextProfile(vault, progress);
  return { counts: campaignCounts(progress), next: next && rowOf(vault, next) };
}

/** `filter` is null if the entered values are invalid. */
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
  const rows = items.map((item) => rowOf(vault, item));
  return { values, tags, due: { rows, total } };
}

export function campaignCounts({ counts }: CampaignProgress): CampaignCounts {
  const done = counts.renewed + counts.skipped;
  return { ...counts, done, all: done + counts.waiting + counts.undelivered };
}

function rowOf(
  { now }: Vault,
  { profile, displayName, contact, expiresAt, rejected, state }: RenewalItem,
): CampaignRow {
  const title = profileTitle({ name: profile, displayName });
  const ends = instant(knownEnd(expiresAt));
  const left = daysLeft(expiresAt, now());
  const unknown = ends === null ? 'no expiry date' : null;
  const timeLeft = rejected
    ? 'rejected by Webex'
    : (unknown ?? timeLeftText(expiresAt <= now() ? Math.min(-1, left) : left));
  return { profile, title, contact, expiresAt: ends, timeLeft, rejected, state };
}
