import type { Settings } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { checkJob } from '../../os-scheduler/check-job.ts';
import { findInstalled } from '../../os-scheduler/schedule.ts';
import { currentSystem } from '../../os-scheduler/system.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { storeLocation } from '../../vault/store-location.ts';
import type { Finding } from './finding.ts';

/** Checks whether the job that sends reminders is installed and would run. */
export async function diagnoseSchedule(settings: Settings): Promise<Finding[]> {
  const title = 'Scheduled reminders';
  const store = redactedLocation(storeLocation(settings));
  const findings: Finding[] = [];
  let installed: Awaited<ReturnType<typeof findInstalled>>;
  try {
    installed = await findInstalled(currentSystem);
  } catch (error) {
    // A user without a home folder cannot have a job.
    if (!(error instanceof BrokerError)) throw error;
    return [{ title, ok: null, message: error.message }];
  }
  for (const { scheduler, job } of installed) {
    const { ok, message } = await checkJob(job, store, currentSystem);
    findings.push({
      title,
      ok,
      message: `runs every hour by ${scheduler.title}. ${message}`,
      help:
        ok === false
          ? 'Until this is fixed, reminders are sent only while the web app is running.'
          : undefined,
    });
  }
  if (findings.length > 0) return findings;
  return [
    { title, ok: null, message: `not installed; to install it: ${commandLine(['schedule', 'install'])}` },
  ];
}
