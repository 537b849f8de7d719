import { anyProvider } from '../../domain/providers.ts';
import { newestAuditRows } from '../../store/audit/read.ts';
import { deliveredDestinations } from '../../store/destinations.ts';
import type { Vault } from '../../vault/context.ts';

/** A step from the first token to one that is looked after. */
export interface ChecklistStep {
  title: string;
  done: boolean;
  /** Why it matters, in a sentence. */
  hint: string;
  link: { path: string; label: string };
}

/** Tests are looked up for so many organizations: one of them is enough. */
const maxLookedUp = 3;

/** The steps after which nothing is left to set up; null once all are done. `profiles` are some of the organizations. */
export async function checklistOf(
  vault: Pick<Vault, 'db'>,
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
      link: { path: '/sign-in', label: 'Sign in' },
    },
    {
      title: `Connect ${anyProvider('or')}`,
      done: delivered.length > 0,
      hint: 'Send the token there, or let it reach Webex through this server.',
      link: { path: `${page}/entra`, label: 'Connect' },
    },
    {
      title: 'Test it',
      // A push tests what it saves.
      done: delivered.some(({ method }) => method === 'push') || (await wasTested(vault, profiles)),
      hint: `Runs the connection tests of ${anyProvider('and')}. Nothing is changed.`,
      link: { path: `${page}#token`, label: 'Test' },
    },
    {
      title: 'Set up reminders',
      done: remindersSetUp,
      hint: 'By mail or in a chat, before the token expires.',
      link: { path: '/reminders', label: 'Set up' },
    },
  ];
  return steps.every(({ done }) => done) ? null : steps;
}

async function wasTested({ db }: Pick<Vault, 'db'>, profiles: readonly string[]): Promise<boolean> {
  for (const profile of profiles.slice(0, maxLookedUp)) {
    const [row] = await newestAuditRows(db, { profile, action: 'test', outcome: 'ok' }, 1);
    if (row !== undefined) return true;
  }
  return false;
}
