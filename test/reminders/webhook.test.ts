import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel } from '../../src/reminders/channels/channel.ts';
import { webhookChannel } from '../../src/reminders/channels/webhook.ts';
import { webhookBody, webhookKind } from '../../src/reminders/channels/webhook-body.ts';
import { thrownBy } from '../support/catch-error.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';

interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

async function receiver(answer: RequestListener = (_, response) => response.end('ok')) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      received.push({ method, path, headers, body });
      answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function channel(webhookUrl: string, webhookSecret: string | null = null): Channel {
  const settings = { smtpUrl: null, mailFrom: null, mailTo: [], webhookUrl, webhookSecret, days: [] };
  const webhook = webhookChannel(settings, globalThis.fetch);
  if (webhook === null) throw new Error('no channel');
  return webhook;
}

const secret = 'a secret for tests';

describe('the webhook channel', () => {
  it('sends a JSON object to a plain webhook, with an HMAC of the exact body', async () => {
    const { origin, received } = await receiver();
    await channel(`${origin}/hook?key=1`, secret).deliver(sampleMessage());
    const [request] = received;
    expect(request).toMatchObject({ method: 'POST', path: '/hook?key=1' });
    expect(request?.headers['content-type']).toBe('application/json');
    const hmac = createHmac('sha256', secret)
      .update(request?.body ?? '')
      .digest('hex');
    expect(request?.headers['x-webex-token-signature']).toBe(`sha256=${hmac}`);
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'webex-token.reminder',
      event: 'expiring',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      trigger: '14',
      subject: 'Renew the Webex token for acme by 15 March (14 days left)',
      summary:
        'After that, Entra ID or Okta can’t create or update Webex users. Entra ID disables provisioning after 28 days of failures, about 12 April.',
      action: expect.stringContaining('webex-token login acme'),
      profile: 'acme',
      deployment: 'commercial',
      orgId: '00000000-1111-4222-8333-444444444444',
      account: 'Ada Nakamura, ada@acme.example',
      expiresAt: '2027-03-15T00:00:00.000Z',
      effectiveExpiresAt: '2027-03-15T00:00:00.000Z',
      daysLeft: 14,
      expirySource: 'confirmed',
    });
  });

  it('sends no signature without a secret', async () => {
    const { origin, received } = await receiver();
    await channel(`${origin}/hook`).deliver(sampleMessage());
    expect(received[0]?.headers).not.toHaveProperty('x-webex-token-signature');
  });
});

describe('webhookBody', () => {
  it.each([
    ['https://hooks.slack.com/services/T0/B0/x', 'slack'],
    ['https://hooks.slack-gov.com/services/T0/B0/x', 'slack'],
    ['https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d', 'teams'],
    ['https://prod-1.westeurope.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke?sig=b', 'teams'],
    ['https://x.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/a', 'teams'],
    ['https://webexapis.com/v1/webhooks/incoming/Y2lz-_0', 'webex'],
    ['https://hooks.slack.com.evil.example/x', 'plain'],
    ['https://example.com/hook', 'plain'],
    ['http://127.0.0.1:1/services/T0/B0/x', 'slack'],
    ['http://127.0.0.1:1/v1/webhooks/incoming/abc', 'webex'],
  ])('recognizes %s as %s', (url, kind) => expect(webhookKind(url)).toBe(kind));

  it('sends escaped, unsigned text to Slack', async () => {
    const { origin, received } = await receiver();
    const account = {
      id: 'p',
      displayName: '<!channel> & co',
      email: null,
      orgId: 'o',
      admin: 'full' as const,
    };
    await channel(`${origin}/services/T0/B0/x`, secret).deliver(sampleMessage({}, { account }));
    const body = JSON.parse(received[0]?.body ?? '') as { text: string };
    expect(Object.keys(body)).toEqual(['text']);
    expect(body.text).toContain('*Renew the Webex token for acme by 15 March (14 days left)*');
    expect(body.text).toContain('&lt;!channel&gt; &amp; co');
    expect(received[0]?.headers).not.toHaveProperty('x-webex-token-signature');
  });

  it('sends an Adaptive Card to Teams', () => {
    expect(webhookBody('teams', sampleMessage())).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock' }, {}, {}, { type: 'FactSet' }] },
        },
      ],
    });
  });

  it('sends escaped Markdown to Webex', () => {
    const account = {
      id: 'p',
      displayName: '[x](http://evil)',
      email: null,
      orgId: 'o',
      admin: 'full' as const,
    };
    const { markdown } = webhookBody('webex', sampleMessage({}, { account })) as { markdown: string };
    expect(markdown).toContain('**Renew the Webex token for acme by 15 March (14 days left)**');
    expect(markdown).toContain('\\[x\\](http://evil)');
  });
});

describe('a failed delivery, reported without the URL, which is a secret', () => {
  const path = '/hidden-in-the-path';
  const failing: [string, RequestListener, RegExp][] = [
    [
      'a rejection',
      (_, response) => response.writeHead(403).end('invalid_token'),
      /responded with 403: invalid_token/,
    ],
    ['an HTML page', (_, response) => response.writeHead(502).end('<html>…'), /responded with 502$/],
    [
      'a redirect, without following it',
      (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      /not followed/,
    ],
    ['a cut connection', (request) => request.socket.destroy(), /connection to .* was interrupted/],
  ];
  it.each(failing)('reports %s', async (_, answer, expected) => {
    const { origin, received } = await receiver(answer);
    const error = String(await thrownBy(() => channel(origin + path).deliver(sampleMessage())));
    expect(error).toMatch(expected);
    expect(error).not.toContain(path);
    expect(received).toHaveLength(1);
  });

  it('reports that nothing listens there', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}${path}`;
    const error = String(await thrownBy(() => channel(url).deliver(sampleMessage())));
    expect(error).toContain(`127.0.0.1:${port} refused the connection`);
  });

  it('reports a failure for which Teams returns 200', async () => {
    const { origin } = await receiver((_, response) =>
      response.end('Webhook message delivery failed with error: 413'),
    );
    const url = `${origin}/webhookb2/a/IncomingWebhook/b/c`;
    await expect(channel(url).deliver(sampleMessage())).rejects.toThrow(/delivery failed/);
  });
});
