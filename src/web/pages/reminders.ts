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
import { actorOf, type WebContext } from '../context.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import { reminderView } from '../view-models/reminder-view.ts';

/** `GET /reminders`: who is reminded of what, and how, and what did not get through. */
export function remindersPage({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const madeAt = await calendarFeedMadeAt(vault);
    render(
      request,
      response,
      'reminders',
      {
        ...(await reminderView(vault)),
        feedMadeAt: madeAt === null ? null : new Date(madeAt).toISOString(),
        notice: takeFlash(request),
      },
      { title: 'Reminders', at: 'reminders' },
    );
  };
}

/** `POST /reminders/feed`: a new address for the calendar feed, shown this once; the one before it ends. */
export function newFeed({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const secret = await createCalendarFeed(vault, actorOf(request));
    const url = `${appOrigin(vault.settings)}/calendar/${secret}.ics`;
    render(
      request,
      response,
      'calendar-feed',
      { url },
      { title: 'The calendar feed', at: 'reminders', script: 'auto-hide-secret' },
    );
  };
}

/** `POST /reminders/feed/remove` */
export function removeFeed({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    await removeCalendarFeed(vault, actorOf(request));
    setFlash(request, 'The feed’s address leads nowhere any more.');
    response.redirect(303, '/reminders');
  };
}

/** `GET /calendar/:secret.ics`: the feed, for calendars on this machine: whoever knows the address needs no session. */
export function feed({ vault }: Pick<WebContext, 'vault'>): RequestHandler<{ secret: string }> {
  return async (request, response) => {
    const pieces = await calendarFeed(vault, request.params.secret);
    if (pieces === null) throw new BrokerError('E_NOT_FOUND', 'This feed does not exist, or does no longer.');
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

/** Piece by piece, as fast as it is taken: memory never holds a hundred thousand entries. */
async function sendCalendar(
  response: Response,
  pieces: AsyncGenerator<string>,
  fileName?: string,
): Promise<void> {
  // A profile that does not exist shows with the first piece, and is another answer.
  const first = await pieces.next();
  if (fileName !== undefined) response.attachment(fileName);
  response.set('Content-Type', 'text/calendar; charset=utf-8');
  await pipeline(async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  }, response);
}
