import { defaultReminderDays } from '../domain/reminder-triggers.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { isLoopback } from '../http/secure-url.ts';
import { accepting, anyText, matching } from './accepted-text.ts';
import { mailServerExample, parseMailServer } from './mail-server.ts';

/** The reminder settings. A channel whose address is null is not used. */
export interface ReminderSettings {
  /** `smtps://user:password@host`, or `smtp://` with STARTTLS. */
  smtpUrl: string | null;
  mailFrom: string | null;
  mailTo: string[];
  webhookUrl: string | null;
  /** Signs the requests to a generic webhook. */
  webhookSecret: string | null;
  /** Whether notifications on this desktop were turned off in the web app. */
  desktopOff?: boolean;
  /** How many days before a token expires to send a reminder; largest first, without duplicates. */
  days: number[];
}

const address = String.raw`[^\s<>@,;"]+@[^\s<>@,;"]+`;
const mailList = new RegExp(`^\\s*${address}\\s*(,\\s*${address}\\s*)*$`);
const numberList = /^\s*\d{1,4}\s*(,\s*\d{1,4}\s*)*$/;

/** The environment variables of reminders, in the form of `settings.ts`. */
export const reminderVariables = {
  WEBEX_TOKEN_SMTP_URL: {
    parse: anyText,
    check: parseMailServer,
    expected: 'the address of a mail server: smtps://, or smtp:// if it supports STARTTLS',
    example: mailServerExample,
  },
  WEBEX_TOKEN_MAIL_FROM: {
    parse: matching(new RegExp(`^(${address}|[^<>@\\p{Cc}]{1,100}<${address}>)$`, 'u')),
    expected: 'an email address',
    example: 'Webex token <webex-token@example.com>',
  },
  WEBEX_TOKEN_MAIL_TO: {
    parse: (text: string) => (mailList.test(text) ? text.split(',').map((one) => one.trim()) : undefined),
    expected: 'email addresses separated by commas',
    example: 'it@example.com,ada@example.com',
  },
  WEBEX_TOKEN_WEBHOOK_URL: {
    parse: accepting(isWebhook),
    expected: 'an https address (plain http only to this machine)',
    example: 'https://hooks.slack.com/services/…',
  },
  WEBEX_TOKEN_WEBHOOK_SECRET: {
    parse: accepting((text) => text.length >= 16),
    expected: 'a secret of at least 16 characters',
    example: '…',
  },
  WEBEX_TOKEN_REMINDER_DAYS: {
    parse: (text: string) =>
      numberList.test(text)
        ? [...new Set(text.split(',').map(Number))].sort((one, other) => other - one)
        : undefined,
    expected: 'whole numbers of days separated by commas',
    example: defaultReminderDays.join(','),
  },
} as const;

/** Rejects an incomplete mail configuration, because no one would notice it until it is too late. Throws `E_SETTING`. */
export function validateReminders(settings: ReminderSettings): ReminderSettings {
  const hasServer = settings.smtpUrl !== null;
  if (hasServer === settings.mailTo.length > 0) return settings;
  const [there, missing] = hasServer
    ? (['WEBEX_TOKEN_SMTP_URL', 'WEBEX_TOKEN_MAIL_TO'] as const)
    : (['WEBEX_TOKEN_MAIL_TO', 'WEBEX_TOKEN_SMTP_URL'] as const);
  const { expected, example } = reminderVariables[missing];
  throw new BrokerError(
    'E_SETTING',
    `${missing} is not set, but ${there} is. It must be ${expected}, for example ${missing}=${example}`,
  );
}

function isWebhook(value: string): boolean {
  const url = /[\s\p{Cc}]/u.test(value) ? null : URL.parse(value);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}
