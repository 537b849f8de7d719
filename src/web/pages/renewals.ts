import type { Request, RequestHandler, Response } from 'express';
import { parseContact, parseTag } from '../../domain/tags.ts';
import {
  activeCampaign,
  finishCampaign,
  skipProfile,
  startCampaign,
} from '../../vault/profiles/renewal-campaign.ts';
import { actorOf, type WebContext } from '../context.ts';
import { fieldError, invalidField } from '../forms/form-errors.ts';
import { field } from '../middleware/body.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import type { FieldError } from '../view-models/pages.ts';
import { activeCampaignView, campaignForm } from '../view-models/renewals-view.ts';

/** A month and a day, so that renewing once a month leaves no gap. */
const defaultDays = '31';

/** `GET /renewals`: the active campaign and its next profile, or the form that starts one. */
export function renewalsPage(context: WebContext): RequestHandler {
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' ? value : undefined;
    };
    const form = readForm({
      within: asked('within') ?? defaultDays,
      tag: asked('tag'),
      contact: asked('contact'),
    });
    await renderRenewals(context, request, response, form);
  };
}

/** `POST /renewals`: starts a campaign. */
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

/** `POST /renewals/skip`: skips one profile. */
export function skipRenewal({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    const name = field(request.body, 'profile');
    await skipProfile(vault, name, actorOf(request));
    setFlash(request, `Skipped “${name}”.`);
    response.redirect(303, '/renewals');
  };
}

/** `POST /renewals/end`: finishes the campaign, complete or not. */
export function finishRenewals({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    await finishCampaign(vault, await activeCampaign(vault), actorOf(request));
    setFlash(request, 'Renewals finished.');
    response.redirect(303, '/renewals');
  };
}

interface Form {
  values: { within: string; tag: string; contact: string };
  /** Null if a field is invalid. */
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
    errors.push(invalidField('within', 'Enter a whole number of days.', 'For example 31.'));
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
  const campaign = await activeCampaignView(vault);
  const form = campaign === null ? await campaignForm(vault, values, filter) : null;
  render(
    request,
    response,
    'renewals',
    { campaign, form, errors, notice: takeFlash(request) },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}Renewals`,
      at: 'overview',
      status: errors.length > 0 ? 422 : 200,
    },
  );
}
