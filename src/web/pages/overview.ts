import type { RequestHandler } from 'express';
import { accountConflict } from '../../domain/assess-token.ts';
import { expiryOf } from '../../domain/lifetimes.ts';
import { profileTitle } from '../../domain/profile.ts';
import { profileStatuses } from '../../domain/profile-status.ts';
import { summarize } from '../../domain/profile-summary.ts';
import { daysLeftInQuarantine } from '../../domain/quarantine.ts';
import { nextTriggerAt, reminderDates } from '../../domain/reminder-triggers.ts';
import { upToDateState } from '../../monitoring/up-to-date.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import { type Quarantined, quarantinedDestinations } from '../../store/destinations.ts';
import { type ProfilePage, queryProfiles, queryTable } from '../../store/profiles/query.ts';
import { countNeedingAttention } from '../../store/profiles/status-totals.ts';
import { titlesOf } from '../../store/profiles/titles.ts';
import { tokensNeedingReview } from '../../store/profiles/tokens.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import { findCampaign } from '../../vault/profiles/renewal-campaign.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import type { WebContext } from '../context.ts';
import { takeFlash } from '../session/flash.ts';
import { overviewPreference } from '../session/overview-preference.ts';
import { checklistOf } from '../view-models/checklist.ts';
import { expiryChart } from '../view-models/expiry-chart.ts';
import { expiryView } from '../view-models/expiry-view.ts';
import { organizationTable, parseTableOrder } from '../view-models/organization-table.ts';
import type { OverviewPage, ProfileCard } from '../view-models/pages.ts';
import { reminderView } from '../view-models/reminder-view.ts';
import { campaignCounts } from '../view-models/renewals-view.ts';
import { renderSignIn } from './sign-in.ts';

const cardsOnPage = 50;

const rowsOnPage = 100;

/** With more profiles than this, the page shows when their tokens expire. */
const fewCards = 10;

/** How many profiles the page reads at most to find that everything is up to date: about a tenth of a second. */
const maxRead = 10_000;

/** How many tokens that need review are named when their cards are on other pages. */
const maxNamed = 5;

/** If more profiles are due, the page offers to renew them all. */
const fewDue = 3;

/** `GET /`: the organizations, most urgent first. Without any, the form for the first sign-in. */
export function overview(context: WebContext): RequestHandler {
  const { vault, render } = context;
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
    };
    const search = asked('search');
    const status = profileStatuses.find((each) => each === asked('status'));
    const tag = asked('tag');
    const { view, columns } = overviewPreference(request, response, vault.settings.port);
    const fields = { search, tag, status, ...parseTableOrder(asked('sort')), pageSize: rowsOnPage };
    const rows =
      view === 'table'
        ? await queryTable(vault.db, { ...fields, page: pageNumber(asked('page')), now: vault.now() })
        : null;
    const page =
      rows === null
        ? await queryProfiles(vault.db, {
            search,
            tag,
            status,
            after: asked('after'),
            before: asked('before'),
            sort: 'urgency',
            limit: cardsOnPage,
            now: vault.now(),
          })
        : { rows: [], totals: rows.totals, next: null, previous: null };
    const notice = takeFlash(request);
    if (page.totals.all === 0 && search === undefined && tag === undefined && notice === null) {
      renderSignIn(context, request, response, { first: true });
      return;
    }
    const { isSetUp, failed } = await reminderView(vault);
    const quarantined = await quarantinedDestinations(vault.db);
    const quarantinedProfiles = [...new Set(quarantined.map(({ profile }) => profile))];
    const cards = await cardsOf(vault, page.rows, quarantined);
    const { rejected, expired, expiring } = page.totals;
    const due = rejected + expired + expiring;
    const besides = await countNeedingAttention(vault.db, { search, tag, now: vault.now() });
    const ok = page.totals.valid - besides.valid;
    const waiting = page.totals.empty - besides.empty;
    const unfiltered = [search, tag, status, asked('after'), asked('before'), asked('page')].every(
      (each) => each === undefined,
    );
    const checklist =
      unfiltered && rows === null
        ? await checklistOf(vault, {
            // Profiles without a token come last.
            profiles: cards.map(({ summary }) => summary.profile),
            hasToken: page.totals.all > page.totals.empty,
            remindersSetUp: isSetUp,
          })
        : null;
    const { upToDate, unfinished } = unfiltered
      ? await upToDateState(vault.db, {
          totals: page.totals,
          remindersSetUp: isSetUp,
          hookSetUp: vault.settings.renewalHook !== null,
          maxProfiles: maxRead,
        })
      : { upToDate: false, unfinished: null };
    const titleOf = await titlesOf(vault.db, [
      ...quarantinedProfiles.slice(0, maxNamed),
      ...(unfinished === null ? [] : [unfinished.profile]),
    ]);
    render(
      request,
      response,
      'overview',
      {
        cards,
        months: unfiltered && page.totals.all > fewCards ? await expiryChart(vault) : null,
        table: rows && (await organizationTable(vault, rows, columns, fields)),
        checklist,
        notice,
        search: search ?? '',
        tag: tag ?? null,
        status: status ?? null,
        total: page.totals.all,
        totals: page.totals,
        attention: page.totals.all - ok - waiting,
        ok,
        waiting,
        next: unfiltered ? await nextToDo(vault, page.rows, cards) : null,
        renewals: unfiltered ? await renewalsOf(vault, due) : null,
        quarantined: quarantinedProfiles.map((profile) => ({ profile, title: titleOf(profile) })),
        needsReviewElsewhere: unfiltered ? await needsReviewElsewhere(vault, cards) : [],
        failedReminders: failed.length,
        upToDate,
        unfinished: unfinished && { ...unfinished, title: titleOf(unfinished.profile) },
        noReminders: !isSetUp,
        earlierPage: pageLink('before', page.previous, { search, tag, status }),
        laterPage: pageLink('after', page.next, { search, tag, status }),
      },
      { title: 'Your organizations', at: 'overview', wide: rows === null ? true : 'window' },
    );
  };
}

