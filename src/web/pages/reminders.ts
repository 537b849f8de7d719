import { pipeline } from 'node:stream/promises';
import type { RequestHandler, Response } from 'express';
import { calendarPieces } from '../../calendar/entries.ts';
import {
  calendarFeed,
  calendarFeedMadeAt,
  createCalendarFeed,
  removeCalendarFeed,
} from '../../calendar/feed.ts';
import { appOrigin } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { instant } from '../../text/instant.ts';
import { actorOf, type WebContext } from '../context.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import { reminderView } from '../view-models/reminder-view.ts';

/** `GET /reminders`: the channels, the reminder days, and reminders that could not be delivered. */
export function remindersPage({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const madeAt = await calendarFeedMadeAt(vault);
    render(
      request,
      response,
      'reminders',
      {
        ...(await reminderView(vault)),
        feedMadeAt: instant(madeAt),
        notice: takeFlash(request),
      },
      { title: 'Reminders', at: 'reminders' },
    );
  };
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
