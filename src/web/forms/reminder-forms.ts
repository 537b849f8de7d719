import { parseMailServer } from '../../config/mail-server.ts';
import { reminderVariables } from '../../config/reminder-settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ChannelSettings, SavedChannels } from '../../vault/reminders/channel-settings.ts';
import { field } from '../middleware/body.ts';
import type { FieldError } from '../view-models/pages.ts';
import { invalidField } from './form-errors.ts';

/** The mail form as entered. The password is not among its values: it is never shown again. */
export interface MailFormValues {
  host: string;
  port: string;
  security: 'tls' | 'starttls';
  user: string;
  from: string;
  to: string;
}

/** Settings are valid only if there are no errors. */
export interface ReminderForm<Settings> {
  settings: Settings | null;
  errors: FieldError[];
}

const defaultPorts = { tls: '465', starttls: '587' };

/** The form filled with the saved settings, to be edited. */
export function mailFormValues(saved: SavedChannels['mail']): MailFormValues {
  if (saved === undefined) {
    return { host: '', port: '', security: 'tls', user: '', from: '', to: '' };
  }
  const { host, port, implicitTls, auth } = parseMailServer(saved.smtpUrl);
  return {
    host,
    port: String(port),
    security: implicitTls ? 'tls' : 'starttls',
    user: auth?.user ?? '',
    from: saved.from ?? '',
    to: saved.to.join(', '),
  };
}

/** `saved`: the previous settings. Their password is kept if none is entered. */
export function readMailForm(
  body: unknown,
  saved: SavedChannels['mail'],
): ReminderForm<ChannelSettings<'mail'>> & { values: MailFormValues } {
  const entered = (name: string, length: number) => field(body, name).trim().slice(0, length);
  const values: MailFormValues = {
    host: entered('mailHost', 255),
    port: entered('mailPort', 10),
    security: field(body, 'mailSecurity') === 'starttls' ? 'starttls' : 'tls',
    user: entered('mailUser', 255),
    from: entered('mailFrom', 300),
    to: entered('mailTo', 2_000),
  };
  const password = field(body, 'mailPassword').slice(0, 1_000) || keptPassword(values, saved);
  const to = reminderVariables.WEBEX_TOKEN_MAIL_TO.parse(
    values.to.replace(/[\s,;]+/g, ',').replace(/^,|,$/g, ''),
  );
  const errors = [
    ...serverErrors(values),
    ...passwordErrors(values, password, saved),
    ...(values.from === '' || reminderVariables.WEBEX_TOKEN_MAIL_FROM.parse(values.from) !== undefined
      ? []
      : [
          invalidField(
            'mailFrom',
            'This is not an email address.',
            'For example: Webex token <it@example.com>',
          ),
        ]),
    ...(to !== undefined
      ? []
      : [invalidField('mailTo', 'Enter at least one email address.', 'Separate several with commas.')]),
  ];
  if (errors.length > 0 || to === undefined) return { values, settings: null, errors };
  const smtpUrl = smtpUrlOf(values, password);
  try {
    parseMailServer(smtpUrl);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { values, settings: null, errors: [invalidField('mailHost', error.message)] };
  }
  return { values, settings: { smtpUrl, from: values.from || null, to }, errors };
}

/** The saved password goes only to the server and user that it was saved for. */
function keptPassword(values: MailFormValues, saved: SavedChannels['mail']): string {
  if (saved === undefined) return '';
  const before = mailFormValues(saved);
  const isSame =
    before.host === values.host.toLowerCase() &&
    before.port === (values.port || defaultPorts[values.security]) &&
    before.security === values.security &&
    before.user === values.user;
  return isSame ? (parseMailServer(saved.smtpUrl).auth?.pass ?? '') : '';
}

function serverErrors({ host, port, security }: MailFormValues): FieldError[] {
  const errors: FieldError[] = [];
  if (host === '') {
    errors.push(invalidField('mailHost', 'Enter the mail server.', 'For example: smtp.example.com'));
  } else if (!/^(\[[0-9a-f:.]+\]|[^\s/@:?#\\[\]]+)$/i.test(host)) {
    errors.push(
      invalidField('mailHost', 'Enter the name of the server only.', 'For example: smtp.example.com'),
    );
  }
  if (port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    errors.push(invalidField('mailPort', 'This is not a port number.', 'Leave it empty for the usual port.'));
  } else if (security === 'tls' && ['25', '587'].includes(port)) {
    errors.push(
      invalidField('mailPort', `Port ${port} starts without TLS.`, 'Choose STARTTLS, or port 465.'),
    );
  } else if (security === 'starttls' && port === '465') {
    errors.push(invalidField('mailPort', 'Port 465 starts with TLS.', 'Choose TLS, or port 587.'));
  }
  return errors;
}

function passwordErrors(
  { user }: MailFormValues,
  password: string,
  saved: SavedChannels['mail'],
): FieldError[] {
  if (user !== '' && password === '') {
    const help =
      saved === undefined
        ? undefined
        : 'The saved password goes only to the server and user that it was saved for.';
    return [invalidField('mailPassword', 'Enter the password.', help)];
  }
  if (user === '' && password !== '') return [invalidField('mailUser', 'Enter the user name.')];
  return /\p{Cc}/u.test(user + password)
    ? [invalidField('mailPassword', 'User name and password cannot contain control characters.')]
    : [];
}

function smtpUrlOf({ host, port, security, user }: MailFormValues, password: string): string {
  const credentials = user === '' ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  const scheme = security === 'tls' ? 'smtps' : 'smtp';
  return `${scheme}://${credentials}${host}:${port || defaultPorts[security]}`;
}

/** An empty URL keeps the saved one, with its secret. The URL is a secret too, so that no value is shown again. */
export function readWebhookForm(
  body: unknown,
  saved: SavedChannels['webhook'],
): ReminderForm<ChannelSettings<'webhook'>> {
  const url = field(body, 'webhookUrl').trim();
  const secret = field(body, 'webhookSecret').trim();
  const errors: FieldError[] = [];
  if (url === '' && saved === undefined) {
    errors.push(invalidField('webhookUrl', 'Enter the URL of the webhook.'));
  }
  if (url !== '' && reminderVariables.WEBEX_TOKEN_WEBHOOK_URL.parse(url) === undefined) {
    const help =
      'It starts with https://, and contains no user name, password or #. Paste it again: it is not shown.';
    errors.push(invalidField('webhookUrl', 'This is not the URL of a webhook.', help));
  }
  if (secret !== '' && reminderVariables.WEBEX_TOKEN_WEBHOOK_SECRET.parse(secret) === undefined) {
    errors.push(invalidField('webhookSecret', 'The secret needs at least 16 characters.'));
  }
  if (errors.length > 0) return { settings: null, errors };
  return url === '' && saved !== undefined
    ? { settings: { url: saved.url, secret: secret || saved.secret }, errors }
    : { settings: { url, secret: secret || null }, errors };
}
