import type { RequestHandler } from 'express';
import type { Profile } from '../../domain/profile.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import { summarize } from '../../domain/profile-summary.ts';
import { daysLeftInQuarantine } from '../../domain/quarantine.ts';
import type { Token } from '../../domain/token.ts';
import { type Quarantined, quarantinedDestinations } from '../../store/destinations.ts';
import { queryProfiles } from '../../store/profiles/query.ts';
import { findActiveCampaign } from '../../store/profiles/renewal-campaigns.ts';
import { tokensNeedingReview } from '../../store/profiles/tokens.ts';
import type { Vault } from '../../vault/context.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import type { WebContext } from '../context.ts';
import { takeFlash } from '../session/flash.ts';
import { expiryView } from '../view-models/expiry-view.ts';
import type { OverviewPage, ProfileCard } from '../view-models/pages.ts';
import { reminderView } from '../view-models/reminder-view.ts';
import { renderSignIn } from './sign-in.ts';

const cardsOnPage = 50;

/** As many others that wait for a decision are named. */
const maxNamed = 5;

/** More profiles than these are worked through by a round. */
const fewDue = 3;

const statuses = ['rejected', 'expired', 'expiring', 'valid', 'empty'] as const;

/** `GET /`: the profiles, most urgent first. With none, straight into the first sign-in. */
export function overview(context: WebContext): RequestHandler {
  const { vault, render } = context;
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
    };
    const search = asked('search');
    const status = statuses.find((each) => each === asked('status'));
    const page = await queryProfiles(vault.db, {
      search,
      status,
      after: asked('after'),
      before: asked('before'),
      sort: 'urgency',
      limit: cardsOnPage,
      now: vault.now(),
    });
    const notice = takeFlash(request);
    if (page.totals.all === 0 && search === undefined && notice === null) {
      renderSignIn(context, request, response, { first: true });
      return;
    }
    const { channels, failed } = await reminderView(vault);
    const quarantined = await quarantinedDestinations(vault.db);
    const cards = await cardsOf(vault, page.rows, quarantined);
    const { rejected, expired, expiring } = page.totals;
    const due = rejected + expired + expiring;
    const unfiltered = [search, status, asked('after'), asked('before')].every((each) => each === undefined);
    render(
      request,
      response,
      'overview',
      {
        cards,
        notice,
        search: search ?? '',
        status: status ?? null,
        total: page.totals.all,
        totals: page.totals,
        attention: page.totals.all - page.totals.valid,
        next: unfiltered ? nextToEnd(cards) : null,
        round: unfiltered ? await renewalsOf(vault, due) : null,
        quarantined: [...new Set(quarantined.map(({ profile }) => profile))],
        needsReviewElsewhere: unfiltered ? await needsReviewElsewhere(vault, cards) : [],
        failedReminders: failed.length,
        noReminders: channels.every(({ target }) => target === null),
        earlierPage: pageLink('before', page.previous, { search, status }),
        laterPage: pageLink('after', page.next, { search, status }),
      },
      { title: 'Your organizations', at: 'overview', wide: true },
    );
  };
}

function pageLink(
  name: string,
  cursor: string | null,
  { search, status }: { search: string | undefined; status: ProfileStatus | undefined },
): string | null {
  if (cursor === null) return null;
  const kept = { ...(search !== undefined && { search }), ...(status !== undefined && { status }) };
  return `/?${new URLSearchParams({ ...kept, [name]: cursor })}`;
}

/** The token that ends next of those that Webex still accepts, among the most urgent ones. */
function nextToEnd(cards: ProfileCard[]): OverviewPage['next'] {
  const card = cards.find(({ status }) => status === 'expiring' || status === 'valid');
  if (card === undefined || card.summary.expiresAt === null) return null;
  return { profile: card.summary.profile, expiresAt: card.summary.expiresAt, expiry: card };
}

/** A round that is under way is gone on with; one is offered where more than a few are due. */
async function renewalsOf({ db }: Vault, due: number): Promise<OverviewPage['round']> {
  if ((await findActiveCampaign(db)) !== null) return { underWay: true, due };
  return due > fewDue ? { underWay: false, due } : null;
}

/** Decisions that no card on this page asks for. */
async function needsReviewElsewhere(
  { db }: Vault,
  cards: ProfileCard[],
): Promise<OverviewPage['needsReviewElsewhere']> {
  const asked = new Set(cards.map(({ summary }) => summary.profile));
  const tokens = await tokensNeedingReview(db, { limit: cards.length + maxNamed });
  const others = new Map(
    tokens.filter(({ profile }) => !asked.has(profile)).map((each) => [each.profile, each.id]),
  );
  return [...others].slice(0, maxNamed).map(([profile, tokenId]) => ({ profile, tokenId }));
}

/** Of several the one that began first. */
function quarantineOf(all: Quarantined[], profileId: string, now: number): ProfileCard['quarantine'] {
  const since = all
    .filter(({ destination }) => destination.profileId === profileId)
    .map(({ quarantinedSince }) => quarantinedSince);
  return since.length === 0 ? null : { daysLeft: daysLeftInQuarantine(Math.min(...since), now) };
}

async function cardsOf(
  vault: Vault,
  rows: { profile: Profile; current: Token | null }[],
  quarantined: Quarantined[],
): Promise<ProfileCard[]> {
  const now = vault.now();
  const profileIds = rows.map(({ profile }) => profile.id);
  const setAside = await tokensNeedingReview(vault.db, { profileIds, limit: 10 * cardsOnPage });
  return rows.map(({ profile, current }) => {
    const summary = summarize(profile, current, vault.settings.webex[profile.deployment], now);
    return {
      summary,
      deploymentTitle: deploymentTitles[profile.deployment],
      unverified: current?.verifiedAt === null && ['valid', 'expiring'].includes(summary.status),
      quarantine: quarantineOf(quarantined, profile.id, now),
      needsReview: setAside.find(({ profileId }) => profileId === profile.id)?.id ?? null,
      ...expiryView(summary.status, summary, now),
    };
  });
}
