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

/** Organizations whose tokens were fetched at other times, so that the first page shows how each state looks. */
const past: PastToken[] = [
  { profile: 'samples-gov', deployment: 'government', account: 'other-organization', daysAgo: 380 },
  { profile: 'examples-gov', deployment: 'government', account: 'full-admin', daysAgo: 353 },
  { profile: 'globex', deployment: 'commercial', account: 'other-organization', daysAgo: 340 },
];

const actor = { user: 'demonstration' };

/** The clock of the simulator. It is set back while past events are created. */
export interface DemoClock {
  behindMs: number;
}

/** The simulator and its clock, with which past events are created. */
interface Stage {
  simulator: Simulator;
  clock: DemoClock;
}

export async function seedDemonstration(
  settings: Settings,
  stage: Stage,
  mail: ChannelSettings<'mail'>,
): Promise<void> {
  const at = (daysAgo: number, work: (vault: Vault) => Promise<unknown>, changed = settings) =>
    daysBefore(daysAgo, changed, stage.clock, work);
  const capture = (token: PastToken) => at(token.daysAgo, (vault) => captureToken(vault, stage, token));
  // In chronological order, as in the audit log.
  for (const token of past) await capture(token);
  const entra = signedInEntra(settings, stage);
  await at(339, (vault) => connectEntra(vault, stage), { ...settings, entra });
  await at(30, (vault) =>
    addClient(vault, { name: 'ci-deploy', profiles: ['globex', 'examples-gov'] }, actor),
  );
  for (const daysAgo of [23, 11]) await at(daysAgo, (vault) => remind(vault, mail));
  // Renewed since then, but Entra ID still has the earlier token.
  await capture({
    profile: 'globex',
    deployment: 'commercial',
    account: 'other-organization',
    daysAgo: 2,
  });
  await at(1, (vault) => {
    const expiresAt = vault.now() + 90 * dayMs;
    const addresses = ['10.20.0.0/16'];
    return addClient(vault, { name: 'reporting', profiles: ['globex'], addresses, expiresAt }, actor);
  });
}

async function captureToken(
  vault: Vault,
  { simulator }: Stage,
  { profile, deployment, account }: PastToken,
): Promise<void> {
  const { accessToken } = simulator.issueToken(account, { deployment });
  const tokenId = await importToken(vault, { profile, deployment }, accessToken, actor);
  await verifyToken(vault, tokenId, actor);
}

/** Entra ID's settings with the application that signs in by itself. */
function signedInEntra(settings: Settings, { simulator }: Stage): Settings['entra'] {
  const { client, directory } = simulator.entra;
  const { tenantId } = directory;
  return { ...settings.entra, tenantId, clientId: client.clientId, clientSecret: client.secret };
}

/** The simulated Entra ID gets the token of "globex", and provisions its users once. */
async function connectEntra(vault: Vault, { simulator }: Stage): Promise<void> {
  const { app, directory } = simulator.entra;
  directory.addUser('grace.mbeki@globex.example', {
    displayName: 'Grace Mbeki',
    assignments: [{ resourceId: app.id, principalType: 'User' }],
  });
  const context = { fetch: outboundFetch, sleep: () => Promise.resolve(), onEvent: () => {} };
  await pushProfile('entra', vault, 'globex', actor, { start: true }, context);
  await simulator.entra.runCycle();
}

/** The reminders that were due on that day, by mail. */
async function remind(vault: Vault, mail: ChannelSettings<'mail'>): Promise<void> {
  const { smtpUrl, from: mailFrom, to: mailTo } = mail;
  const channel = mailChannel({ ...vault.settings.reminders, smtpUrl, mailFrom, mailTo });
  const channels = channel === null ? [] : [channel];
  await sendReminders(vault, { channels, leaseOwner: currentProcess() });
  channel?.close();
}

/** Runs an action with the clocks of the vault and the simulator set back by this many days. */
async function daysBefore(
  daysAgo: number,
  settings: Settings,
  clock: DemoClock,
  work: (vault: Vault) => Promise<unknown>,
): Promise<void> {
  clock.behindMs = daysAgo * dayMs;
  const vault = await openVault(settings, { now: () => Date.now() - clock.behindMs });
  try {
    await work(vault);
  } finally {
    await closeVault(vault);
    clock.behindMs = 0;
  }
}
