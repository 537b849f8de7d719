import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from '../../../src/api/app.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { currentProcess } from '../../../src/process/lease-owner.ts';
import type { ReminderMessage } from '../../../src/reminders/message.ts';
import { sendReminders } from '../../../src/reminders/send-reminders.ts';
import { openVault } from '../../../src/vault/vault.ts';
import { ignoreBusy } from '../ignore-busy.ts';

/*
 * One of several processes on one store: the token API on a free port, and reminders sent as fast as they are due, each
 * as a request to the address given. The settings come from the environment. It lives until it is killed.
 */
const [receiver = '', nowText = ''] = process.argv.slice(2);
const now = () => Number(nowText);
const offline = () => Promise.reject(new Error('offline'));
const vault = await openVault(readSettings(), { fetch: offline, now });
const quiet = { error: () => {}, warn: () => {} };
const api = createApi({
  vault,
  log: quiet,
  issuer: 'http://localhost',
  probes: { ready: () => Promise.resolve() },
});
const server = createServer(api.listener).listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

const channel = {
  name: 'webhook' as const,
  target: receiver,
  deliver: async ({ data, trigger }: ReminderMessage) => {
    await fetch(receiver, { method: 'POST', body: `${data.profile} ${trigger}` });
  },
  close: () => {},
};
const options = { channels: [channel], leaseOwner: currentProcess(), retryNow: true };
for (;;) {
  // Like the server, which sends the rest in its next run.
  await sendReminders(vault, options).catch(ignoreBusy);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
