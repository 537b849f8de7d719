import type { RequestHandler } from 'express';
import { pageOfProfiles } from '../../store/profile-page.ts';
import { tokensOf } from '../../store/tokens.ts';
import type { Profile } from '../../tokens/profile.ts';
import type { ProfileStatus } from '../../tokens/status.ts';
import { summarize } from '../../tokens/summary.ts';
import type { Token } from '../../tokens/token.ts';
import type { Vault } from '../../vault/vault.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import type { WebContext } from '../context.ts';
import { lifeView } from '../life-view.ts';
import { takeNotice } from '../notice.ts';
import type { OverviewPage, ProfileCard } from '../page-data.ts';
import { reminderView } from '../reminder-view.ts';
import { renderSignIn } from './sign-in.ts';

const cardsOnPage = 50;

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
    const page = await pageOfProfiles(vault.db, {
      search,
      status,
      after: asked('after'),
      before: asked('before'),
      sort: 'urgency',
      limit: cardsOnPage,
      now: vault.now(),
    });
    const notice = takeNotice(request);
    if (page.totals.all === 0 && search === undefined && notice === null) {
      renderSignIn(context, request, response, { first: true });
      return;
    }
    const { channels, failed } = await reminderView(vault);
    const cards = await Promise.all(page.rows.map(({ profile, current }) => cardOf(vault, profile, current)));
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
        next: [search, status, asked('after'), asked('before')].every((each) => each === undefined)
          ? nextToEnd(cards)
          : null,
        failedReminders: failed.length,
        unreminded: channels.every(({ target }) => target === null),
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
  return { profile: card.summary.profile, expiresAt: card.summary.expiresAt, life: card };
}

async function cardOf(vault: Vault, profile: Profile, current: Token | null): Promise<ProfileCard> {
  const now = vault.now();
  const summary = summarize(profile, current, vault.settings.webex[profile.deployment], now);
  // A valid token leaves time; where there is none, a decision may be what is missing.
  const tokens = summary.status === 'valid' ? [] : await tokensOf(vault.db, profile.id);
  return {
    summary,
    deploymentTitle: deploymentTitles[profile.deployment],
    unverified: current?.verifiedAt === null && ['valid', 'expiring'].includes(summary.status),
    undecided: tokens.find(({ state }) => state === 'set-aside')?.id ?? null,
    ...lifeView(summary.status, summary, now),
  };
}
