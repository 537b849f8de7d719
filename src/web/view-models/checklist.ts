import { anyProvider, providerTitle } from '../../domain/providers.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import { newestAuditRows } from '../../store/audit/read.ts';
import { deliveredDestinations } from '../../store/destinations.ts';
import type { Vault } from '../../vault/context.ts';
import { offeredProviders } from './provider-choice.ts';

/** A step of the setup, from the first token to reminders. */
export interface ChecklistStep {
  title: string;
  done: boolean;
  /** Why it matters, in a sentence. */
  hint: string;
  /** The most likely one first. */
  links: { path: string; label: string }[];
}

/** How many organizations are searched for a successful test; one is enough. */
const maxLookedUp = 3;

/** The setup steps; null once all of them are done. `profiles` are some of the organizations. */
export async function checklistOf(
  vault: Vault,
  {
    profiles,
    hasToken,
    remindersSetUp,
  }: { profiles: readonly string[]; hasToken: boolean; remindersSetUp: boolean },
): Promise<ChecklistStep[] | null> {
  const delivered = await deliveredDestinations(vault.db);
  const page = `/profiles/${profiles[0] ?? ''}`;
  const steps: ChecklistStep[] = [
    {
      title: 'Get a token',
      done: hasToken,
      hint: 'Sign in to Webex as a full administrator.',
      links: [{ path: '/sign-in', label: 'Sign in' }],
    },
    {
      title: `Connect ${anyProvider('or')}`,
      done: delivered.length > 0,
      hint: 'Send the token there, or let it reach Webex through this server.',
      links: await connectLinks(vault, profiles[0]),
    },
    {
      title: 'Test it',
      // A push tests what it saves.
      done: delivered.some(({ method }) => method === 'push') || (await wasTested(vault, profiles)),
      hint: `Runs the connection tests of ${anyProvider('and')}. Nothing is changed.`,
      links: [{ path: `${page}#token`, label: 'Test' }],
    },
    {
      title: 'Set up reminders',
      done: remindersSetUp,
      hint: 'By mail or in a chat, before the token expires.',
      links: [{ path: '/reminders', label: 'Set up' }],
    },
  ];
  return steps.every(({ done }) => done) ? null : steps;
}

/** Links to the provider of the existing destination, or else to all providers. */
async function connectLinks(vault: Vault, profile: string | undefined): Promise<ChecklistStep['links']> {
  if (profile === undefined) return [];
  const known = new Set((await listDestinations(vault, profile)).map(({ provider }) => provider));
  return offeredProviders(vault.settings)
    .filter((provider) => known.size === 0 || known.has(provider))
    .map((provider) => ({
      path: `/profiles/${profile}/${provider}`,
      label: `Connect ${providerTitle(provider)}`,
    }));
}

async function wasTested({ db }: Pick<Vault, 'db'>, profiles: readonly string[]): Promise<boolean> {
  for (const profile of profiles.slice(0, maxLookedUp)) {
    const [row] = await newestAuditRows(db, { profile, action: 'test', outcome: 'ok' }, 1);
    if (row !== undefined) return true;
  }
  return false;
}
