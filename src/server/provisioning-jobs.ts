import type { Logger } from 'pino';
import type { BackgroundJobOptions } from '../background/background-jobs.ts';
import { isUnattended } from '../provisioning/entra/auth/sign-in-method.ts';
import { unattendedContext } from '../provisioning/entra/auth/unattended-context.ts';
import { isQuarantined } from '../provisioning/entra/status/provisioning-status.ts';
import { quarantineAlertSource } from '../provisioning/entra/status/quarantine-alerts.ts';
import { dailyStatusCheck } from '../provisioning/entra/status/status-checks.ts';
import type { StoreContext } from '../vault/context.ts';

/**
 * Checks in a running server whether Entra ID has quarantined provisioning. These checks only run if no person has to sign in for
 * them. A quarantine found by a person's own check is always reported.
 */
export function startProvisioningJobs(
  records: StoreContext,
  log: Pick<Logger, 'warn'>,
  context = unattendedContext({ keepsAlive: false }),
): Pick<BackgroundJobOptions, 'checkProvisioning' | 'alertSources'> {
  const alertSources = [quarantineAlertSource(records)];
  if (!isUnattended(records.settings.entra)) return { alertSources };
  const next = dailyStatusCheck(records, context, Math.random);
  return {
    alertSources,
    checkProvisioning: async () => {
      const result = await next();
      if (result === null) return null;
      const { destination, status, failure } = result;
      if (failure !== null) {
        log.warn(
          { app: destination.appId, reason: failure.message },
          'the provisioning status could not be checked',
        );
      }
      return { alert: status !== null && isQuarantined(status) };
    },
  };
}
