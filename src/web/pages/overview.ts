import type { RequestHandler } from 'express';
import { findProfile } from '../../store/profiles.ts';
import { tokensOf } from '../../store/tokens.ts';
import type { ProfileStatus } from '../../tokens/status.ts';
import type { ProfileSummary } from '../../tokens/summary.ts';
import { listSummaries } from '../../vault/profiles.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import type { WebContext } from '../context.ts';
import { lifeView } from '../life-view.ts';
import { takeNotice } from '../notice.ts';
import type { ProfileCard } from '../page-data.ts';
import { renderSignIn } from './sign-in.ts';

/** `GET /`: every profile, most urgent first. With none, straight into the first sign-in. */
export function overview(context: WebContext): RequestHandler {
  const { vault, render } = context;
  return async (request, response) => {
    const summaries = (await listSummaries(vault)).sort(byUrgency);
    const notice = takeNotice(request);
    if (summaries.length === 0 && notice === null) {
      renderSignIn(context, request, response, { first: true });
      return;
    }
    const cards = await Promise.all(summaries.map((summary) => cardOf(context, summary)));
    const attention = cards.filter((card) => card.status !== 'valid' || card.undecided !== null).length;
    render(
      request,
      response,
      'overview',
      { cards, attention, notice },
      { title: 'Your organizations', at: 'overview' },
    );
  };
}

const urgency: Record<ProfileStatus, number> = { rejected: 0, expired: 1, expiring: 2, empty: 3, valid: 4 };

function byUrgency(one: ProfileSummary, other: ProfileSummary): number {
  return (
    urgency[one.status] - urgency[other.status] ||
    (one.expiresAt ?? '').localeCompare(other.expiresAt ?? '') ||
    one.profile.localeCompare(other.profile)
  );
}

async function cardOf(context: WebContext, summary: ProfileSummary): Promise<ProfileCard> {
  return {
    summary,
    deploymentTitle: deploymentTitles[summary.deployment],
    // A valid token leaves time; where there is none, a decision may be what is missing.
    undecided: summary.status === 'valid' ? null : await undecidedToken(context, summary.profile),
    ...lifeView(summary.status, summary, context.vault.now()),
  };
}

async function undecidedToken({ vault }: WebContext, name: string): Promise<string | null> {
  const profile = await findProfile(vault.db, name);
  if (profile === null) return null;
  const tokens = await tokensOf(vault.db, profile.id);
  return tokens.find(({ state }) => state === 'set-aside')?.id ?? null;
}
