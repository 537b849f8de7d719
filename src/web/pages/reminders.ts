import type { RequestHandler, Response } from 'express';
import { appOrigin } from '../../config.ts';
import { BrokerError } from '../../errors.ts';
import { calendarText } from '../../expiry/calendar.ts';
import { calendarEntries } from '../../expiry/calendar-entries.ts';
import {
  calendarFeed,
  calendarFeedMadeAt,
  endCalendarFeed,
  newCalendarFeed,
} from '../../expiry/calendar-feed.ts';
import { actorOf, type WebContext } from '../context.ts';
import { leaveNotice, takeNotice } from '../notice.ts';
import { reminderView } from '../reminder-view.ts';

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
        notice: takeNotice(request),
      },
      { title: 'Reminders', at: 'reminders' },
    );
  };
}

/** `POST /reminders/feed`: a new address for the calendar feed, shown this once; the one before it ends. */
export function newFeed({ vault, render }: WebContext): RequestHandler {
  return async (request, response) => {
    const secret = await newCalendarFeed(vault, actorOf(request));
    const url = `${appOrigin(vault.settings)}/calendar/${secret}.ics`;
    render(
      request,
      response,
      'calendar-feed',
      { url },
      { title: 'The calendar feed', at: 'reminders', script: 'secret' },
    );
  };
}

/** `POST /reminders/feed/remove` */
export function removeFeed({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    await endCalendarFeed(vault, actorOf(request));
    leaveNotice(request, 'The feed’s address leads nowhere any more.');
    response.redirect(303, '/reminders');
  };
}

/** `GET /calendar/:secret.ics`: the feed, for calendars on this machine: whoever knows the address needs no session. */
export function feed({ vault }: Pick<WebContext, 'vault'>): RequestHandler<{ secret: string }> {
  return async (request, response) => {
    const text = await calendarFeed(vault, request.params.secret);
    if (text === null) throw new BrokerError('E_NOT_FOUND', 'This feed does not exist, or does no longer.');
    sendCalendar(response, text);
  };
}

/** `GET /calendar.ics` and `/profiles/:name/calendar.ics`, to be downloaded. */
export function calendarFile({ vault }: WebContext): RequestHandler<{ name?: string }> {
  return async (request, response) => {
    const { name } = request.params;
    const entries = await calendarEntries(vault, name === undefined ? [] : [name]);
    response.attachment(`webex-token${name === undefined ? 's' : `-${name}`}.ics`);
    sendCalendar(response, calendarText(entries, vault.settings.reminders.days));
  };
}

function sendCalendar(response: Response, text: string): void {
  response.set('Content-Type', 'text/calendar; charset=utf-8').send(text);
}
