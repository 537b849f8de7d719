import type { Request, RequestHandler, Response } from 'express';
import { openChannels } from '../../reminders/channels/open-channels.ts';
import { sendTest, type TestResult } from '../../reminders/send-test.ts';
import {
  readSavedChannels,
  recordReminderTest,
  removeChannelSettings,
  type SavedChannelName,
  saveChannelSettings,
} from '../../vault/reminders/channel-settings.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import { actorOf, type WebContext } from '../context.ts';
import { type MailFormValues, readMailForm, readWebhookForm } from '../forms/reminder-forms.ts';
import { field } from '../middleware/body.ts';
import { setFlash } from '../session/flash.ts';
import type { FieldError } from '../view-models/pages.ts';
import { channelTitles } from '../view-models/reminder-view.ts';

/** The outcome of a form on the page: errors with the entered values, or the result of a test. */
export interface ReminderFormResult {
  errors?: FieldError[];
  mail?: MailFormValues;
  test?: TestResult & { channel: SavedChannelName };
}

export type RenderReminders = (
  request: Request,
  response: Response,
  result?: ReminderFormResult,
) => Promise<void>;

/** `POST /reminders/mail` */
export function saveMail({ vault }: WebContext, render: RenderReminders): RequestHandler {
  return async (request, response) => {
    const { saved } = await readSavedChannels(vault);
    const { values, settings, errors } = readMailForm(request.body, saved.mail);
    if (settings === null) return await render(request, response, { errors, mail: values });
    await saveChannelSettings(vault, 'mail', settings, actorOf(request));
    setFlash(request, 'Mail settings saved. Send a test to check them.');
    response.redirect(303, '/reminders#mail');
  };
}

/** `POST /reminders/webhook` */
export function saveWebhook({ vault }: WebContext, render: RenderReminders): RequestHandler {
  return async (request, response) => {
    const { saved } = await readSavedChannels(vault);
    const { settings, errors } = readWebhookForm(request.body, saved.webhook);
    if (settings === null) return await render(request, response, { errors });
    await saveChannelSettings(vault, 'webhook', settings, actorOf(request));
    setFlash(request, 'Webhook settings saved. Send a test to check them.');
    response.redirect(303, '/reminders#webhook');
  };
}

/** `POST /reminders/desktop`: turns notifications on this desktop on or off. */
export function saveDesktop({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    const enabled = field(request.body, 'enabled') === 'yes';
    await saveChannelSettings(vault, 'desktop', { enabled }, actorOf(request));
    setFlash(request, `Notifications on this desktop are ${enabled ? 'on' : 'off'}.`);
    response.redirect(303, '/reminders#desktop');
  };
}

/** `POST /reminders/:channel/remove`: removes the settings saved here. An environment variable stays in effect. */
export function removeSaved({ vault }: WebContext, channel: SavedChannelName): RequestHandler {
  return async (request, response) => {
    await removeChannelSettings(vault, channel, actorOf(request));
    setFlash(
      request,
      `The saved settings for ${channelTitles[channel].toLowerCase()} reminders were removed.`,
    );
    response.redirect(303, `/reminders#${channel}`);
  };
}

/** `POST /reminders/:channel/test`: sends a test with the settings in effect, and shows the result. */
export function testChannel(
  { vault }: WebContext,
  channel: SavedChannelName,
  render: RenderReminders,
): RequestHandler {
  return async (request, response) => {
    const open = await openChannels(await effectiveReminders(vault));
    const found = open.find(({ name }) => name === channel);
    try {
      const result =
        found === undefined
          ? { ok: false, message: `${channelTitles[channel]} reminders are not set up.` }
          : await sendTest(found);
      const outcome = result.ok ? 'ok' : 'failed';
      if (found !== undefined) await recordReminderTest(vault, channel, outcome, actorOf(request));
      await render(request, response, { test: { ...result, channel } });
    } finally {
      for (const each of open) each.close();
    }
  };
}
