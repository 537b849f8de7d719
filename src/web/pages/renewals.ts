import type { Request, RequestHandler, Response } from 'express';
import { parseContact, parseTag } from '../../domain/tags.ts';
import {
  activeCampaign,
  finishCampaign,
  skipProfile,
  startCampaign,
} from '../../vault/profiles/renewal-campaign.ts';
import { actorOf, type WebContext } from '../context.ts';
import { fieldError } from '../forms/form-errors.ts';
import { field } from '../middleware/body.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import type { FieldError } from '../view-models/pages.ts';
import { activeCampaignView, campaignForm } from '../view-models/renewals-view.ts';

/** A month and a day: whoever goes through it once a month leaves no gap. */
const usualDays = '31';

/** `GET /renewals`: the round that is under way, one button for each next one; or what one would be of. */
export function renewalsPage(context: WebContext): RequestHandler {
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' ? value : undefined;
    };
    const form = readForm({
      within: asked('within') ?? usualDays,
      tag: asked('tag'),
      contact: asked('contact'),
    });
    await renderRenewals(context, request, response, form);
  };
}

/** `POST /renewals`: begins one. */
export function startRenewals(context: WebContext): RequestHandler {
  const { vault } = context;
  return async (request, response) => {
    const { body } = request;
    const form = readForm({
      within: field(body, 'within'),
      tag: field(body, 'tag'),
      contact: field(body, 'contact'),
    });
    if (form.filter === null) {
      await renderRenewals(context, request, response, form);
      return;
    }
    const { withinDays, tag, contact } = form.filter;
    await startCampaign(
      vault,
      { withinDays, tag: tag ?? undefined, contact: contact ?? undefined },
      actorOf(request),
    );
    response.redirect(303, '/renewals');
  };
}

/** `POST /renewals/skip`: leaves one profile out. */
export function skipRenewal({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    const name = field(request.body, 'profile');
    await skipProfile(vault, name, actorOf(request));
    setFlash(request, `“${name}” is left out of this round.`);
    response.redirect(303, '/renewals');
  };
}

/** `POST /renewals/end`: done with or not; what was renewed stays so. */
export function finishRenewals({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    await finishCampaign(vault, await activeCampaign(vault), actorOf(request));
    setFlash(request, 'The round is ended. What was renewed stays so.');
    response.redirect(303, '/renewals');
  };
}

interface Form {
  values: { within: string; tag: string; contact: string };
  /** Null where something is wrong. */
  filter: { withinDays: number; tag: string | null; contact: string | null } | null;
  errors: FieldError[];
}

function readForm(typed: { within: string; tag?: string | undefined; contact?: string | undefined }): Form {
  const values = {
    within: typed.within.trim().slice(0, 20),
    tag: (typed.tag ?? '').trim().slice(0, 100),
    contact: (typed.contact ?? '').trim().slice(0, 300),
  };
  const errors: FieldError[] = [];
  const understood = (name: 'tag' | 'contact', parse: (text: string) => string): string | null => {
    if (values[name] === '') return null;
    try {
      return parse(values[name]);
    } catch (error) {
      errors.push(fieldError(error, [name]));
      return null;
    }
  };
  if (!/^\d{1,4}$/.test(values.within)) {
    errors.push({ field: 'within', message: 'Give a whole number of days.', help: 'For example 31.' });
  }
  const tag = understood('tag', parseTag);
  const contact = understood('contact', parseContact);
  const filter = errors.length > 0 ? null : { withinDays: Number(values.within), tag, contact };
  return { values, filter, errors };
}

async function renderRenewals(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  { values, filter, errors }: Form,
): Promise<void> {
  const round = await activeCampaignView(vault);
  const form = round === null ? await campaignForm(vault, values, filter) : null;
  render(
    request,
    response,
    'renewals',
    { round, form, errors, notice: takeFlash(request) },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}Renewal round`,
      at: 'overview',
      status: errors.length > 0 ? 422 : 200,
    },
  );
}
