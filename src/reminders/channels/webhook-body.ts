import type { ReminderMessage } from '../message.ts';

/** The product that an incoming webhook belongs to. */
export type WebhookKind = 'slack' | 'teams' | 'webex' | 'plain';

/** Recognized by the host, otherwise by the path, which a relay in between keeps. */
export function webhookKind(address: string): WebhookKind {
  const { hostname, pathname } = new URL(address);
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname) || /^\/services\/T\w+\/B\w+\/\w+$/.test(pathname))
    return 'slack';
  if (
    /(^|\.)(webhook\.office\.com|logic\.azure\.(com|us)|powerautomate\.com|powerplatform\.(com|us))$/.test(
      hostname,
    ) ||
    /\/IncomingWebhook\/|\/triggers\/manual\/paths\/invoke$/.test(pathname)
  ) {
    return 'teams';
  }
  return /\/v1\/webhooks\/incoming\/[\w-]+$/.test(pathname) ? 'webex' : 'plain';
}

/** The JSON body for each product. */
export function webhookBody(kind: WebhookKind, message: ReminderMessage): object {
  switch (kind) {
    case 'slack':
      return { text: slackText(message) };
    case 'teams':
      return teamsMessage(message);
    case 'webex':
      return { markdown: markdown(message) };
    case 'plain': {
      const { id, trigger, subject, summary, action, data } = message;
      const event = eventOf(trigger);
      return { type: 'webex-token.reminder', event, id, trigger, subject, summary, action, ...data };
    }
  }
}

/** The event of a trigger: the number of days left is `expiring`, every other trigger is an event itself. */
function eventOf(trigger: string): string {
  return /^\d+$/.test(trigger) ? 'expiring' : trigger;
}

/** Slack's mrkdwn: three characters are escaped, and an asterisk, which cannot be, is replaced. */
function slackText({ subject, summary, action, facts }: ReminderMessage): string {
  const plain = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('*', '∗');
  return [
    `*${plain(subject)}*`,
    plain(summary),
    plain(action),
    ...facts.map(({ title, value }) => `• *${plain(title)}:* ${plain(value)}`),
  ].join('\n');
}

function markdown({ subject, summary, action, facts }: ReminderMessage): string {
  const plain = (text: string) => text.replace(/[\\`*_[\]<>#|~]/g, '\\$&');
  return [
    `**${plain(subject)}**`,
    plain(summary),
    plain(action),
    facts.map(({ title, value }) => `- **${plain(title)}:** ${plain(value)}`).join('\n'),
  ].join('\n\n');
}

/** An Adaptive Card in the envelope that both workflows and older connectors accept. */
function teamsMessage({ subject, summary, action, facts }: ReminderMessage): object {
  const plain = (text: string) => text.replace(/[\\*_[\]]/g, '\\$&');
  const block = (text: string, more: object = {}) => ({
    type: 'TextBlock',
    text: plain(text),
    wrap: true,
    ...more,
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            block(subject, { size: 'medium', weight: 'bolder' }),
            block(summary),
            block(action),
            { type: 'FactSet', facts: facts.map(({ title, value }) => ({ title, value: plain(value) })) },
          ],
        },
      },
    ],
  };
}
