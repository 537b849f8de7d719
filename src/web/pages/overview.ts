import type { RequestHandler } from 'express';
import { pageOfProfiles } from '../../store/profile-page.ts';
import { tokensOf } from '../../store/tokens.ts';
import type { Profile } from '../../tokens/profile.ts';
import { summarize } from '../../tokens/summary.ts';
import type { Token } from '../../tokens/token.ts';
import type { Vault } from '../../vault/vault.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import type { WebContext } from '../context.ts';
import { lifeView } from '../life-view.ts';
import { takeNotice } from '../notice.ts';
import type { ProfileCard } from '../page-data.ts';
import { renderSignIn } from './sign-in.ts';

const cardsOnPage = 50;

/** `GET /`: the profiles, most urgent first. With none, straight into the first sign-in. */
export function overview(context: WebContext): RequestHandler {
  const { vault, render } = context;
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
    };
    const search = asked('search');
    const page = await pageOfProfiles(vault.db, {
      search,
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
    const cards = await Promise.all(page.rows.map(({ profile, current }) => cardOf(vault, profile, current)));
    render(
      request,
      response,
      'overview',
      {
        cards,
        notice,
        search: search ?? '',
        total: page.totals.all,
        attention: page.totals.all - page.totals.valid,
        earlierPage: pageLink('before', page.previous, search),
        laterPage: pageLink('after', page.next, search),
      },
      { title: 'Your organizations', at: 'overview', wide: true },
    );
  };
}

function pageLink(name: string, cursor: string | null, search: string | undefined): string | null {
  if (cursor === null) return null;
  return `/?${new URLSearchParams({ ...(search !== undefined && { search }), [name]: cursor })}`;
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