function pageNumber(text: string | undefined): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : 1;
}

function pageLink(
  name: string,
  cursor: string | null,
  filter: Record<string, string | undefined>,
): string | null {
  if (cursor === null) return null;
  const kept = Object.entries({ ...filter, [name]: cursor }).filter(([, value]) => value !== undefined);
  return `/?${new URLSearchParams(kept as [string, string][])}`;
}

/** The most urgent profile: one to deliver, or else one to renew. Null if no profile has a token. */
async function nextToDo(
  vault: Vault,
  rows: ProfilePage['rows'],
  cards: ProfileCard[],
): Promise<OverviewPage['next']> {
  const [row] = rows;
  const card = cards.find(({ summary }) => summary.profile === row?.profile.name);
  if (row === undefined || card === undefined || row.current === null) return null;
  const { profile, current } = row;
  const { name } = profile;
  const destinations = card.status === 'undelivered' ? await listDestinations(vault, name) : [];
  const now = vault.now();
  const own = { ...current, expiresAt: expiryOf(current.lifetimes).expiresAt };
  const dates = reminderDates(own, profile, now);
  const reminderAt = nextTriggerAt(dates, vault.settings.reminders.days, now);
  return {
    profile: name,
    title: profileTitle(profile),
    reminderAt: reminderAt === null || reminderAt >= dates.expiresAt ? null : instant(reminderAt),
    expiry: card,
    outdated: destinations.filter(({ upToDate }) => !upToDate),
  };
}

/** The active renewal campaign to continue, or an offer to start one if more than a few tokens are due. */
async function renewalsOf(vault: Vault, due: number): Promise<OverviewPage['renewals']> {
  const progress = await findCampaign(vault);
  if (progress !== null) return { active: campaignCounts(progress), due };
  return due > fewDue ? { active: null, due } : null;
}

/** Tokens that need review whose cards are not on this page. */
async function needsReviewElsewhere(
  { db }: Vault,
  cards: ProfileCard[],
): Promise<OverviewPage['needsReviewElsewhere']> {
  const asked = new Set(cards.map(({ summary }) => summary.profile));
  const tokens = await tokensNeedingReview(db, { limit: cards.length + maxNamed });
  const others = new Map(
    tokens.filter(({ profile }) => !asked.has(profile)).map((each) => [each.profile, each.id]),
  );
  const named = [...others].slice(0, maxNamed);
  const titleOf = await titlesOf(
    db,
    named.map(([profile]) => profile),
  );
  return named.map(([profile, tokenId]) => ({ profile, title: titleOf(profile), tokenId }));
}

/** The quarantine that started first, if there are several. */
function quarantineOf(all: Quarantined[], profileId: string, now: number): ProfileCard['quarantine'] {
  const since = all
    .filter(({ destination }) => destination.profileId === profileId)
    .map(({ quarantinedSince }) => quarantinedSince);
  return since.length === 0 ? null : { daysLeft: daysLeftInQuarantine(Math.min(...since), now) };
}

async function cardsOf(
  vault: Vault,
  rows: ProfilePage['rows'],
  quarantined: Quarantined[],
): Promise<ProfileCard[]> {
  const now = vault.now();
  const profileIds = rows.map(({ profile }) => profile.id);
  const inReview = await tokensNeedingReview(vault.db, { profileIds, limit: 10 * cardsOnPage });
  return rows.map(({ profile, current }) => {
    const summary = summarize(profile, current, vault.settings.webex[profile.deployment], now);
    return {
      title: profileTitle(profile),
      summary,
      deploymentTitle: deploymentTitles[profile.deployment],
      unverified:
        current?.verifiedAt === null && ['valid', 'expiring', 'undelivered'].includes(summary.status),
      conflict: current?.account == null ? null : accountConflict(current.account, profile),
      quarantine: quarantineOf(quarantined, profile.id, now),
      needsReview: inReview.find(({ profileId }) => profileId === profile.id)?.id ?? null,
      ...expiryView(summary.status, summary, now),
    };
  });
}
