import type { Settings } from '../config.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { dayMs } from '../tokens/lifetimes.ts';
import { importToken } from '../vault/import-token.ts';
import { settleToken } from '../vault/settle.ts';
import { closeVault, openVault } from '../vault/vault.ts';
import type { Deployment } from '../webex/deployments.ts';

/** Organizations whose tokens were fetched at other times, so that the first page shows how each state looks. */
const past: { profile: string; deployment: Deployment; account: string; daysAgo: number; days: number }[] = [
  { profile: 'globex', deployment: 'commercial', account: 'other-organization', daysAgo: 120, days: 365 },
  { profile: 'examples-gov', deployment: 'government', account: 'full-admin', daysAgo: 353, days: 365 },
  {
    profile: 'samples-gov',
    deployment: 'government',
    account: 'other-organization',
    daysAgo: 380,
    days: 365,
  },
];

export async function seedDemonstration(settings: Settings, simulator: Simulator): Promise<void> {
  const actor = { user: 'demonstration' };
  for (const { profile, deployment, account, daysAgo, days } of past) {
    const capturedAt = Date.now() - daysAgo * dayMs;
    const secondsLeft = ((days - daysAgo) * dayMs) / 1000;
    const { accessToken } = simulator.issueToken(account, {
      deployment,
      lifetimeSeconds: Math.max(secondsLeft, 60),
    });
    // One whose time is over is stored as it was then, without asking the Webex of today.
    const unasked = { fetch: () => Promise.reject(new Error('not asked')) };
    const vault = await openVault(settings, { now: () => capturedAt, ...(secondsLeft <= 0 && unasked) });
    try {
      const tokenId = await importToken(vault, { profile, deployment }, accessToken, actor);
      await settleToken(vault, tokenId, actor);
    } finally {
      await closeVault(vault);
    }
  }
}
