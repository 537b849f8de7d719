import { digestOf } from '../digest.ts';
import { startStep } from '../instructions.ts';
import type { ReminderMessage } from '../message.ts';

/** The product that an incoming webhook belongs to. */
export type WebhookKind = 'slack' | 'teams' | 'webex' | 'plain';

/** Recognized by the host, or else by the path, which a relay in between does not change. */
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

/** How many events are listed. More are only counted, because Webex limits a message to 7,439 bytes [developer.webex.com]. */
const maxListed = 20;

/** One chat message about several events, most urgent first. */
export function chatBody(kind: Exclude<WebhookKind, 'plain'>, messages: readonly ReminderMessage[]): object {
  const [first] = messages;
  if (first !== undefined && messages.length === 1) return webhookBody(kind, first);
  const { subject, summary } = digestOf(messages);
  const more = messages.length - maxListed;
  const lines = messages.slice(0, maxListed).map((message) => message.subject);
  if (more > 0) lines.push(`And ${more} more.`);
  const how = startStep();
  switch (kind) {
    case 'slack':
      return {
        text: [
          `*${slackPlain(subject)}*`,
          slackPlain(summary),
          ...lines.map((line) => `• ${slackPlain(line)}`),
          slackPlain(how),
        ].join('\n'),
      };
    case 'teams':
      return teamsCard([
        teamsBlock(subject, { size: 'medium', weight: 'bolder' }),
        teamsBlock(summary),
        ...lines.map((line) => teamsBlock(`• ${line}`, { spacing: 'small' })),
        teamsBlock(how),
      ]);
    case 'webex':
      return {
        markdown: [
          `**${markdownPlain(subject)}**`,
          markdownPlain(summary),
          lines.map((line) => `- ${markdownPlain(line)}`).join('\n'),
          markdownPlain(how),
        ].join('\n\n'),
      };
  }
}

/** The event of a trigger: the number of days left is `expiring`, every other trigger is an event itself. */
function eventOf(trigger: string): string {
  return /^\d+$/.test(trigger) ? 'expiring' : trigger;
}

/** Slack's mrkdwn: three characters are escaped, and an asterisk, which cannot be, is replaced. */
function slackPlain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('*', '∗');
}

function slackText({ subject, summary, action, facts }: ReminderMessage): string {
  const plain = slackPlain;
  return [
    `*${plain(subject)}*`,
    plain(summary),
    plain(action),
    ...facts.map(({ title, value }) => `• *${plain(title)}:* ${plain(value)}`),
  ].join('\n');
}

function markdownPlain(text: string): string {
  return text.replace(/[\\`*_[\]<>#|~]/g, '\\$&');
}

function markdown({ subject, summary, action, facts }: ReminderMessage): string {
  const plain = markdownPlain;
  return [
    `**${plain(subject)}**`,
    plain(summary),
    plain(action),
    facts.map(({ title, value }) => `- **${plain(title)}:** ${plain(value)}`).join('\n'),
  ].join('\n\n');
}

function teamsPlain(text: string): string {
  return text.replace(/[\\*_[\]]/g, '\\$&');
}

function teamsBlock(text: string, more: object = {}): object {
  return { type: 'TextBlock', text: teamsPlain(text), wrap: true, ...more };
}

function teamsMessage({ subject, summary, action, facts }: ReminderMessage): object {
  return teamsCard([
    teamsBlock(subject, { size: 'medium', weight: 'bolder' }),
    teamsBlock(summary),
    teamsBlock(action),
    { type: 'FactSet', facts: facts.map(({ title, value }) => ({ title, value: teamsPlain(value) })) },
  ]);
}

/** An Adaptive Card in the envelope that both workflows and older connectors accept. */
function teamsCard(body: object[]): object {
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
          body,
        },
      },
    ],
  };
}
