import { pipeline } from 'node:stream/promises';
import type { RequestHandler, Response } from 'express';
import { calendarPieces } from '../../calendar/entries.ts';
import {
  calendarFeed,
  calendarFeedCreatedAt,
  createCalendarFeed,
  removeCalendarFeed,
} from '../../calendar/feed.ts';
import { parseMailServer } from '../../config/mail-server.ts';
import { appOrigin } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { pageHelp } from '../../errors/remedy.ts';
import { desktopChannel } from '../../reminders/channels/desktop.ts';
import { instant } from '../../text/instant.ts';
import { readSavedChannels } from '../../vault/reminders/channel-settings.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import { actorOf, type WebContext } from '../context.ts';
import { mailFormValues } from '../forms/reminder-forms.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import { reminderView } from '../view-models/reminder-view.ts';
import type { RenderReminders } from './reminder-channels.ts';

/** `GET /reminders`: the channels with their forms, and the reminders that could not be delivered. */
export function remindersPage(context: WebContext): RequestHandler {
  const render = renderReminders(context);
  return async (request, response) => await render(request, response);
}

/** Renders the page, also after one of its forms was submitted. */
export function renderReminders({ vault, render }: WebContext): RenderReminders {
  return async (request, response, { errors = [], mail, test = null } = {}) => {
    const { saved } = await readSavedChannels(vault);
    const { problem, webhookSecret, smtpUrl } = await effectiveReminders(vault);
    render(
      request,
      response,
      'reminders',
      {
        ...(await reminderView(vault)),
        problem: problem && { message: problem.message, remedies: pageHelp(problem.remedies) },
        mail: mail ?? mailFormValues(saved.mail),
        mailServer: smtpUrl === null ? null : serverText(smtpUrl),
        saved: {
          mail: saved.mail !== undefined,
          password: saved.mail !== undefined && parseMailServer(saved.mail.smtpUrl).auth !== null,
          webhook: saved.webhook !== undefined,
        },
        signed: webhookSecret !== null,
        desktopFound: desktopChannel() !== null,
        feedMadeAt: instant(await calendarFeedCreatedAt(vault)),
        notice: takeFlash(request),
        errors,
        test,
      },
      {
        title: `${errors.length > 0 ? 'Error: ' : ''}Reminders`,
        at: 'reminders',
        status: errors.length > 0 ? 422 : 200,
      },
    );
  };
}

function serverText(smtpUrl: string): string {
  const { host, port } = parseMailServer(smtpUrl);
  return `${host}:${port}`;
}

/** `POST /reminders/feed`: creates a new address for the calendar feed and shows it once; the previous one stops working. */
export function newFeed({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const secret = await createCalendarFeed(vault, actorOf(request));
    const url = `${appOrigin(vault.settings)}/calendar/${secret}.ics`;
    render(
      request,
      response,
      'calendar-feed',
      { url },
      { title: 'Calendar subscription', at: 'reminders', script: 'auto-hide-secret' },
    );
  };
}

/** `POST /reminders/feed/remove` */
export function removeFeed({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    await removeCalendarFeed(vault, actorOf(request));
    setFlash(request, 'The calendar subscription was deleted.');
    response.redirect(303, '/reminders');
  };
}

/** `GET /calendar/:secret.ics`: the feed, for calendar apps on this computer; the address is the only credential. */
export function feed({ vault }: Pick<WebContext, 'vault'>): RequestHandler<{ secret: string }> {
  return async (request, response) => {
    const pieces = await calendarFeed(vault, request.params.secret);
    if (pieces === null) throw new BrokerError('E_NOT_FOUND', 'This calendar feed does not exist.');
    await sendCalendar(response, pieces);
  };
}

/** `GET /calendar.ics` and `/profiles/:name/calendar.ics`, to be downloaded. */
export function calendarFile({ vault }: WebContext): RequestHandler<{ name?: string }> {
  return async (request, response) => {
    const { name } = request.params;
    const pieces = calendarPieces(vault, name === undefined ? [] : [name]);
    await sendCalendar(response, pieces, `webex-token${name === undefined ? 's' : `-${name}`}.ics`);
  };
}

/** Streams the entries, so that memory never holds a hundred thousand of them. */
async function sendCalendar(
  response: Response,
  pieces: AsyncGenerator<string>,
  fileName?: string,
): Promise<void> {
  // An unknown profile throws with the first piece, before any header is sent.
  const first = await pieces.next();
  if (fileName !== undefined) response.attachment(fileName);
  response.set('Content-Type', 'text/calendar; charset=utf-8');
  await pipeline(async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  }, response);
}
