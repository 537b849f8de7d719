import { createHmac } from 'node:crypto';
import type { ReminderSettings } from '../../config/reminder-settings.ts';
import { explainNetworkError } from '../../http/explain-network-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Channel } from './channel.ts';
import { chatBody, type WebhookKind, webhookBody, webhookKind } from './webhook-body.ts';

/** Timeout for one request and its response. Milliseconds. */
const timeoutMs = 15_000;

/** Reminders to a webhook. Null if none is set up. The URL is a secret: error messages contain only its host. */
export function webhookChannel(settings: ReminderSettings, fetch: typeof globalThis.fetch): Channel | null {
  const { webhookUrl, webhookSecret } = settings;
  if (webhookUrl === null) return null;
  const kind = webhookKind(webhookUrl);
  const address = webhookUrl;
  const { host } = new URL(address);
  return {
    name: 'webhook',
    target: `${titles[kind]} at ${host}`,
    forPrograms: kind === 'plain',
    deliver: (message) => postBody(webhookBody(kind, message)),
    // A program gets each event separately; people in a chat get one message.
    ...(kind !== 'plain' && {
      digest: { deliver: (messages) => postBody(chatBody(kind, messages)) },
    }),
    close: () => {},
  };

  async function postBody(content: object): Promise<void> {
    const body = JSON.stringify(content);
    const signed = kind === 'plain' && webhookSecret !== null;
    const response = await post(address, body, fetch, {
      ...(signed && { 'x-webex-token-signature': `sha256=${hmac(webhookSecret, body)}` }),
    }).catch((error: unknown) => {
      const { reason, message, help } = explainNetworkError(error, host);
      // Other failures are temporary and need no help text.
      const isSetting = reason === 'proxy' || reason === 'tls';
      throw new Error(isSetting ? `${message} ${help}` : message, { cause: error });
    });
    const problem = problemOf(kind, response);
    if (problem !== null) throw new Error(`${host} ${problem}`);
  }
}

const titles: Record<WebhookKind, string> = {
  slack: 'Slack',
  teams: 'Teams',
  webex: 'Webex',
  plain: 'a webhook',
};

function hmac(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

interface WebhookResponse {
  status: number;
  /** The beginning of the body. */
  text: string;
}

async function post(
  url: string,
  body: string,
  fetch: typeof globalThis.fetch,
  headers: Record<string, string>,
): Promise<WebhookResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'webex-token', ...headers },
    body,
    // A redirect would send the message, and the secret in the URL, to another host.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { status: response.status, text: await readBeginning(response) };
}

async function readBeginning(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > 2000) break;
  }
  return text;
}

function problemOf(kind: WebhookKind, { status, text }: WebhookResponse): string | null {
  if (status === 0 || (status >= 300 && status < 400)) {
    return 'responded with a redirect, which was not followed';
  }
  if (status < 200 || status > 299) {
    const reason = sanitizeForDisplay(text, 120);
    return `responded with ${status}${reason === '' || reason.startsWith('<') ? '' : `: ${reason}`}`;
  }
  // Older connectors of Teams report a failure in the body of a 200.
  if (kind === 'teams' && /^Webhook message delivery failed/i.test(text))
    return sanitizeForDisplay(text, 120);
  return null;
}
