import type { ReminderMessage } from '../message.ts';

/** Whose incoming webhook an address is. */
export type WebhookKind = 'slack' | 'teams' | 'webex' | 'plain';

/** By its host, else by the shape of its path: a relay in between keeps that. */
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

/** The JSON that each of them takes. */
export function webhookBody(kind: WebhookKind, message: ReminderMessage): object {
  switch (kind) {
    case 'slack':
      return { text: slackText(message) };
    case 'teams':
      return teamsMessage(message);
    case 'webex':
      return { markdown: markdown(message) };
    case 'plain': {
      const { id, trigger: occasion, subject, summary, action, data } = message;
      return { type: 'webex-token.reminder', id, occasion, subject, summary, action, ...data };
    }
  }
}

/** Slack's mrkdwn, in which only these three characters have to be written otherwise. */
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

/** An Adaptive Card in the envelope that both a Workflow and an older connector take. */
function teamsMessage({ subject, summary, action, facts }: ReminderMessage): object {
  const plain = (text: string) => text.replace(/[\\*_[\]]/g, '\\$&');
  const text = (words: string, more: object = {}) => ({
    type: 'TextBlock',
    text: plain(words),
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
            text(subject, { size: 'medium', weight: 'bolder' }),
            text(summary),
            text(action),
            { type: 'FactSet', facts: facts.map(({ title, value }) => ({ title, value: plain(value) })) },
          ],
        },
      },
    ],
  };
}
