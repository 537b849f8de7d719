import { commandLine } from '../../errors/remedy.ts';
import { failingHooks } from '../../store/profiles/activations.ts';
import type { StoreContext } from '../../vault/context.ts';
import type { Finding } from './finding.ts';

/** Reports failing hooks. Reading the settings has already checked that the program can be run. */
export async function diagnoseRenewalHook({ db, settings }: StoreContext): Promise<Finding[]> {
  const program = settings.renewalHook;
  if (program === null) return [];
  const title = 'Renewal hook';
  const failing = await failingHooks(db);
  const [first] = failing;
  if (first === undefined) return [{ title, ok: true, message: program }];
  const others = failing.length === 1 ? '' : ` and ${failing.length - 1} more`;
  return [
    {
      title,
      ok: false,
      message: `${program} fails for "${first.profile}"${others}: ${first.status.error ?? 'unknown reason'}`,
      help: `Fix the program. It is tried again at increasing intervals; to see when, run: ${commandLine(['show', first.profile])}`,
    },
  ];
}
