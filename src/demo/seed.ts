import type { Settings } from '../config/settings.ts';
import { dayMs } from '../domain/lifetimes.ts';
import { outboundFetch } from '../http/fetch.ts';
import { currentProcess } from '../process/lease-owner.ts';
import { pushProfile } from '../provisioning/push/push-profile.ts';
import { mailChannel } from '../reminders/channels/mail.ts';
import { sendReminders } from '../reminders/send-reminders.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { addClient } from '../vault/clients/clients.ts';
import type { Vault } from '../vault/context.ts';
import type { ChannelSettings } from '../vault/reminders/channel-settings.ts';
import { importToken } from '../vault/sign-in/import-token.ts';
import { verifyToken } from '../vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../vault/vault.ts';
import type { Deployment } from '../webex/deployments.ts';

interface PastToken {
  profile: string;
  deployment: Deployment;
  account: string;
  daysAgo: number;
}

/** How long the tokens of the demonstration live. Days. */
const life = 365;

/** Organizations whose tokens were fetched at other times, so that the first page shows how each state looks. */
const past: PastToken[] = [
  { profile: 'samples-gov', deployment: 'government', account: 'other-organization', daysAgo: 380 },
  { profile: 'examples-gov', deployment: 'government', account: 'full-admin', daysAgo: 353 },
  { profile: 'globex', deployment: 'commercial', account: 'other-organization', daysAgo: 340 },
];

const actor = { user: 'demonstration' };

export async function seedDemonstration(
  settings: Settings,
  simulator: Simulator,
  mail: ChannelSettings<'mail'>,
): Promise<void> {
  // In the order of time, as the log has them.
  for (const token of past) await capture(settings, simulator, token);
  await pushJob(settings, simulator);
  await at(30, settings, {}, (vault) =>
    addClient(vault, { name: 'ci-deploy', profiles: ['globex', 'examples-gov'] }, actor),
  );
  for (const daysAgo of [23, 11]) await remind(settings, mail, daysAgo);
  // Renewed since, and not yet replaced in Entra ID.
  await capture(settings, simulator, {
    profile: 'globex',
    deployment: 'commercial',
    account: 'other-organization',
    daysAgo: 2,
  });
  await at(1, settings, {}, (vault) => {
    const expiresAt = vault.now() + 90 * dayMs;
    const addresses = ['10.20.0.0/16'];
    return addClient(vault, { name: 'reporting', profiles: ['globex'], addresses, expiresAt }, actor);
  });
}

async function capture(
  settings: Settings,
  simulator: Simulator,
  { profile, deployment, account, daysAgo }: PastToken,
): Promise<void> {
  const secondsLeft = ((life - daysAgo) * dayMs) / 1000;
  const lifetimeSeconds = Math.max(secondsLeft, 60);
  const { accessToken } = simulator.issueToken(account, { deployment, lifetimeSeconds });
  // One whose time is over is stored as it was then, without asking the Webex of today.
  const unasked = { fetch: () => Promise.reject(new Error('not asked')) };
  await at(daysAgo, settings, secondsLeft <= 0 ? unasked : {}, async (vault) => {
    const tokenId = await importToken(vault, { profile, deployment }, accessToken, actor);
    await verifyToken(vault, tokenId, actor);
  });
}

/** The simulated Entra ID gets the token of "globex", from the application that signs in by itself. */
async function pushJob(settings: Settings, simulator: Simulator): Promise<void> {
  const { app, client, directory } = simulator.entra;
  directory.addUser('grace.mbeki@globex.example', {
    displayName: 'Grace Mbeki',
    assignments: [{ resourceId: app.id, principalType: 'User' }],
  });
  const { tenantId } = directory;
  const entra = { ...settings.entra, tenantId, clientId: client.clientId, clientSecret: client.secret };
  await at(339, { ...settings, entra }, {}, async (vault) => {
    const context = { fetch: outboundFetch, sleep: () => Promise.resolve(), onEvent: () => {} };
    await pushProfile('entra', vault, 'globex', actor, { start: true }, context);
  });
  await simulator.entra.runCycle();
}

/** The reminders that were due on that day, by mail. */
async function remind(settings: Settings, mail: ChannelSettings<'mail'>, daysAgo: number): Promise<void> {
  const { smtpUrl, from: mailFrom, to: mailTo } = mail;
  const channel = mailChannel({ ...settings.reminders, smtpUrl, mailFrom, mailTo });
  const channels = channel === null ? [] : [channel];
  await at(daysAgo, settings, {}, (vault) =>
    sendReminders(vault, { channels, leaseOwner: currentProcess() }),
  );
  channel?.close();
}

/** Does something as if it were so many days ago. */
async function at(
  daysAgo: number,
  settings: Settings,
  options: { fetch?: typeof globalThis.fetch },
  work: (vault: Vault) => Promise<unknown>,
): Promise<void> {
  const now = Date.now() - daysAgo * dayMs;
  const vault = await openVault(settings, { now: () => now, ...options });
  try {
    await work(vault);
  } finally {
    await closeVault(vault);
  }
}
